/*
 * flight: one search on its way through a reader, and the requests that wait for its answer.  Loop thread.
 *
 * The memo says who flies and who joins; here is who may still be waiting, so that
 * a search is stopped when the last one lost interest, and not before.
 */
#ifndef SERVE_FLIGHT_H
#define SERVE_FLIGHT_H

#include "search/search.h"
#include "serve/context.h"
#include "serve/peer.h"

struct flight;

/* Of one who waits.  Called once: the members of the result object (json NULL: it failed, st tells why). */
typedef void flight_ended(void *arg, enum status st, const char *json, size_t len, bool partial);

struct flight_options {
	struct context *context;
	struct peer *peer;
	struct search_request **search; /* taken */
	const struct buf *key;
	int64_t deadline_ms;
	flight_ended *ended; /* of the first one who waits */
	void *arg;
};
/*
 * After MEMO_MISS.  Unless it is ST_OK the memo has been told and `ended` is not called.  ST_AGAIN: the readers are busy.
 */
MUST_USE enum status flight_start(const struct flight_options *o, struct flight **out);
/* After MEMO_JOINED: one more waits, who hears from the memo. */
struct flight *flight_join(struct context *ctx, const struct buf *key);
/* Whether it ended with an answer that its deadline cut short; for those who hear from the memo. */
bool flight_is_partial(const struct flight *f);
/* The first one is not interested any more: `ended` is not called. */
void flight_leave_first(struct flight *f);
/* One who joined is not interested any more; to be taken out of the memo by the caller. */
void flight_leave(struct flight *f);

#endif
