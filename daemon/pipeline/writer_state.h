/*
 * writer_state: what the files of the writer share, and nobody else includes; see writer.h.
 *
 *   writer.c           the thread, transactions and their bounds
 *   writer_notes.c     what the loop hears of a commit
 *   writer_recovery.c  what becomes of a transaction that failed
 *   writer_felling.c   directories that go with all below them
 *   writer_gaps.c      what is done between transactions
 *
 * All calls are the writer thread's, but for writer_open_note.
 */
#ifndef PIPELINE_WRITER_STATE_H
#define PIPELINE_WRITER_STATE_H

#include "core/lock.h"
#include "pipeline/apply.h"
#include "pipeline/writer.h"

enum {
	BATCH_ITEMS = 2000,
	WAL_MAX = 16 << 20,
	WAL_PATIENT = 48 << 20, /* while a live result waits */
	SWEEP_MS = 3600 * 1000,
};

struct item {
	struct tree_change *change; /* either this */
	struct result *result;	    /* or this */
};

/* What the loop is to hear after a commit; one letter, which is filled further while it is under way. */
struct commit_note {
	struct letter letter;
	struct writer *writer;
	bool under_way, permissions, rebuilt;
	int64_t clock; /* 0: no commit to tell */
};

struct link_note {
	struct letter letter;
	struct writer *writer;
	int64_t dir;
	char *name;
	struct link_note *next;
};

enum rest { REST_NONE, REST_LOG_EMPTY, REST_ASLEEP };

struct writer {
	struct writer_options o;
	pthread_t thread;

	/* owned by the writer thread */
	struct db *db;
	struct item batch[BATCH_ITEMS];
	size_t count, bytes;
	bool open;
	bool urgent;
	int64_t opened_ms, urgent_ms;
	int64_t written_us, committed_us; /* the last commit began, and ended */
	struct apply_notes notes;
	struct link_note *links;
	int64_t last_work_ms, next_sweep_ms, next_look_ms, next_words_ms;
	int64_t words_patience_ms; /* until when it waits for a gap to count words; 0: they are not due */
	enum rest rest;
	bool merged; /* there is nothing to merge, as far as is known */
	struct tree_change *felling, *felling_last; /* deletions of directories, under way and waiting */
	size_t felling_count;
	bool deadline_told;
	bool bare; /* the store is new and lacks its converters */

	atomic_llong beat_ms; /* 0: resting */
	atomic_bool full;
	atomic_bool damaged;  /* somebody says so */
	atomic_llong stop_ms; /* 0: not stopping */

	struct lock lock; /* held alone */
	/* protected by lock */
	struct writer_task *tasks;
	struct commit_note note;
};

/* writer.c */

MUST_USE enum status writer_apply(struct writer *w, struct item *i);
MUST_USE enum status writer_end_transaction(struct writer *w);
void writer_commit(struct writer *w);
bool writer_is_stopping(const struct writer *w);
bool writer_is_past_deadline(struct writer *w);

/* writer_notes.c */

void writer_open_note(struct letter *l); /* loop thread */
/* `rebuilt`: the store is another one, and `clock` is none. */
void writer_tell_loop(struct writer *w, int64_t clock, bool rebuilt);
/* apply_notes.link: kept until the commit, before which the other names' rows would still look right. */
void writer_note_link(void *arg, int64_t dir, const char *name);
void writer_send_links(struct writer *w, bool keep); /* or drops them */
/* Back to their senders, as of that clock; with that verdict instead of their own, if it is not NULL. */
void writer_send_item(struct writer *w, struct item *i, int64_t clock, const enum job_verdict *forced);
void writer_send_batch(struct writer *w, int64_t clock, const enum job_verdict *forced);

/* writer_recovery.c */

/* Trouble of the disk or of this process, which may pass; all else is the fault of an item, and will be again. */
bool writer_may_pass(enum status st);
/* After a failure: returns when the batch is committed, refused, dropped at the end of a stop, or the store is new. */
void writer_recover(struct writer *w, enum status st);

/* writer_felling.c */

void writer_fell_later(struct writer *w, struct tree_change *c);
/* Some rows of what waits, in a transaction of their own; `w->felling` is not empty. */
void writer_fell_some(struct writer *w);
void writer_fell_end(struct writer *w); /* at the end of a stop: as much as there is time for */

/* writer_gaps.c */

void writer_run_tasks(struct writer *w); /* commits first */
/* What is done when nothing has come for a while; returns when to be woken next. */
int64_t writer_rest(struct writer *w);

#endif
