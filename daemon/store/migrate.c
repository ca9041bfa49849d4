/* migrate: schema versions; see migrate.h. */
#include "store/migrate.h"

#include "core/log.h"
#include "store/db.h"
#include "store/result.h"

#include <stdio.h>

const char *const migrate_scripts[] = {
#include "schema.inc"
};
_Static_assert(sizeof migrate_scripts / sizeof migrate_scripts[0] == DB_SCHEMA_VERSION,
	"one script in schema/ for each version");

int migrate_version(sqlite3 *raw, int *version)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &s, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			*version = sqlite3_column_int(s, 0);
		rc = sqlite3_finalize(s);
	}
	return rc;
}

static int step(sqlite3 *raw, const char *script, int version)
{
	char set[64];
	int rc = sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_exec(raw, script, NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		snprintf(set, sizeof set, "PRAGMA user_version = %d", version);
		rc = sqlite3_exec(raw, set, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL);
	return rc;
}

enum status migrate_run(sqlite3 *raw, const char *const *scripts, int count)
{
	int version = 0;
	int rc = migrate_version(raw, &version);

	if (rc != SQLITE_OK)
		return result_status(raw, rc, "schema version");
	if (version > count) {
		log_error("store: its schema has version %d, this program knows %d at most",
			version, count);
		return ST_NEWER;
	}
	bool is_new = version == 0;
	for (; version < count; version++) {
		rc = step(raw, scripts[version], version + 1);
		if (rc != SQLITE_OK) {
			enum status st = result_status(raw, rc, "schema migration");

			if (!sqlite3_get_autocommit(raw))
				(void)sqlite3_exec(raw, "ROLLBACK", NULL, NULL, NULL);
			return st;
		}
		if (!is_new)
			log_notice("store: schema brought to version %d", version + 1);
	}
	return ST_OK;
}
