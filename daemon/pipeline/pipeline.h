/*
 * pipeline: what flows from a found difference to a committed row.
 *
 * Watch pushes jobs (one document to read) and tree changes (rows that need no
 * reading); workers turn jobs into results; the writer commits both and tells
 * the loop, through the callbacks given here, what became of each.  Knows queues
 * and callbacks, not who sits behind them.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "convert/convert.h"
#include "core/buf.h"
#include "core/config.h"
#include "core/mailbox.h"
#include "pipeline/trace.h"
#include "store/tree.h"

#include <cjson/cJSON.h>

struct pipeline;

enum job_lane { LANE_LIVE, LANE_BULK };

/* Why it is read; wording for `status` and logs. */
enum job_reason { JOB_NEW, JOB_CHANGED, JOB_CLOSED, JOB_AGAIN, JOB_RETRY, JOB_VERIFY, JOB_SUSPECT };

/* One document to read.  Made by watch, owned by whoever holds it; comes back to watch in pipeline_callbacks.done. */
struct job {
	/* private to the pipeline */
	struct letter letter;
	struct job *next;
	struct pipeline *pipeline;
	unsigned generation; /* of the store that it was found different from */
	bool alone;	     /* a suspect that runs while nothing else does, until it is back on the loop */
	bool slow;	     /* of the slow lane: it comes from the store, not from watch, and goes nowhere */
	bool slow_waits;     /* its file waits for the slow lane now */
	enum { PARTS_SOUND, PARTS_LOST, PARTS_REFUSED } parts; /* the writer's note on those of its file */

	int64_t dir;
	char *root_path; /* absolute */
	char *path;	 /* below the root, no leading slash; its last component is the name */
	const char *name; /* into path */
	struct ident seen; /* what the scan saw */
	uint64_t replaced; /* inode that had the name before; 0: none */
	enum job_lane lane;
	enum job_reason reason;
	bool force;    /* read it though stat says nothing changed */
	bool settle_for_less; /* it never rests: store what was read, even if it changed meanwhile */
	int repeats;	 /* how often it came back as JOB_REPEAT */
	struct trace trace; /* where its time goes */
	int attempts;	 /* of a suspect: deaths of the daemon charged to it */
	struct rules *rules;
	void *owner; /* watch's own */

	/* filled by the pipeline */
	enum job_verdict {
		JOB_COMMITTED,	/* its row says what was found: text, or a failure */
		JOB_GONE,	/* not there any more, or another kind of file: compare its directory again */
		JOB_UNSTABLE,	/* changed while it was read; nothing stored unless settle_for_less */
		JOB_REPEAT,	/* trouble of ours (memory, descriptors, disk): try again later */
		JOB_REFUSED,	/* the store will never take what was read: left out, and logged */
		JOB_DROPPED	/* shutdown */
	} verdict;
	enum file_state state;	/* of the row, when committed */
	int64_t next_try;	/* seconds UTC, of its failure; 0: none */
	struct ident read;	/* what it was when it was read */
	int64_t clock;		/* of the commit */
};
void job_destroy(struct job *j); /* NULL is fine */

/* Row changes that need no reading, in the order given, ahead of every document.  Owned as jobs are. */
enum tree_change_kind {
	TREE_ROOT_PUT, /* name: its path, new_name: its name; root is filled in by the writer */
	TREE_ROOT_STATE,
	TREE_ROOT_ABOVE, /* acl: the chain of the directories above it */
	TREE_ROOT_DELETE,
	TREE_DIR_PUT,
	TREE_DIR_DETACH,
	TREE_DIR_MOVE,
	TREE_DIR_DELETE,
	TREE_FILE_MOVE,
	TREE_FILE_DELETE,
	TREE_FILE_STATE /* a file that no worker need see: state tells why (too large, not regular, no converter) */
};
struct tree_change {
	/* private to the pipeline */
	struct letter letter;
	struct tree_change *next;
	struct pipeline *pipeline;

	enum tree_change_kind kind;
	bool urgent; /* somebody may wait for it: commit soon */
	int64_t root, dir, parent; /* parent: of TREE_DIR_PUT and _MOVE; the target directory of _FILE_MOVE */
	char *name;		   /* TREE_FILE_MOVE: the old name */
	char *new_name;		   /* TREE_FILE_MOVE */
	struct buf acl;	    /* TREE_DIR_PUT, TREE_FILE_STATE: access list; empty: none */
	struct ident ident; /* TREE_FILE_DELETE: what the index says was there; ino 0: unknown */
	uint64_t replaced;  /* TREE_FILE_STATE: inode that had the name before; 0: none */
	int64_t stamp_ns;
	enum file_state state;
	int64_t rule;
	unsigned char fsid[32];
	int fsid_len;
	bool offline;
	/* watch's own; done is called with them */
	void *owner;
	int64_t turn;
	bool present; /* TREE_FILE_DELETE: something has the name, which rules keep out; when done: and there was a row */
};
void tree_change_destroy(struct tree_change *c);

struct pipeline_callbacks { /* all on the loop thread */
	void (*job_done)(void *arg, struct job *j);	     /* takes the job */
	void (*tree_done)(void *arg, struct tree_change *c); /* takes the change */
	void (*room)(void *arg);			     /* the job queue has room again */
	void (*links)(void *arg, int64_t dir, const char *name); /* another name of an inode that changed */
	void (*committed)(void *arg, int64_t clock, bool permissions); /* once per transaction */
	void (*store_rebuilt)(void *arg); /* damage: the store is empty and new, everything is to be found again */
};

struct pipeline_options {
	struct config *config;
	const char *jail;
	struct mailbox *mailbox;
	struct db *writer_db; /* taken */
	struct pipeline_callbacks callbacks;
	void *arg;
};
MUST_USE enum status pipeline_create(const struct pipeline_options *o, struct pipeline **out);

/* Loop thread, all of these.  push: ST_FULL leaves the job with the caller, and `room` will be called. */
MUST_USE enum status pipeline_push(struct pipeline *p, struct job **job);
void pipeline_tree(struct pipeline *p, struct tree_change **change);
/* Whether so many tree changes wait that no further scan should start; `room` is called when they are done. */
bool pipeline_is_congested(struct pipeline *p);
/* Workers take no further job while paused. */
void pipeline_pause(struct pipeline *p, bool paused);
/* Runs both integrity checks on the writer; `done` on the loop with the report ("" = sound). */
typedef void pipeline_check_done(void *arg, enum status st, const char *report);
MUST_USE enum status pipeline_check(struct pipeline *p, pipeline_check_done *done, void *arg);
/*
 * A configuration and its rules, at start and on reload: the writer gives the converters their row ids and expires the
 * documents of those that are gone, then `done` is called on the loop; jobs with these rules may be pushed after that.
 */
typedef void pipeline_configure_done(void *arg, enum status st);
MUST_USE enum status pipeline_configure(struct pipeline *p, struct config *config, struct rules *rules,
	pipeline_configure_done *done, void *arg);
/* The store cannot be written for lack of space. */
bool pipeline_is_full(const struct pipeline *p);
/* [{"state","path","since_ms"}] */
cJSON *pipeline_workers_json(struct pipeline *p);
/* How many jobs are ahead of this one in its lane, -1 if it is not waiting; *converting_ms if a worker has it, else -1. */
int64_t pipeline_position(struct pipeline *p, const struct job *j, int64_t *converting_ms);
/* Files that were in flight when the daemon last died: to be pushed first, as JOB_SUSPECT, which run alone. */
struct suspect {
	char *root_path, *path; /* as in struct job */
	int charges;		/* deaths of the daemon while it ran alone */
};
size_t pipeline_suspects(const struct pipeline *p, const struct suspect **list);
/* It has been run, or is no more: forget it. */
void pipeline_suspect_done(struct pipeline *p, const struct job *j);
/* Whether writer and every worker have proved progress (or rest) within `ms`. */
bool pipeline_is_alive(struct pipeline *p, int64_t ms);

/*
 * Ends it: no job is taken any more, running ones get until `deadline_ms` (monotonic), what is converted is
 * committed.  Every job and change comes back through the callbacks, then `stopped` is called.
 */
void pipeline_stop(struct pipeline *p, int64_t deadline_ms, void (*stopped)(void *arg));
/*
 * Waits no longer for workers that are stuck in a system call: the writer commits what it has and ends, then `stopped`
 * is called.  Those threads live on, so after this only the end of the process may come.
 */
void pipeline_abandon(struct pipeline *p);
void pipeline_destroy(struct pipeline *p); /* after stopped */

#endif
