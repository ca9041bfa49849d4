/*
 * scope: what of a tree is indexed: ignore rules along the way, hidden names, version-control internals.
 *
 * A scope is the view from one directory: the sets of its root and of every
 * directory down to it.  Immutable, made on the loop, used on a scan thread.
 */
#ifndef WATCH_SCOPE_H
#define WATCH_SCOPE_H

#include "watch/ignore.h"

#define SCOPE_FILE ".trawlignore"

struct scope_level {
	struct ignore *set; /* held */
	size_t depth;	    /* bytes of the directory's path below the root that the set's own directory has */
};

struct scope {
	bool hidden; /* names with a leading dot are wanted */
	struct scope_level *levels; /* root first */
	size_t count;
};

void scope_finish(struct scope *s);
MUST_USE enum status scope_add(struct scope *s, struct ignore *set, size_t depth);

struct scope_verdict {
	bool ignored;
	const char *rule;   /* static, or the pattern; NULL if not ignored */
	const char *source; /* file or section; NULL for built-in rules */
	int line;
};
/* `dir` is the path below the root ("" for the root itself), `name` one component. */
struct scope_verdict scope_judge(const struct scope *s, const char *dir, const char *name, bool is_dir);

#endif
