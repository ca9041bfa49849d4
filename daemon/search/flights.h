/*
 * flights: queries that are being answered right now, and who else waits for their answers.
 *
 * A flight is a key with one run or more: a caller whom the present run is too old
 * for starts another.  An answer serves every waiter that needs no newer clock.
 */
#ifndef SEARCH_FLIGHTS_H
#define SEARCH_FLIGHTS_H

#include "search/memo.h"

struct flights;

MUST_USE enum status flights_create(struct flights **out);
void flights_destroy(struct flights *f); /* waiters are called with ST_CLOSED; NULL is fine */

/* When the newest run of that key began; false if there is none. */
bool flights_find(struct flights *f, const struct buf *key, int64_t *clock, int64_t *began_ms);
/* One more run.  Without memory it is only not joined by others. */
void flights_begin(struct flights *f, const struct buf *key, int64_t clock, int64_t now_ms);
/* Waits for the newest run, which `need` would accept; false without memory. */
bool flights_join(struct flights *f, const struct buf *key, const struct memo_need *need,
	memo_waiter *waiter, void *arg);
void flights_leave(struct flights *f, const void *arg);
/*
 * What runs now began in another time: nobody joins it any more, and its answers are not to be
 * kept.
 */
void flights_taint(struct flights *f);
/*
 * One run ended: calls the waiters whom the answer serves, or, if it failed (answer NULL), all when
 * it was the last run.  Waiters may use the memo.  Returns when the oldest run of the key
 * began, `now_ms` if none was known, or -1 if the answer is not to be kept.
 */
int64_t flights_end(struct flights *f, const struct buf *key, enum status st,
	const struct memo_answer *answer, int64_t now_ms);

#endif
