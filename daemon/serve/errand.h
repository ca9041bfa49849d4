/*
 * errand: one search on its way through a reader, and the party that wants its answer.  Loop thread.
 *
 * The memo says who runs and who joins, and hands round the answers; here is who
 * may still be waiting for a key, so that its errands are stopped when the last
 * one lost interest, and not before.
 */
#ifndef SERVE_ERRAND_H
#define SERVE_ERRAND_H

#include "serve/asked.h"
#include "serve/context.h"

struct errand;
struct party; /* all who wait for one key: those who sent an errand, and those who joined */

/* Of the one who sent it.  Called once; answer NULL: it failed, st tells why. */
typedef void errand_ended(void *arg, enum status st, const struct memo_answer *answer);

struct errand_options {
	struct context *context;
	struct asked *asked;
	struct turns_lane *lane; /* NULL: nobody waits for it, it runs ahead of who may ask */
	const struct buf *key;
	int64_t deadline_ms, max_age_ms;
	errand_ended *ended;
	void *arg;
};
/*
 * After MEMO_MISS, or memo_refresh.  Unless it is ST_OK the memo has been told and `ended` is not called.  ST_AGAIN: the readers are busy.
 */
MUST_USE enum status errand_start(const struct errand_options *o, struct errand **out);
/* Who sent it is not interested any more: `ended` is not called. */
void errand_disown(struct errand *e);

/* After MEMO_JOINED: one more waits, who hears from the memo, and then leaves; the lane is his. */
struct party *party_join(struct context *ctx, const struct buf *key, struct turns_lane *lane);
/* Whether the answer that the memo hands round at this moment was cut short by its errand's deadline. */
bool party_is_served_partly(const struct party *p);
/* One who joined was answered, or is not interested any more (and was taken out of the memo). */
void party_leave(struct party *p);

#endif
