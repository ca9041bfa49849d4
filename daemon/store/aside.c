/*
 * aside: what the writer does with a connection that cannot be trusted any more: another one to the same file after
 * an I/O error; after damage, a new file, the damaged one put out of the way for somebody to look at.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "store/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const suffixes[] = {"-wal", "-shm", ""};

/* index.db.damaged-YYYYMMDDTHHMMSS in UTC, with -N behind it where that is taken. */
static enum status choose_name(const struct db *db, struct buf *out)
{
	time_t now = (time_t)now_real_s();
	struct tm tm;
	char stamp[32];

	if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm) == 0)
		return ST_SYSTEM;
	for (int i = 1; i < 1000; i++) {
		buf_clear(out);
		buf_addf(out, "%s.damaged-%s", db->file, stamp);
		if (i > 1)
			buf_addf(out, "-%d", i);
		if (buf_status(out) != ST_OK)
			return ST_NOMEM;
		if (access(out->data, F_OK) && errno == ENOENT)
			return ST_OK;
	}
	return ST_EXISTS;
}

/* The database file goes last: until then another try finds all of it. */
static enum status move_files(const struct db *db, const char *target)
{
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		AUTO_FREE char *from = mem_printf("%s%s", db->file, suffixes[i]);
		AUTO_FREE char *to = mem_printf("%s%s", target, suffixes[i]);

		if (!from || !to)
			return ST_NOMEM;
		if (rename(from, to) && errno != ENOENT) {
			log_error("%s: cannot be set aside: %s", from, strerror(errno));
			return ST_SYSTEM;
		}
	}
	return ST_OK;
}

enum status db_set_aside(struct db **writer)
{
	struct db *db = *writer;
	AUTO_BUF target = BUF_INIT;
	bool unclean;

	BUG_UNLESS(db->writer);
	connection_stop(db);
	enum status st = choose_name(db, &target);
	if (st == ST_OK)
		st = move_files(db, target.data);
	if (st != ST_OK)
		return st;
	log_warning("%s: damaged, set aside as %s; everything is indexed anew", db->file, target.data);
	return connection_start(db, &unclean);
}

enum status db_reopen_writer(struct db **writer)
{
	struct db *db = *writer;
	bool unclean;

	BUG_UNLESS(db->writer);
	connection_stop(db);
	return connection_start(db, &unclean);
}
