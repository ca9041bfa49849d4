/*
 * errand: one search on its way through a reader, and the requests that wait for its answer.  Loop thread.
 *
 * The memo says who runs and who joins; here is who may still be waiting, so that
 * a search is stopped when the last one lost interest, and not before.
 */
#ifndef SERVE_ERRAND_H
#define SERVE_ERRAND_H

#include "search/search.h"
#include "serve/context.h"
#include "serve/peer.h"

struct errand;

/* Of one who waits.  Called once: the members of the result object (json NULL: it failed, st tells why). */
typedef void errand_ended(void *arg, enum status st, const char *json, size_t len, bool partial);

struct errand_options {
	struct context *context;
	struct peer *peer;
	struct search_request **search; /* taken */
	const struct buf *key;
	int64_t deadline_ms;
	errand_ended *ended; /* of the first one who waits */
	void *arg;
};
/*
 * After MEMO_MISS.  Unless it is ST_OK the memo has been told and `ended` is not called.  ST_AGAIN: the readers are busy.
 */
MUST_USE enum status errand_start(const struct errand_options *o, struct errand **out);
/* After MEMO_JOINED: one more waits, who hears from the memo. */
struct errand *errand_join(struct context *ctx, const struct buf *key);
/* Whether it ended with an answer that its deadline cut short; for those who hear from the memo. */
bool errand_is_partial(const struct errand *e);
/* The first one is not interested any more: `ended` is not called. */
void errand_leave_first(struct errand *e);
/* One who joined is not interested any more; to be taken out of the memo by the caller. */
void errand_leave(struct errand *e);

#endif
