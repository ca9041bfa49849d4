/*
 * percolate: many kept queries, and which of them a few changed rows are worth being held against.
 *
 * The words of what changed are read once and looked up among the keys of the queries (percolate_key.h); which of the
 * rows found this way a query truly matches is for percolate_query_run to say.  Not locked: one thread at a time.
 */
#ifndef SEARCH_PERCOLATE_H
#define SEARCH_PERCOLATE_H

#include "search/percolate_query.h"

struct percolate;

/* Embedded in its owner; must outlive its place in the set. */
struct percolate_member {
	const struct percolate_query *query; /* set by the owner */
	uint64_t rows[PERCOLATE_GROUPS];     /* private: see percolate_rows */
	struct percolate_member *marked;     /* private */
};

MUST_USE enum status percolate_create(struct percolate **out);
void percolate_destroy(struct percolate *p); /* empty by then; NULL is fine */
/* ST_NOMEM: it is not in the set. */
MUST_USE enum status percolate_add(struct percolate *p, struct percolate_member *m);
void percolate_remove(struct percolate *p, struct percolate_member *m);

/*
 * Reads what the first *count rows have, PERCOLATE_ROWS_MAX at most; lowers *count, to 1 at least, where that is much
 * text.  On a reader's connection, inside a transaction.  ST_TIMEOUT, ST_CANCELED, ST_NOMEM, ST_IO, ST_CORRUPT.
 */
MUST_USE enum status percolate_sift(struct percolate *p, struct db *db,
	const struct percolate_row *rows, size_t *count, const struct search_stop *stop);
/* A bit for each of those rows that the member may match; until the next sift, or a change of the set. */
uint64_t percolate_rows(const struct percolate *p, const struct percolate_member *m);

#endif
