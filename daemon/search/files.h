/*
 * files: the files of one hit that pass: all filters, visible, and true of the query.
 */
#ifndef SEARCH_FILES_H
#define SEARCH_FILES_H

#include "search/domain.h"
#include "search/top.h"

struct files;

struct file_view {
	int64_t id, dir, size, mtime_ns;
	const char *name; /* bytes; valid until the next row */
};

/*
 * Everything given must outlive it; `domain` (files whose truth was computed) may be empty.
 * NULL: see the stopper.
 */
struct files *files_create(sqlite3 *raw, struct stopper *s, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, const struct domain *domain);
void files_destroy(struct files *f); /* NULL is fine */

/* Begins with a hit's files, newest first.  False: see the stopper. */
bool files_begin(struct files *f, const struct hit *h);
/* The next that passes; false at the end, or when the stopper says so. */
bool files_next(struct files *f, struct file_view *view);
/* Ends early. */
void files_end(struct files *f);

#endif
