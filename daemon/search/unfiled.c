/* unfiled: parts of what is being read; see unfiled.h. */
#include "search/unfiled.h"

#include "core/mem.h"
#include "store/kept.h"

#include <stdlib.h>

static bool add(struct unfiled *u, int64_t document)
{
	if (u->count == u->room) {
		size_t room = u->room ? 2 * u->room : 64;
		int64_t *grown = mem_resize(u->documents, room, sizeof *grown);

		if (!grown)
			return false;
		u->documents = grown;
		u->room = room;
	}
	u->documents[u->count++] = document;
	return true;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool unfiled_load(struct unfiled *u, sqlite3 *raw, struct stopper *s)
{
	static const char text[] =
		"SELECT p.document FROM document c"
		" CROSS JOIN part p ON p.container = c.id WHERE c.building = 1"
		" AND c.building <> 0 AND c.holds = 1 AND p.document IS NOT NULL";
	sqlite3_stmt *rows = NULL;
	bool good = stopper_ok(s, kept_take(raw, text, &rows));

	while (good && !u->many && stopper_row(s, rows)) {
		u->many = u->count == UNFILED_MAX;
		good = u->many || add(u, sqlite3_column_int64(rows, 0));
		if (!good)
			s->st = ST_NOMEM;
	}
	kept_give(rows);
	if (u->count)
		qsort(u->documents, u->count, sizeof *u->documents, compare);
	return s->st == ST_OK && !s->late;
}

void unfiled_finish(struct unfiled *u)
{
	mem_free(u->documents);
	*u = (struct unfiled){0};
}

bool unfiled_has(const struct unfiled *u, int64_t document)
{
	size_t low = 0, high = u->count;

	if (u->many)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->documents[middle] < document)
			low = middle + 1;
		else
			high = middle;
	}
	return low < u->count && u->documents[low] == document;
}
