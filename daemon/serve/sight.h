/*
 * sight: a path or a row, as far as the one who asks may see what is there.  Any thread, inside a transaction.
 */
#ifndef SERVE_SIGHT_H
#define SERVE_SIGHT_H

#include "core/caller.h"
#include "store/tree_path.h"

/*
 * The file at a normalized path.  ST_NOT_FOUND alike where the index has none and where the caller could not open it.
 */
MUST_USE enum status sight_file(
	struct db *db, const struct caller *caller, const char *path, struct tree_place *place);
/* Whether the caller could open the file; with `file` 0 whether the caller may list the directory, or go through it. */
MUST_USE enum status sight_row(
	struct db *db, const struct caller *caller, int64_t dir, int64_t file, bool *visible);
#endif
