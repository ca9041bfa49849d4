/*
 * db: opening the store, its schema versions and its connections.
 *
 * The store is one SQLite file, `index.db`, in the state directory, in WAL mode.
 * One writable connection (writer thread) and any number of read-only ones, each
 * used by one thread at a time.  Every connection gets the functions that the
 * schema names (trawl_inflate, trawl_fold) and whatever the on-open hook adds.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "core/buf.h"
#include "core/ident.h"
#include "core/status.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { DB_SCHEMA_VERSION = 4 };

/* Statements are prepared on first use and kept; the table is private to store/ (db_statements.tbl). */
struct db;

/* Process-wide SQLite settings; before any other call, once. */
MUST_USE enum status db_global_init(void);

/* Called for every connection opened later; search registers its rank function here.  Before the first open. */
void db_on_open(int (*hook)(sqlite3 *raw));

/*
 * Opens (creating, migrating) the store for writing.  Holds an exclusive lock file
 * `lock` in the state directory until closed: ST_LOCKED if another daemon has it.
 * ST_NEWER: the schema is newer than ours, nothing was touched.  `unclean` tells whether the last writer did not
 * close it.  ST_CORRUPT: damaged; *out holds the lock and nothing else, for db_set_aside or db_close.  Else *out is
 * NULL on failure.  Makes the state directory (0700) if it is missing.
 */
MUST_USE enum status db_open_writer(const char *state_dir, struct db **out, bool *unclean);
/*
 * Called over and over while a statement of the writer runs, whatever connection it has by then, and between the
 * documents and directories of a long step; true: what runs ends with ST_CANCELED.  Not during a commit's last write.
 */
void db_on_progress(struct db *writer, bool (*hook)(void *arg), void *arg);
/* A read-only connection to an existing store.  Any thread may call; the caller's thread owns it. */
MUST_USE enum status db_open_reader(const char *state_dir, struct db **out);
void db_close(struct db *db); /* NULL is fine; the writer marks the store clean if no transaction is open */
sqlite3 *db_raw(struct db *db);

/*
 * Sets a damaged store aside as index.db.damaged-YYYYMMDDTHHMMSS (with -wal, -shm), keeping the lock; the connection
 * is replaced by one to a new, empty store.  Readers go on with the old one until they are closed.  On failure the
 * handle is as after ST_CORRUPT of db_open_writer.
 */
MUST_USE enum status db_set_aside(struct db **writer);
/* After an I/O error: another connection to the same store, keeping the lock; a transaction is lost.  Fails alike. */
MUST_USE enum status db_reopen_writer(struct db **writer);

/*
 * Transactions.  begin on the writer is IMMEDIATE; a reader's holds its snapshot until db_rollback.  A transaction in
 * which a statement failed (anything but ST_NOT_FOUND and ST_INVALID of the arguments) does not commit: db_commit
 * rolls it back and repeats the first failure; the next db_begin replaces the connection first.  db_commit settles
 * documents and sets the gauges.  The caller does failed work again.
 */
MUST_USE enum status db_begin(struct db *db);
MUST_USE enum status db_commit(struct db *db); /* on failure the transaction is rolled back (asked, not assumed) */
void db_rollback(struct db *db);	       /* also ends a reader's transaction */
/* Callers may see different things: it is kept who could see what goes.  Writer, before the first transaction. */
void db_keep_access(struct db *writer, bool keep);
/* Whether the writer's last transaction changed who may see what: modes, owners, access lists, places. */
bool db_has_regranted(const struct db *db);

/* The clock: one number for every row change.  In a transaction of the writer db_tick takes the next one. */
int64_t db_tick(struct db *db);
int64_t db_clock(struct db *db);	     /* last committed (writer: last taken); -1: could not be read */
const char *db_instance(struct db *db);	     /* 16 hex digits; new for a new store and after an unclean boot */
/* "instance:n" as on the wire. */
void clock_add(struct buf *out, const char *instance, int64_t n);
/* ST_INVALID if malformed; *fresh tells that the instance is another one. */
MUST_USE enum status clock_parse(const char *s, const char *instance, int64_t *n, bool *fresh);

/*
 * Runs PRAGMA integrity_check, FTS5's integrity-check (rank 1) on all three indexes, and what must hold between rows,
 * lengths and counts (schema/store.md); one fault a line in `report`.  Writer, between transactions.
 */
MUST_USE enum status db_check(struct db *db, struct buf *report);
/*
 * Between transactions of the writer: copies the log into the database when more than `over` bytes of it are in use
 * (DB_LOG_BUSY under load); with 0, in a gap, or when it has grown past 64 MiB, cuts it to nothing if no reader needs
 * it.  Sets the gauges store_bytes and wal_bytes.
 */
enum { DB_LOG_BUSY = 16 << 20 };
void db_checkpoint(struct db *db, int64_t over);
/* Gives back page-cache memory.  Any connection. */
void db_release_memory(struct db *db);

/*
 * Called on any thread when a read-only connection meets damage; the writer meets its own.  It may be a connection to a
 * store that was set aside meanwhile, so the hook is a reason to check, no more.  Set before readers are opened.
 */
void db_on_damage(void (*hook)(void *arg), void *arg);

/* Whether (dev, ino) is the database, its log, its lock, or the state directory itself.  Any thread. */
bool db_is_own(uint64_t dev, uint64_t ino);

/* Maps an SQLite result to a status and logs it with `what` as subject unless ST_OK (or interrupted: ST_CANCELED). */
MUST_USE enum status db_status(struct db *db, int rc, const char *what);

#endif
