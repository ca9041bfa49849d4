/* tree_write: what the files that write the tree share. */
#ifndef STORE_TREE_WRITE_H
#define STORE_TREE_WRITE_H

#include "store/tree.h"

/* ST_NOT_FOUND if there is no such directory row. */
MUST_USE enum status tree_dir_exists(struct db *db, int64_t dir);
/* Deletes the files of one directory, at most *most, lessened by what went; `path` is the directory's, NULL: leave no
 * tombstones; `careful`: only where nothing else lives by now. */
MUST_USE enum status tree_files_delete(
	struct db *db, int64_t dir, const struct buf *path, bool careful, int64_t *most);

#endif
