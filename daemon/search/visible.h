/*
 * visible: whether a caller may see a file, a directory or a document, by the number of its row.
 *
 * For whatever is handed out without having come through a search: words, matches of a subscription, single files.  One
 * for each caller and snapshot, used by one thread.  A caller who sees all is told so without a look at any row.
 */
#ifndef SEARCH_VISIBLE_H
#define SEARCH_VISIBLE_H

#include "search/dirs.h"

struct visible;

/* `caller` and the connection must outlive it.  ST_NOMEM. */
MUST_USE enum status visible_create(sqlite3 *raw, const struct caller *caller, struct visible **out);
void visible_destroy(struct visible *v); /* NULL is fine */

/* All of them give an SQLite result code; what has no row is not visible. */

/* Whether the caller could open the file, by file(id). */
int visible_file(struct visible *v, int64_t file, bool *visible);
/* Whether the caller could list the directory, by dir(id): then it is a hit. */
int visible_directory(struct visible *v, int64_t dir, bool *visible);
/* A row of the name indexes: a file, a part (then some visible file has its container), or a directory. */
int visible_name(struct visible *v, int64_t row, bool *visible);
/* Whether a visible file has the document, or has a container that it is a part of. */
int visible_document(struct visible *v, int64_t document, bool *visible);

/* The judge of directories behind it, for paths and for rows that are at hand already. */
struct dirs *visible_dirs(struct visible *v);

#endif
