/*
 * migrate: brings a database file from the schema version it has to ours.
 *
 * Version N is what the first N scripts make of an empty file.  Each script runs in one transaction together with
 * the user_version it leads to: killed in the middle, the file still has the old version.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "core/status.h"

#include <sqlite3.h>

/* The scripts of schema/, in order; DB_SCHEMA_VERSION of them. */
extern const char *const migrate_scripts[];

/* PRAGMA user_version; SQLite result. */
int migrate_version(sqlite3 *raw, int *version);
/* ST_NEWER (nothing was touched) if the file has a version over `count`. */
MUST_USE enum status migrate_run(sqlite3 *raw, const char *const *scripts, int count);

#endif
