/* register: the functions that searches need on every connection; see search.h. */
#include "search/dirs.h"
#include "search/rank.h"
#include "search/search.h"

int search_register(sqlite3 *raw)
{
	int rc = rank_register(raw);

	return rc == SQLITE_OK ? dirs_register(raw) : rc;
}
