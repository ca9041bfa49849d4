/*
 * writer: the one thread that changes the store.
 *
 * Takes tree changes and results, applies them in one transaction as long as more
 * are at hand and nobody waits, commits, and sends each item to the loop.  A
 * transaction that fails is replayed from its items: they are kept until the
 * commit.  An item that the store will never take is found by replaying them one
 * by one, and refused.
 */
#ifndef PIPELINE_WRITER_H
#define PIPELINE_WRITER_H

#include "pipeline/queue.h"
#include "pipeline/results.h"
#include "pipeline/slots.h"
#include "pipeline/twins.h"

struct writer_options {
	struct db *db; /* taken */
	struct results *results;
	struct queue *queue; /* asked whether more is to come */
	struct twins *twins;
	struct slots *slots;
	int slot; /* the writer's own: which document it is storing */
	struct mailbox *mailbox;
	atomic_uint *generation; /* raised when the store is another one */
	/* On the loop. */
	void (*job_back)(struct letter *l);
	void (*tree_back)(struct letter *l);
	void (*committed)(void *arg, int64_t clock, bool permissions);
	void (*link)(void *arg, int64_t dir, const char *name);
	void (*rebuilt)(void *arg);
	/* On the writer's thread. */
	enum status (*renew)(void *arg, struct db *db); /* a new store: give it the rows that jobs rely on */
	void (*deadline)(void *arg); /* stopping took too long: end running conversions */
	void (*ended)(void *arg);    /* its last act */
	void *arg;
};

struct writer;
MUST_USE enum status writer_start(const struct writer_options *o, struct writer **out);
void writer_join(struct writer *w); /* after `ended`; frees it */

/* A request served between transactions; the letter is sent back when done.  Embedded by the caller. */
struct writer_task {
	struct letter letter;
	struct writer_task *next;
	enum status (*run)(struct writer_task *self, struct db *db);
	enum status status;
};
void writer_post(struct writer *w, struct writer_task *task); /* any thread */
/* Any thread: results have been closed or soon will be; past the deadline the store's trouble is not waited out. */
void writer_stop(struct writer *w, int64_t deadline_ms);
/* Any thread: the store may be damaged; it is checked, and rebuilt if so. */
void writer_suspect_damage(struct writer *w);
bool writer_is_full(struct writer *w);
bool writer_is_alive(struct writer *w, int64_t ms);

#endif
