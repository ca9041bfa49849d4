/*
 * connection: what a struct db is made of.  Private to store/: every file of this room that keeps something with
 * the connection keeps it here, so that commit and rollback see all of it.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include "store/counts.h"
#include "store/db.h"
#include "store/kept.h"
#include "store/statements.h"
#include "store/vocabulary_live.h"

enum { PATH_SLOTS = 64, DB_BUSY_MS = 1000, DB_PROGRESS_STEPS = 10000 };

struct db {
	sqlite3 *raw; /* NULL: only the lock is held (found damaged when it was opened) */
	char *dir;    /* state directory */
	char *file;   /* dir/index.db */
	bool writer;
	int lock_fd; /* writer only, else -1 */
	struct statements statements;
	struct kept kept; /* of a reader */
	char instance[17];
	bool suspect; /* a transaction failed: before the next one the connection is replaced; writer only */
	bool broken;  /* an fsync failed: what was committed may be lost, and is not to be called clean */
	int64_t wal_frames;  /* in the log since it was last started over; writer only */
	int64_t page_bytes;
	bool (*progress)(void *arg); /* NULL: nobody asks; writer only */
	void *progress_arg;

	/* the transaction */
	bool in_transaction;
	enum status trouble; /* first failure in it: it will not commit */
	int64_t clock, clock_before;
	struct store_counts counts, counts_before;
	struct touched {
		int64_t *ids; /* documents whose files changed, in no order, repeated */
		size_t count, room;
		bool failed; /* a note was lost for want of memory */
	} touched;
	bool keeps_access; /* callers differ: system mode; writer only */
	struct last_chain {
		int64_t dir; /* 0: none */
		struct buf bytes;
	} last_chain;	/* of the directory that was asked about last (access.c) */
	bool regranted; /* who may see what is another after it */
	struct noted_dirs {
		struct noted_dir {
			int64_t dir;
			size_t order;
			bool indexed; /* with the name at `at` of `names` */
			size_t at, len;
		} *items;
		size_t count, room;
		struct buf names;
	} noted_dirs; /* whose names the name indexes are to follow */
	struct staged_lengths {
		struct staged_length {
			int64_t document;
			uint32_t bytes;
		} *items;
		size_t count, room;
	} lengths; /* become visible with the commit */
	struct staged_lacks {
		struct staged_lack {
			struct lack *lack;
			bool part;
			int by;
		} *items;
		size_t count, room;
	} lacks; /* so do these */

	struct vocabulary_round {
		bool known;   /* what is below was read */
		bool running; /* a round is under way */
		int64_t counted_clock; /* when the last whole one began; -1: there was none */
		int64_t took_us, ended_ms;
		int64_t start_clock, spent_us;
		char at[WORD_BYTES_MAX]; /* the last word of this one so far */
		size_t at_len;
		struct live_ahead ahead;
	} round; /* writer only */

	/* Paths of directories, by id modulo PATH_SLOTS; true as of `paths_clock`, and only inside a transaction. */
	struct path_slot {
		int64_t id; /* 0: empty */
		char *path;
		size_t len;
	} paths[PATH_SLOTS];
	int64_t paths_clock;
};

/* Between two parts of a long step: ST_CANCELED if the hook of db_on_progress says so. */
MUST_USE enum status db_progress(struct db *db);
/* Notes a failure so that the transaction does not commit; returns `st`. */
enum status db_trouble(struct db *db, enum status st);
/* Runs SQL that is not in the table: settings. */
MUST_USE enum status db_exec(struct db *db, const char *sql, const char *what);

/* The writer's connection within its struct db: opened with everything that belongs to it, or not at all. */
MUST_USE enum status connection_start(struct db *db, bool *unclean);
/* Drops the transaction and SQLite's connection, marks nothing; the lock stays. */
void connection_stop(struct db *db);

#endif
