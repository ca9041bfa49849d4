/*
 * internal: what the files of this room share: struct watch and the functions between them.  Loop thread only.
 *
 *   events ──► hints ──┐                                  ┌──► flights ──► pipeline (jobs)
 *                      ├──► crawl ──► scan (pool) ──► reconcile
 *   roots ──► dirty ───┘                                  └──► pipeline (tree changes)
 *
 * Whatever is under way holds the epoch in which it was caused; a sync waits for
 * the epochs up to its own to be let go of (epoch.h).
 */
#ifndef WATCH_INTERNAL_H
#define WATCH_INTERNAL_H

#include "watch/above.h"
#include "watch/epoch.h"
#include "watch/inotify.h"
#include "watch/nodes.h"
#include "watch/scan.h"
#include "watch/watch.h"

enum {
	DEVICES_MAX = 32,
	CREATE_SETTLE_MS = 100, /* a new file's close usually follows at once */
	SETTLE_TIMES = 10,    /* a file that is written to all the time is read after so many settle times */
	OFFLINE_RETRY_MS = 2000,
	POLL_DEFAULT_MS = 30000,
	LANDINGS_MAX = 1024, /* remembered by name */
	WATCH_SHARE = 80, /* percent of the user's watches */
};

/* --- roots ------------------------------------------------------------------------------------ */

struct watch_root {
	struct watch_root *next;
	struct watch *watch;
	int64_t id; /* 0: its row is on the way */
	char *name, *path;
	struct node *node;
	struct ignore *ignore; /* of the configuration */
	bool hidden, one_filesystem;
	int64_t poll_ms;
	bool offline, indexed; /* indexed: was scanned once, now or by an earlier daemon */
	bool leaving;			  /* no longer configured */
	bool unreadable;
	unsigned char fsid[16];
	int fsid_len;
	struct above *above; /* as the store has it, or will have; NULL: not looked at yet */
	long polled; /* directories without events */
	int64_t polled_at_ms;
};

/* --- hints: single names that may differ -------------------------------------------------------- */

struct hint {
	struct slab_item slot;
	unsigned len;
	struct hint *next, **at; /* in the ready list or the settling list */
	struct node *node;
	struct epoch *epoch; /* held; NULL: nobody waits for it */
	int64_t born_us, first_ms, due_ms; /* due 0: ready */
	bool force;
	enum job_reason reason;
	int rounds;  /* it changed while it was read, or was not there */
	int repeats; /* trouble of ours */
	char name[];
};
struct hint_list {
	struct hint *first, **end;
	size_t count;
};

/* --- flights: documents between their finding and their commit ------------------------------------ */

struct flight {
	struct slab_item slot;
	unsigned len;
	int64_t dir;
	struct ident seen;
	struct job *job; /* the pipeline's; only compared */
	struct epoch *epoch;
	int64_t born_us;
	int rounds, repeats;
	/* something happened meanwhile */
	bool again, again_force;
	enum job_reason again_reason;
	struct epoch *again_epoch;
	char name[];
};

/* --- the crawl --------------------------------------------------------------------------------------- */

struct dirty_list {
	struct node *first, *last;
	size_t count;
};

/* One batch on the pool, or being applied. */
struct batch {
	struct batch *next;
	uv_work_t work;
	struct watch *watch;
	struct scan_batch scan;
	struct rules *rules;
	uint64_t dev;
	bool live;
	struct scan_task *at; /* being applied */
	bool detached;	      /* first pass is done */
	int64_t turn;	      /* batches are numbered as they begin to look */
	int64_t landed;	      /* watch.landed when it began to read the store */
};

struct device {
	uint64_t dev;
	bool live, bulk; /* a batch is under way */
};

struct watch {
	uv_loop_t *loop;
	struct config *config;
	struct rules *rules;
	struct pipeline *pipeline;
	char *state_dir;
	void (*changed)(void *arg);
	void *arg;

	struct nodes nodes;
	struct watch_root *roots;
	struct epochs epochs;

	int inotify;
	uv_poll_t poll;
	int above_inotify; /* -1: user mode */
	uv_poll_t above_poll;
	long watch_count, watch_limit;
	bool watches_exhausted;
	struct early { /* events of descriptors whose scan has not come back yet */
		struct early_wd {
			int wd;
			bool dead; /* the kernel took it away */
			struct epoch *epoch; /* held */
		} *items;
		size_t count, room;
	} early;

	struct slab hint_slab;
	struct slabset hints; /* by (node, name), ready and settling */
	struct hint_list ready, settling;
	uv_timer_t settle_timer;

	struct dirty_list dirty_live, dirty_bulk;
	struct node *limbo; /* detached nodes, by dirty_next */
	struct resume *resumes;
	struct batch *applying; /* batches whose answers are being applied, in order */
	struct device devices[DEVICES_MAX];
	int batches; /* on the pool */
	int64_t turn, configured; /* the last one of the settings before */
	bool kicked; /* crawl_kick is running */

	struct slab flight_slab;
	struct slabset flights; /* by (dir, name) */
	int64_t landed;	       /* row changes heard to be committed so far */
	struct landing {
		int64_t dir, n; /* n: `landed` then */
		char *name;	/* NULL: no memory */
	} landings[LANDINGS_MAX];
	int64_t tree_changes; /* under way */

	struct suspect_left {
		char *root_path, *path;
		int charges;
	} *suspects;
	size_t suspect_count;

	uv_timer_t due_timer, rescan_timer, poll_timer, retry_timer, kick_timer, rest_timer;
	int64_t due_s; /* seconds UTC for which due_timer is set; 0: none */
	int due_running;
	int explains; /* look-ups on the pool */
	uv_work_t rest_work;
	bool resting; /* that is on the pool */

	struct watch_sync *syncs;

	bool started, paused, stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
	int handles; /* open timers and polls */

	/* progress of the running crawl */
	int64_t done, found, began_ms;
	bool crawling;

	struct reader_pool *readers;
	int64_t read_ms; /* the last that the loop heard of their use */
};

/* readers.c: read-only connections for scan threads */
MUST_USE enum status reader_pool_create(const char *state_dir, struct reader_pool **out);
void reader_pool_destroy(struct reader_pool *p);
struct db *reader_pool_take(struct reader_pool *p); /* any thread; NULL: cannot be opened (logged) */
void reader_pool_give(struct reader_pool *p, struct db *db, bool broken);
void reader_pool_renew(struct reader_pool *p); /* the store is another file now */
void reader_pool_rest(struct reader_pool *p);  /* close what is not in use */
/* Something was looked at: a while after the last time the pool rests.  Loop thread. */
void watch_rest_later(struct watch *w);

/* hints.c */
void hints_init(struct watch *w);
void hints_finish(struct watch *w);
struct hint_ask {
	bool force;
	enum job_reason reason;
	int64_t delay_ms; /* 0: at once */
	bool writing;	  /* the delay begins anew with each such hint */
	struct epoch *epoch; /* not held by the call; NULL: nobody waits */
	int64_t born_us;     /* 0: now */
	int rounds, repeats;
};
void hint_add(struct watch *w, struct node *n, const char *name, const struct hint_ask *ask);
/* The names of a task are to be looked at once more. */
void hint_names(struct watch *w, struct node *n, const struct scan_task *t, int64_t delay_ms);
/* In the current epoch. */
void hint_now(struct watch *w, struct node *n, const char *name);
void hint_free(struct watch *w, struct hint *h); /* out of its list and the set; lets go of the epoch */
void hint_to_back(struct watch *w); /* the first ready one becomes the last */
void hints_settle_now(struct watch *w);		 /* all settling ones that somebody waits for become ready */
/* Frees the hints of top's subtree, each shown to `take` (may be NULL) before. */
void hints_take_below(
	struct watch *w, struct node *top, void (*take)(struct watch *w, struct node *top, const struct hint *h));

/* flights.c */
void flights_init(struct watch *w);
void flights_finish(struct watch *w);
struct flight *flight_find(struct watch *w, int64_t dir, const char *name);
/* Starts reading e's file, or notes it with the flight that it has.  ST_FULL: no room in the queue yet. */
MUST_USE enum status flight_start(
	struct watch *w, struct node *n, const struct scan_task *t, const struct scan_entry *e, bool live);
/* The file of a flight is not what it was: look again when it has landed. */
void flight_again(struct watch *w, struct flight *f, bool force, enum job_reason reason, struct epoch *epoch);
/* Every file of this directory that is in flight, or has landed since, is looked at by name. */
void flights_mind(struct watch *w, struct node *n, int64_t since, struct epoch *epoch);
void flight_landed(struct watch *w, struct job *j);
/*
 * A change of the tree is committed.  Where rules came and went meanwhile, a file that is as it was has no row, or an
 * old one, and was compared with the row before: its name is looked at again.
 */
void flights_row_changed(struct watch *w, struct tree_change *c);
/* Those that the first crawl did not meet need no reading any more. */
void flights_forget_suspects(struct watch *w);

/* crawl.c */
void node_mark(struct watch *w, struct node *n, bool live, struct epoch *epoch);
void node_mark_below(struct watch *w, struct node *top, unsigned flags, struct epoch *epoch);
void node_unmark(struct watch *w, struct node *n);
/* The detached node at the top of n's subtree, NULL: n is in its place. */
struct node *node_detached_above(struct node *n);
/* Whether nothing is compared there: its mount, or its root (but for the root's own directory), is gone. */
bool node_is_offline(const struct node *n);
/* Something below a detached node is to be compared once it is in a place again. */
void node_postpone(struct watch *w, struct node *detached, struct epoch *epoch);
void crawl_resume(struct watch *w, struct node *n, const char *after);
void crawl_finish(struct watch *w);
void crawl_kick(struct watch *w); /* starts what can be started */
void crawl_drop(struct watch *w, struct batch *b);
bool crawl_is_busy(const struct watch *w);

/* reconcile.c */
/* Applies as much as there is room for; true when the batch is through. */
bool reconcile_batch(struct watch *w, struct batch *b);

/* place.c */
struct tree_change *change_create(struct watch *w, enum tree_change_kind kind, struct epoch *epoch);
void change_send(struct watch *w, struct tree_change *c);
void change_drop(struct watch *w, struct tree_change *c); /* it is not to be sent after all */
/* With copies of the names; false: no memory, the change is dropped.  `c` may be NULL. */
bool change_send_named(struct watch *w, struct tree_change *c, const char *name, const char *new_name);
void place_dir(struct watch *w, const struct scan_task *t, struct node *parent, const struct scan_entry *e, bool live);
/* What was known at n's place is not there (e: what is; NULL: nothing): offline if its mount went, else detached. */
void place_vacate(struct watch *w, const struct scan_task *t, struct node *n, const struct scan_entry *e, bool bulk);
void place_flush_limbo(struct watch *w, bool bulk); /* deletes what was not found again */
void place_remove(struct watch *w, struct node *top); /* nodes only, no rows */
void node_unwatch(struct watch *w, struct node *n);
void node_set_polled(struct node *n, bool polled);
void node_put(struct watch *w, struct node *n, struct epoch *epoch, const unsigned char *fsid, int fsid_len);

/* events.c */
MUST_USE enum status events_start(struct watch *w);
void events_read(struct watch *w, bool all);
void events_forget_early(struct watch *w); /* no scan is under way */
void events_mapped(struct watch *w, struct node *n, struct epoch *epoch); /* its descriptor is known now */

/* roots.c */
MUST_USE enum status roots_load(struct watch *w);
MUST_USE enum status roots_from_config(struct watch *w);
void roots_start(struct watch *w, struct watch_root *r);
void roots_put_done(struct watch *w, struct tree_change *c);
void root_offline(struct watch *w, struct watch_root *r);
void root_seen(struct watch *w, struct watch_root *r, struct scan_task *t);
void root_free(struct watch *w, struct watch_root *r);
void roots_poll(struct watch *w);
void roots_retry(struct watch *w);
struct watch_root *root_of_path(struct watch *w, const char *path);

/* due.c */
void due_note(struct watch *w, int64_t at_s); /* a failure wants another try then */
void due_run(struct watch *w);

/* sync.c */
void syncs_check(struct watch *w);
void syncs_fail(struct watch *w, enum status st);

/* watch.c */
void watch_kick_soon(struct watch *w); /* crawl_kick from the loop, not from within this call */
void watch_told(struct watch *w); /* the state may be another */

#endif
