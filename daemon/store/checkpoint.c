/*
 * checkpoint: moving the log into the database file; only the writer does, between transactions.
 *
 * Under load the log is copied back without waiting for anybody (PASSIVE), and SQLite starts it over once no reader
 * needs it.  In a gap, or when long readers let it grow too far, it is cut to nothing (TRUNCATE).
 */
#include "core/log.h"
#include "core/stats.h"
#include "store/connection.h"

#include <sys/stat.h>

enum { TRUNCATE_WAIT_MS = 20 };
static const int64_t LOG_MOST = INT64_C(64) << 20;

static int64_t bytes_of(const char *path)
{
	struct stat sb;

	return stat(path, &sb) ? 0 : sb.st_size;
}

static void measure(struct db *db, int64_t *log_bytes)
{
	AUTO_BUF log = BUF_INIT;

	buf_addf(&log, "%s-wal", db->file);
	*log_bytes = buf_status(&log) == ST_OK ? bytes_of(log.data) : 0;
	stats_set(store_bytes, bytes_of(db->file));
	stats_set(wal_bytes, *log_bytes);
}

static void run(struct db *db, int mode)
{
	int frames = 0, done = 0;

	(void)sqlite3_busy_timeout(db->raw, mode == SQLITE_CHECKPOINT_TRUNCATE ? TRUNCATE_WAIT_MS : 0);
	int rc = sqlite3_wal_checkpoint_v2(db->raw, NULL, mode, &frames, &done);
	(void)sqlite3_busy_timeout(db->raw, DB_BUSY_MS);
	/* Busy: a reader is still in the log; what could be copied was. */
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) {
		enum status st = db_status(db, rc, "checkpoint");

		(void)st; /* logged; a failed fsync makes the next transaction fail */
		return;
	}
	if (frames == done)
		db->wal_frames = 0;
}

void db_checkpoint(struct db *db, int64_t over)
{
	int64_t log_bytes;

	BUG_UNLESS(db->writer && !db->in_transaction);
	if (!db->raw)
		return;
	measure(db, &log_bytes);
	bool cut = over <= 0 ? log_bytes > 0 : log_bytes > LOG_MOST;
	if (!cut && db->wal_frames * db->page_bytes <= over)
		return;
	if (over <= 0 && !cut)
		return;
	run(db, cut ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
	measure(db, &log_bytes);
}
