/*
 * dirs: what one search must know of directories, each read once and kept until it ends.
 *
 * Also the SQL functions that look at a file's row together with its directory:
 *   trawl_match(dirs, filter, dir, name)          name: and path: filters
 *   trawl_visible(dirs, dir, mode, uid, gid, acl) whether the caller could open it: a file, or a directory in `dir`
 */
#ifndef SEARCH_DIRS_H
#define SEARCH_DIRS_H

#include "core/guard.h"
#include "search/search.h"

#define DIRS_POINTER "trawl-dirs"
#define FILTER_POINTER "trawl-filter"

struct dirs;

struct dir_view {
	char *path;	/* absolute bytes; NULL: detached, or gone */
	char *folded;	/* as names are searched in, ends with a slash */
	bool reachable; /* the caller may search it and every one above, up to the file system's root */
	bool offline;
	int64_t root; /* its row */
};

/* `caller` and the connection must outlive it.  ST_NOMEM. */
MUST_USE enum status dirs_create(sqlite3 *raw, const struct caller *caller, struct dirs **out);
void dirs_destroy(struct dirs *d); /* NULL is fine */
/* An SQLite result code; the view lives as long as `d`. */
int dirs_get(struct dirs *d, int64_t id, const struct dir_view **out);
/*
 * What trawl_visible does, for whoever has the row at hand: whether the caller could open for reading what has this
 * guard and lies in directory `dir`.  Nothing in a detached directory, or one that is gone, is visible to anybody.
 */
int dirs_visible(struct dirs *d, int64_t dir, const struct guard *guard, bool *visible);
/* The functions above; the connection's on-open hook. */
int dirs_register(sqlite3 *raw);

#endif
