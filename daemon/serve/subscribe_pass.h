/*
 * subscribe_pass: one look at what changed, for subscriptions that stand at the same clock.
 *
 * Runs on a thread of readers, within one snapshot, some hundredths of a second long; what is not done by then is the
 * next pass's.  Each subscription comes out of it further than it went in, with the lines that it is to be sent.
 */
#ifndef SERVE_SUBSCRIBE_PASS_H
#define SERVE_SUBSCRIBE_PASS_H

#include "serve/readers.h"
#include "serve/subscription.h"

/* Further behind than so many changes nobody is caught up, but starts over. */
enum { SUBSCRIBE_BEHIND_MOST = 100000 };

struct pass {
	struct reader_task task; /* run, done and deadline are set by pass_init */

	/* set by who starts it */
	struct percolate *set; /* of the members' queries, and others */
	struct subscription **members;
	size_t count;
	int64_t from;  /* where all of them stand */
	int64_t until; /* clock of the last change to look at */

	/* the outcome, beside the members' */
	int64_t clock; /* of the snapshot */
	char instance[33];

	/* private */
	struct changed *changed; /* what is looked at now */
};

MUST_USE enum status pass_init(struct pass *p, void (*done)(struct reader_task *t)); /* ST_NOMEM */
void pass_finish(struct pass *p);

#endif
