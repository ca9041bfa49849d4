/*
 * readers: the threads that query the store for clients.
 *
 * Each owns a read-only connection.  The loop submits tasks to a bounded queue;
 * a task runs on a reader and comes back to the loop as a letter.
 */
#ifndef SERVE_READERS_H
#define SERVE_READERS_H

#include "core/mailbox.h"
#include "store/db.h"

#include <stdatomic.h>

struct readers;

/* Embedded at the start of the asker's struct; the readers have it from submit until `done` is called. */
struct reader_task {
	struct letter letter;	  /* private */
	struct reader_task *next; /* private */
	struct readers *readers;  /* private */

	/* Set by the asker.  run: on a reader thread, interrupted at the deadline and when canceled. */
	enum status (*run)(struct reader_task *t, struct db *db);
	void (*done)(struct reader_task *t); /* loop thread; takes the task */
	int64_t deadline_ms;		     /* monotonic */
	atomic_bool canceled;		     /* set by the loop at any time */

	/* The outcome: what run returned; ST_CANCELED or ST_TIMEOUT where one of the two above ended it. */
	enum status st;
};

/* Opens `count` connections, and starts a thread for each. */
MUST_USE enum status readers_create(
	const char *state_dir, struct mailbox *mailbox, int count, struct readers **out);
/* The clock and instance of the store (33 bytes) as the connections found it when they were created. */
void readers_origin(const struct readers *r, int64_t *clock, char *instance);

/* Loop thread.  ST_AGAIN: too many are waiting; the task stays with the caller. */
MUST_USE enum status readers_submit(struct readers *r, struct reader_task *t);
/* Tasks submitted whose `done` was not called yet.  Loop thread. */
size_t readers_busy(const struct readers *r);
/* The store was replaced: every connection is opened again before its next task, or when idle at once. */
void readers_reopen(struct readers *r);
/* Ends the threads; tasks that wait come back canceled, through the mailbox as ever. */
void readers_stop(struct readers *r);
void readers_destroy(struct readers *r); /* after readers_stop, with none busy; NULL is fine */

#endif
