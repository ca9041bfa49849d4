/* attempts: how often a file has failed before. */
#ifndef STORE_ATTEMPTS_H
#define STORE_ATTEMPTS_H

#include "store/db.h"

/*
 * Attempts in the failure row of (dir, name), if that was about the same content (32 bytes, or NULL: unknown) and for
 * the same reason; else 0.  ST_NOT_FOUND where there is no row.  Any connection.
 */
MUST_USE enum status attempts_find(struct db *db, int64_t dir, const char *name, const void *hash,
	const char *reason, int *attempts);

/*
 * Whether (dir, name) is quarantined for this very content (32 bytes) under the converter `rule`: then only a change of
 * either lets it be tried again.  Any connection; false too on trouble, which is logged.
 */
bool attempts_are_over(struct db *db, int64_t dir, const char *name, const void *hash, int64_t rule);

#endif
