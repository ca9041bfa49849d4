/*
 * tombstones: what `changes` tells of paths that are gone.
 *
 * A row remembers only its last move.  When a later change takes that memory away, the place it came from gets a
 * tombstone, so that nobody who asks from before the move keeps the old path.
 */
#ifndef STORE_TOMBSTONES_H
#define STORE_TOMBSTONES_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct db;

/* `len` bytes of absolute path, "" for the file system's root; takes a clock number. */
MUST_USE enum status tombstone_add(struct db *db, const char *path, size_t len, bool dir);
/* The same unless something lives there. */
MUST_USE enum status tombstone_add_if_gone(struct db *db, const char *path, bool dir);

#endif
