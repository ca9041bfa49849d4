/*
 * lengths: bytes of text per document, in memory, for the rank function.
 *
 * bm25 needs each matching document's length; FTS5 keeps them in a b-tree whose
 * look-ups dominate a common word.  One process-wide array, filled when the
 * writer opens the store, kept by the writer, read by every reader.  Bytes stand
 * for tokens: only the ratio to the average counts.
 */
#ifndef STORE_LENGTHS_H
#define STORE_LENGTHS_H

#include "store/db.h"

MUST_USE enum status lengths_load(struct db *db);		 /* at open; replaces all */
MUST_USE enum status lengths_set(int64_t document, uint32_t bytes); /* writer; 0 when it leaves fts */
uint32_t lengths_get(int64_t document);				 /* any thread; 0 if unknown */
double lengths_average(void);					 /* of those that are searchable; at least 1 */
int64_t lengths_count(void);

#endif
