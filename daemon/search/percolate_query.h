/*
 * percolate_query: a query that is kept, and run over what changes.
 */
#ifndef SEARCH_PERCOLATE_QUERY_H
#define SEARCH_PERCOLATE_QUERY_H

#include "search/percolate_key.h"
#include "search/search.h"

#include <cjson/cJSON.h>

enum {
	PERCOLATE_ROWS_MAX = 64,   /* looked at together: a bit each */
	PERCOLATE_HITS_MAX = 1000, /* of one file, with its parts */
};

/* A file or a directory that changed. */
struct percolate_row {
	int64_t id;
	bool is_dir;
};

struct percolate_query;

/* `snippet` as in a search, or NULL.  ST_INVALID with *error; ST_NOMEM.  Any thread. */
MUST_USE enum status percolate_query_create(const cJSON *query, const cJSON *snippet,
	struct percolate_query **out, struct search_error *error);
void percolate_query_destroy(struct percolate_query *q); /* NULL is fine */
/* Its keys as the languages are now; while it is in no set.  ST_NOMEM. */
MUST_USE enum status percolate_query_renew(struct percolate_query *q);
/* PERCOLATE_GROUPS of them; of one that is empty nothing is known, and then the others are too. */
const struct percolate_keys *percolate_query_keys(const struct percolate_query *q);

/* One hit of one of the rows: a JSON object as a search has it, its places those of this row alone. */
typedef void percolate_each(void *arg, size_t row, const char *json, size_t len);

/*
 * Runs the query over the rows whose bit is in `which`, and tells the hits that the caller may see in the order of the
 * rows; of one row PERCOLATE_HITS_MAX at most.  On a reader's connection, inside a transaction.  ST_TIMEOUT,
 * ST_CANCELED, ST_NOMEM, ST_IO, ST_CORRUPT: nothing was told, or not all.
 */
MUST_USE enum status percolate_query_run(const struct percolate_query *q, struct db *db,
	const struct caller *caller, const struct percolate_row *rows, size_t count, uint64_t which,
	const struct search_stop *stop, percolate_each *each, void *arg);

#endif
