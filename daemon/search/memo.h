/*
 * memo: answers kept for a time to live, in front of the readers.  Loop thread only, but for memo_far_get and _put.
 *
 * An entry answers while its clock equals the index's (exact), or while it is
 * younger than the time to live, and never when its clock is below the floor.
 * Identical queries in flight are joined: one runs, all are answered.
 * Where the answers lie is the storage's business (memo_storage.h).  In a near one the memo looks at once; at a far one
 * the reader that would run the query looks first.
 */
#ifndef SEARCH_MEMO_H
#define SEARCH_MEMO_H

#include "core/buf.h"
#include "core/config.h"
#include "search/memo_storage.h"

#include <cjson/cJSON.h>

struct memo;

struct memo_answer {
	const char *json; /* valid until the next call on the memo */
	size_t len;
	int64_t clock, age_ms;
	bool cached; /* kept from before */
};

/* What an answer must be to serve: of that clock; or not below the floor, and younger than the limit. */
struct memo_need {
	int64_t clock, floor, limit_ms;
};
bool memo_need_met(const struct memo_need *need, int64_t clock, int64_t age_ms);

enum memo_verdict { MEMO_HIT, MEMO_MISS, MEMO_JOINED };

/*
 * Called on the loop when the query that a caller joined ends; answer NULL: it failed (status tells).
 */
typedef void memo_waiter(void *arg, enum status st, const struct memo_answer *answer);

MUST_USE enum status memo_create(const struct config *config, struct memo **out);
void memo_destroy(struct memo *m); /* waiters are called with ST_CLOSED */
/* A reload or a new store: new bounds, no entries, no floor; what is in flight is not kept. */
void memo_configure(struct memo *m, const struct config *config);
/*
 * What the clock counts in, and where it stands: until it is told, nothing far is asked; what another run of the daemon
 * left there serves while it is exact, and no longer.
 */
void memo_identify(struct memo *m, const char *instance, int64_t clock);

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
/* True: as after a MISS, though nobody asked.  False: what is there is exact, or is being made. */
bool memo_refresh(struct memo *m, const struct buf *key, int64_t now_ms, int64_t index_clock);

struct memo_made {
	struct memo_kept kept; /* json, clock, age_ms, ahead */
	bool cached;	       /* it was far and served */
	bool found_ahead;      /* and had been made before anybody asked */
	bool keep;	       /* false (partial answers): answers the waiters only */
};
/* The flight ended: takes made->kept.json (nulled). */
void memo_store(struct memo *m, const struct buf *key, struct memo_made *made, int64_t now_ms);
void memo_fail(struct memo *m, const struct buf *key, enum status st);
/* Nothing older than `clock` is served from now on. */
void memo_raise_floor(struct memo *m, int64_t clock);
void memo_clear(struct memo *m);
/* Drops expired entries; returns when to call again (monotonic ms), 0: nothing left to expire. */
int64_t memo_sweep(struct memo *m, int64_t now_ms);
/* The object `memo` of `status`. */
cJSON *memo_json(const struct memo *m);

/* --- far --- */

/* What a reader takes along to a far storage. */
struct memo_far {
	struct memo_storage *storage; /* NULL: there is none */
	unsigned char key[32];
	struct memo_need need;
};
/* On the loop, after a MISS or for a refresh (max_age_ms 0). */
void memo_far_begin(struct memo *m, const struct buf *key, int64_t index_clock, int64_t max_age_ms,
	struct memo_far *out);
/* On a reader thread: an answer that serves, for the caller to finish; and one that was made, if it may be kept. */
bool memo_far_get(const struct memo_far *f, struct memo_kept *kept);
void memo_far_put(const struct memo_far *f, const struct memo_kept *kept);
void memo_far_end(struct memo_far *f);

#endif
