/*
 * merge: segments of the full-text indexes are put together when the writer has nothing else to do.
 *
 * FTS5 writes what it gathered as a segment, and merges segments of one size as they become many, each time rewriting them.  While
 * documents pour in it does so from sixteen on (schema/003); what is left, four or more of one size, is merged here.
 */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/db.h"

/*
 * One step, in a transaction of its own: some ten milliseconds, but never less than one word, and of a very large index the
 * most frequent ones take longer.  `more`: there may be another.
 */
MUST_USE enum status merge_step(struct db *db, bool *more);

#endif
