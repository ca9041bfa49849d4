/*
 * tombstones: what `changes` tells of paths that are gone.
 *
 * Whatever leaves a path writes one, a move too, and before anything else takes the place: so its clock is less than
 * that of the row that lives there next.  `changes` leaves out what a row that moved still tells as its `from`; a row
 * remembers only its last move, and none once it changed or is gone.
 */
#ifndef STORE_TOMBSTONES_H
#define STORE_TOMBSTONES_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct db;

/* Stored as numbers: never renumber. */
enum tombstone_kind {
	TOMBSTONE_FILE,
	TOMBSTONE_DIR,
	TOMBSTONE_LOST /* of a file that is there still, but not for all who could see it: told to these alone */
};

/*
 * `len` bytes of absolute path, "" for the file system's root; takes a clock number.  `access` (access.h): who could see
 * what was there.
 */
MUST_USE enum status tombstone_add(struct db *db, const char *path, size_t len,
	enum tombstone_kind kind, int64_t access);
/* The same unless something lives there: for what was detached, and comes late. */
MUST_USE enum status tombstone_add_if_gone(
	struct db *db, const char *path, enum tombstone_kind kind, int64_t access);

/* Deletions up to this clock may be forgotten: who asks for changes since before it cannot be told of all.  Any connection. */
MUST_USE enum status tombstones_horizon(struct db *db, int64_t *clock);

#endif
