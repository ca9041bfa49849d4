/*
 * vocabulary_round: counting all words anew, a slice at a time.  The writer, when it has nothing else to do.
 *
 * A round goes through the words in order.  Each step counts for a few
 * milliseconds, and puts full blocks in the place of those that cover the same
 * words, in a transaction of its own, so that the snapshot is whole at any time: in part of this round, in part of
 * the last one.  Rounds are so far apart that they take little of the time, and none comes where nothing changed.
 */
#ifndef STORE_VOCABULARY_ROUND_H
#define STORE_VOCABULARY_ROUND_H

#include "store/db.h"

/* When the next step is due, monotonic ms; INT64_MAX: nothing has changed. */
MUST_USE enum status vocabulary_due(struct db *db, int64_t *due_ms);
/* One step of so many microseconds, between transactions.  A failed round begins again. */
MUST_USE enum status vocabulary_step(struct db *db, int64_t us);

#endif
