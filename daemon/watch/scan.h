/*
 * scan: the comparison of directories with the index, on a thread of libuv's pool.
 *
 * Everything that makes the index converge goes through here: the first scan,
 * restart, overflow, rename and live edit.  A task is one directory, whole or some
 * of its names; a batch is some tasks of one device under one read transaction.
 * What differs comes back as entries; nothing is changed here.
 */
#ifndef WATCH_SCAN_H
#define WATCH_SCAN_H

#include "convert/rules.h"
#include "pipeline/pipeline.h"
#include "store/db.h"
#include "watch/above.h"
#include "watch/scope.h"

struct epoch;

/* A name to look at, in a task that is not whole. */
struct scan_name {
	struct epoch *epoch; /* the loop's; moves to what follows from it */
	int64_t born_us;
	bool force;
	enum job_reason reason; /* of the job, if forced */
	int rounds, repeats;	/* how often it went round already */
	char *name;
};

enum entry_kind {
	ENTRY_DIR,	/* a directory is there */
	ENTRY_READ,	/* a file that is to be read */
	ENTRY_STATE,	/* a file whose row changes without being read */
	ENTRY_GONE,	/* nothing that is indexed is there; `row`: the index has a file of that name */
	ENTRY_MOVED	/* `from` in `from_task` is this file's old place; and it is to be read */
};

struct scan_entry {
	enum entry_kind kind;
	enum job_reason reason;
	enum file_state state;
	bool row, force;
	bool has_dir; /* of a GONE: a directory has the name, and follows as an entry of its own */
	bool present; /* of a GONE: something has the name, which rules or its kind keep out */
	int rounds, repeats;
	struct ident ident; /* what is there; of a GONE with a row, what the index says */
	bool acl_known;
	struct buf acl; /* of a STATE, and of a DIR in system mode */
	int64_t stamp_ns, rule;
	uint64_t replaced; /* inode that the row says, if that is another one; else 0 */
	int64_t born_us;
	struct epoch *epoch; /* of the name that was asked; NULL: the task's */
	char *name;
	struct scan_task *from_task;
	char *from;
	unsigned char fsid[16]; /* of an ENTRY_DIR on another device */
	int fsid_len;
};

enum scan_outcome {
	SCAN_DONE,
	SCAN_GONE,	 /* the directory is not there, or another one is */
	SCAN_FOREIGN,	 /* a root whose file system is another one than was indexed */
	SCAN_UNREADABLE, /* no permission */
	SCAN_TROUBLE	 /* ours: descriptors, memory, the store */
};

struct scan_task {
	struct scan_task *next;

	/* asked by the loop */
	int64_t dir;
	char *root_path, *path; /* path below the root, "" = the root itself */
	struct ident expect;	/* ino 0: whatever is there */
	unsigned char expect_fsid[16];
	int expect_fsid_len;
	struct scope scope;
	struct ignore *ignore; /* the directory's own rules as known; held */
	bool whole, watch, force, is_root, one_filesystem;
	bool trusted; /* events have covered it without a gap: stamps within one tick need no second reading */
	char *after; /* whole: names up to this one were compared already; NULL: from the start */
	struct scan_name *names;
	size_t name_count;
	struct epoch *epoch;
	int64_t born_us;

	/* answered */
	int64_t began_us;
	enum scan_outcome outcome;
	int error_no;
	struct ident ident;
	struct buf acl; /* of a root in system mode */
	struct above *above; /* likewise; NULL: not read */
	unsigned char fsid[16];
	int fsid_len;
	bool eventless; /* network or user-space file system: no events of others' changes */
	int wd, watch_error; /* -1; errno of inotify_add_watch */
	bool ignore_changed;
	struct ignore *ignore_now; /* held; valid if ignore_changed */
	struct scan_entry *entries;
	size_t entry_count, entry_room;
	bool more; /* whole: cut; go on behind the last entry */
	int64_t next_due; /* earliest next try among the failures seen, seconds UTC; 0: none */
	size_t files; /* regular files seen */

	/* the loop's place when it applies the answer */
	size_t applied;
	bool begun;
};
struct scan_task *scan_task_create(void);
void scan_task_destroy(struct scan_task *t); /* epochs must have been taken out */

struct scan_batch {
	struct scan_task *tasks;
	struct rules *rules;
	int64_t file_size_max;
	int inotify; /* descriptor, -1: no watches */
	bool guarded; /* callers differ: access lists of directories and what is above roots matter */
	int above_inotify;
	/* answered: tasks from here on were not looked at (the batch had found enough) */
	struct scan_task *untouched;
	bool store_trouble;
};

/* `db` is a read-only connection of this thread's own for the call. */
void scan_run(struct scan_batch *b, struct db *db);

#endif
