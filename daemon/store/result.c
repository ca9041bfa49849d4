/* result: SQLite codes to statuses; see result.h. */
#include "store/result.h"

#include "core/log.h"
#include "store/db.h"

#include <stddef.h>

static const struct {
	int code;
	enum status status;
} table[] = {
	{SQLITE_NOMEM, ST_NOMEM},
	{SQLITE_FULL, ST_FULL},
	{SQLITE_IOERR, ST_IO},
	{SQLITE_CANTOPEN, ST_IO},
	{SQLITE_NOLFS, ST_IO},
	{SQLITE_CORRUPT, ST_CORRUPT},
	{SQLITE_NOTADB, ST_CORRUPT},
	{SQLITE_FORMAT, ST_CORRUPT},
	{SQLITE_BUSY, ST_AGAIN},
	{SQLITE_LOCKED, ST_AGAIN},
	{SQLITE_PROTOCOL, ST_AGAIN},
	{SQLITE_SCHEMA, ST_AGAIN},
	{SQLITE_INTERRUPT, ST_CANCELED},
	{SQLITE_ABORT, ST_CANCELED},
	{SQLITE_TOOBIG, ST_TOO_LARGE},
	{SQLITE_PERM, ST_FORBIDDEN},
	{SQLITE_AUTH, ST_FORBIDDEN},
	{SQLITE_READONLY, ST_FORBIDDEN},
	{SQLITE_ERROR, ST_INVALID},
	{SQLITE_CONSTRAINT, ST_INVALID},
	{SQLITE_MISMATCH, ST_INVALID},
};

static void report_damage(void);

enum status result_status(sqlite3 *raw, int rc, const char *what)
{
	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return ST_OK;
	BUG_UNLESS((rc & 0xff) != SQLITE_MISUSE && (rc & 0xff) != SQLITE_RANGE);
	if (rc == SQLITE_INTERRUPT)
		return ST_CANCELED;
	/* The connection's text is of its last call, which need not be the one that failed. */
	const char *text = raw && sqlite3_extended_errcode(raw) == rc ? sqlite3_errmsg(raw)
								      : sqlite3_errstr(rc);
	log_error("%s: %s (SQLite %d)", what, text, rc);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].code != (rc & 0xff))
			continue;
		if (table[i].status == ST_CORRUPT && raw && sqlite3_db_readonly(raw, "main") == 1)
			report_damage();
		return table[i].status;
	}
	return ST_IO;
}

static struct {
	void (*hook)(void *arg);
	void *arg;
} damage; /* set before the readers open, cleared after they closed */

void db_on_damage(void (*hook)(void *arg), void *arg)
{
	damage.hook = hook;
	damage.arg = arg;
}

static void report_damage(void)
{
	if (damage.hook)
		damage.hook(damage.arg);
}
