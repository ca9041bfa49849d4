/*
 * files: the places of one hit that pass: all filters, visible, and true of the query.  Files first, then parts.
 */
#ifndef SEARCH_FILES_H
#define SEARCH_FILES_H

#include "search/domain.h"
#include "search/top.h"

struct files;

/* A file; a part, and a file that has its container; or a directory, which has a parent and no document. */
struct file_view {
	int64_t file;		     /* 0: a directory */
	int64_t dir, size, mtime_ns; /* of a part: its own, but for the directory */
	const char *name;	     /* bytes; this and the strings below are valid until the next row */
	const char *part;	     /* its path within the file; NULL: the file itself */
	const char *part_type;	     /* MIME, as its container says; "" if unknown */
	int64_t row;		     /* of the part; DIR_FIRST and that of the directory; 0 of a file */
	int64_t container;	     /* of the part; else 0 */
};

/*
 * Everything given must outlive it; `domain` (places whose truth was computed) may be empty.
 * NULL: see the stopper.
 */
struct files *files_create(sqlite3 *raw, struct stopper *s, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, const struct domain *domain);
void files_destroy(struct files *f); /* NULL is fine */

/* Appends to a condition over rows of plan_places: that the filters hold of them, and that the caller may see them. */
void files_add_conditions(const struct plan *plan, const struct plan_context *c,
	const struct caller *caller, struct sql *sql);

/* The latter alone. */
void files_add_sight(const struct plan_context *c, const struct caller *caller, struct sql *sql);

/* Begins with a hit's places, of each kind the newest first.  False: see the stopper. */
bool files_begin(struct files *f, const struct hit *h);
/* The next that passes; false at the end, or when the stopper says so. */
bool files_next(struct files *f, struct file_view *view);
/* From now on places of this file alone; 0: of all. */
void files_only(struct files *f, int64_t file);
/* Ends early. */
void files_end(struct files *f);

#endif
