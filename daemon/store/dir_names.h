/*
 * dir_names: names of directories in the name indexes, beside those of files and parts.
 *
 * FTS5 flushes what it holds in memory whenever a row id is smaller than the one before, and those of directories
 * are above all others: written as they come, among files, each would cost a flush.  So changes are noted, and
 * written in order when the transaction ends, or when many have come together.
 *
 * In the indexes is what hangs below a directory: neither the own directory of a root, nor a detached one.
 */
#ifndef STORE_DIR_NAMES_H
#define STORE_DIR_NAMES_H

#include "core/buf.h"

#include <stdint.h>

struct db;

/* Before the row is made, changes its place or goes: its name if it is in the indexes now, else NULL. */
MUST_USE enum status dir_names_note(struct db *db, int64_t dir, const struct buf *name);
/* Brings the indexes in step with the rows. */
MUST_USE enum status dir_names_settle(struct db *db);

/* The transaction is rolled back. */
void dir_names_drop(struct db *db);
void dir_names_finish(struct db *db);

#endif
