/* attempts: a file's failures so far; see attempts.h. */
#include "store/attempts.h"

#include "store/documents.h"
#include "store/statements.h"

#include <string.h>

enum status attempts_find(struct db *db, int64_t dir, const char *name, const void *hash,
	const char *reason, int *attempts)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURE_ATTEMPTS);

	*attempts = 0;
	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	statement_blob_or_null(&s, hash, hash ? 32 : 0);
	statement_string(&s, reason);
	if (statement_row(&s)) {
		*attempts = (int)statement_get_int(&s, 0);
		return ST_OK;
	}
	enum status st = statement_status(&s);
	return st == ST_OK ? ST_NOT_FOUND : st;
}

bool attempts_are_over(struct db *db, int64_t dir, const char *name, const void *hash, int64_t rule)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURE_QUARANTINED);

	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	statement_int(&s, rule);
	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	bool over = statement_row(&s);
	enum status st = statement_status(&s);
	return over && st == ST_OK;
}
