/*
 * readers: the threads that query the store for clients.
 *
 * Each owns a read-only connection.  The loop submits tasks, which wait for their turn (turns.h);
 * a task runs on a reader and comes back to the loop as a letter.
 */
#ifndef SERVE_READERS_H
#define SERVE_READERS_H

#include "core/mailbox.h"
#include "serve/turns.h"
#include "store/db.h"

#include <stdatomic.h>

struct readers;

/* Embedded at the start of the asker's struct; the readers have it from submit until `done` is called. */
struct reader_task {
	struct letter letter;	 /* private */
	struct turn turn;	 /* private */
	struct readers *readers; /* private; NULL: not submitted */

	/* Set by the asker.  run: on a reader thread, interrupted at the deadline and when canceled. */
	enum status (*run)(struct reader_task *t, struct db *db);
	void (*done)(struct reader_task *t); /* loop thread; takes the task */
	struct turns_lane *lane;	     /* the asker's; NULL: the daemon's own */
	bool low;			     /* nobody waits for it: it goes behind all others */
	int64_t deadline_ms;		     /* monotonic */
	atomic_bool canceled;		     /* read by whoever runs; set by readers_cancel */

	/* The outcome: what run returned; ST_CANCELED or ST_TIMEOUT where one of the two above ended it. */
	enum status st;
};

struct readers_options {
	const char *state_dir;
	struct mailbox *mailbox;
	int count;    /* one asker has at most all but one at once, or the only one */
	bool by_user; /* nor has one user */
};
/* Opens `count` connections, and starts a thread for each. */
MUST_USE enum status readers_create(const struct readers_options *o, struct readers **out);
/* The clock and instance of the store (33 bytes) as the connections found it when they were created. */
void readers_origin(const struct readers *r, int64_t *clock, char *instance);

/* All that follows: loop thread. */

/* The turns of one asker; let go of before readers_destroy. */
MUST_USE enum status readers_lane_create(struct readers *r, uint32_t uid, struct turns_lane **out);
void readers_lane_release(struct readers *r, struct turns_lane *lane); /* NULL is fine */

/* ST_AGAIN: too many are waiting; the task stays with the caller. */
MUST_USE enum status readers_submit(struct readers *r, struct reader_task *t);
/* It is of no use any more: stops it; one that waits comes back by the next letter. */
void readers_cancel(struct reader_task *t);
/* One that waits is waited for by the asker of that lane too: it need not stand behind all that another asks. */
void readers_promote(struct reader_task *t, struct turns_lane *lane);
/* Those that waited beyond their deadline come back (ST_TIMEOUT).  True: more wait. */
bool readers_expire(struct readers *r, int64_t now_ms);
/* Tasks submitted whose `done` was not called yet. */
size_t readers_busy(const struct readers *r);
/* The store was replaced: every connection is opened again before its next task, or when idle at once. */
void readers_reopen(struct readers *r);
/* Ends the threads; tasks that wait come back canceled, through the mailbox as ever. */
void readers_stop(struct readers *r);
void readers_destroy(struct readers *r); /* after readers_stop, with none busy; NULL is fine */

#endif
