/*
 * memo: answers kept for a time to live, in front of the readers.  Loop thread only.
 *
 * An entry answers while its clock equals the index's (exact), or while it is
 * younger than the time to live, and never when its clock is below the floor.
 * Identical queries in flight are joined: one runs, all are answered.
 * Bounded in entries and bytes, least recently used first out.
 */
#ifndef SEARCH_MEMO_H
#define SEARCH_MEMO_H

#include "core/buf.h"
#include "core/config.h"

#include <cjson/cJSON.h>

struct memo;

struct memo_answer {
	const char *json; /* valid until the next call on the memo */
	size_t len;
	int64_t clock, age_ms;
	bool exact;
};

enum memo_verdict { MEMO_HIT, MEMO_MISS, MEMO_JOINED };

/*
 * Called on the loop when the query that a caller joined ends; json NULL: it failed (status tells).
 */
typedef void memo_waiter(void *arg, enum status st, const char *json, size_t len, int64_t clock);

MUST_USE enum status memo_create(const struct config *config, struct memo **out);
void memo_destroy(struct memo *m); /* waiters are called with ST_CLOSED */
/* A reload or a new store: new bounds, no entries, no floor; what is in flight is not kept. */
void memo_configure(struct memo *m, const struct config *config);

/*
 * `index_clock` is the clock now, `max_age_ms` as asked (-1: the ttl; 0: exact only).  HIT fills
 * *answer.  MISS: the caller runs the query and ends with memo_store or memo_fail, for which `key`
 * is in flight from now on.  JOINED: `waiter` will be called; only a flight that began at or above
 * the caller's need is joined (max_age 0: at this clock).
 */
enum memo_verdict memo_lookup(struct memo *m, const struct buf *key, int64_t now_ms,
	int64_t index_clock, int64_t max_age_ms, memo_waiter *waiter, void *arg,
	struct memo_answer *answer);
/* Removes a waiter that lost interest (its client went away). */
void memo_leave(struct memo *m, const void *arg);
/*
 * The flight ended: takes *json (nulled); `keep` false (partial answers) answers the waiters only.
 */
void memo_store(struct memo *m, const struct buf *key, struct buf *json, int64_t now_ms,
	int64_t clock, bool keep);
void memo_fail(struct memo *m, const struct buf *key, enum status st);
/* Nothing older than `clock` is served from now on. */
void memo_raise_floor(struct memo *m, int64_t clock);
void memo_clear(struct memo *m);
/* Drops expired entries; returns when to call again (monotonic ms), 0: nothing left to expire. */
int64_t memo_sweep(struct memo *m, int64_t now_ms);
/* {"entries","bytes","hits_exact","hits_ttl","misses","joined","evictions","expired","ttl_ms"} */
cJSON *memo_json(const struct memo *m);

#endif
