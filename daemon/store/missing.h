/*
 * missing: how many files and parts lack each converter, for `status`.
 *
 * Counted once when the writer opens the store, then kept with each change; what a transaction changes is staged, and
 * becomes visible when it commits.  By the name of the converter that is missing, which need not be the one that the
 * file's name chose.
 */
#ifndef STORE_MISSING_H
#define STORE_MISSING_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

struct db;

/* Any thread; 0 of names that nobody lacks. */
void missing_get(const char *converter, int64_t *files, int64_t *parts);

/* --- the store's own; writer --- */

MUST_USE enum status missing_load(struct db *db);
/* One file or part more or less that lacks it. */
MUST_USE enum status missing_stage(struct db *db, const char *converter, bool part, int by);
void missing_publish(struct db *db); /* at the commit */
void missing_drop(struct db *db);    /* at the rollback */

#endif
