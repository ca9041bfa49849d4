/*
 * only: the rows that a search is about, where it is not about all: files that just changed, and their parts.
 *
 * Whoever asks the index for rows adds one of these conditions, so that what is found of a few files costs what few
 * files cost, and is what a search of everything would find of them.  NULL instead of one adds nothing.
 */
#ifndef SEARCH_ONLY_H
#define SEARCH_ONLY_H

#include "search/sql.h"

struct only {
	const int64_t *files; /* row ids */
	size_t file_count;
	const int64_t *dirs;
	size_t dir_count;
};

/* " AND `column` IN (…)" of files; of directories. */
void only_add_files(const struct only *o, const char *column, struct sql *out);
void only_add_dirs(const struct only *o, const char *column, struct sql *out);
/* The same of the documents of these files and of their parts. */
void only_add_documents(const struct only *o, const char *column, struct sql *out);
/* The same of row ids in the indexes over names; `has_parts` as in plan_context. */
void only_add_names(const struct only *o, bool has_parts, const char *column, struct sql *out);

#endif
