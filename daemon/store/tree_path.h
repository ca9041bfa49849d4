/*
 * tree_path: paths of directory rows, composed by walking up, and rows found by walking down a path.
 */
#ifndef STORE_TREE_PATH_H
#define STORE_TREE_PATH_H

#include "store/tree.h"

/*
 * Appends the path of the directory, detached ones too (then *detached, and it is the path it was detached from).
 * The file system's root is "", so that "/" and a name can always follow.  ST_NOT_FOUND if it or a parent is gone.
 */
MUST_USE enum status path_of_dir(struct db *db, int64_t dir, struct buf *out, bool *detached);
/* Forgets composed paths: a directory moved, or the snapshot is another one. */
void paths_drop(struct db *db);

/* What an absolute path names in the index. */
struct tree_place {
	int64_t root;
	int64_t dir; /* the directory itself, or the one that holds the file */
	bool is_dir;
	const char *name; /* of the file, into the caller's path; NULL for a directory */
	struct file_row file;
};
/* `path` is normalized.  ST_NOT_FOUND. */
MUST_USE enum status tree_resolve(struct db *db, const char *path, struct tree_place *out);

#endif
