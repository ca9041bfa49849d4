/*
 * filter: one fact about a file that a query asks for, such as size:>1M.
 *
 * Values are checked here, when the query is parsed; plan turns them into SQL.
 */
#ifndef SEARCH_FILTER_H
#define SEARCH_FILTER_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The fields of the query language.  title is text, not a filter; it is here because it is
 * spelled alike.
 */
#define FIELD_TABLE(X)                                                                             \
	X(TITLE, "title")                                                                          \
	X(NAME, "name")                                                                            \
	X(PATH, "path")                                                                            \
	X(EXT, "ext")                                                                              \
	X(TYPE, "type")                                                                            \
	X(AUTHOR, "author")                                                                        \
	X(ROOT, "root")                                                                            \
	X(SIZE, "size")                                                                            \
	X(AFTER, "after")                                                                          \
	X(BEFORE, "before")                                                                        \
	X(MODIFIED, "modified")
enum field {
#define X(id, name) FIELD_##id,
	FIELD_TABLE(X)
#undef X
		FIELD_NONE
};
/* The field of that name (ASCII case does not count), or FIELD_NONE. */
enum field field_find(const char *name, size_t len);
const char *field_name(enum field f);

/* A moment as written: a date, or so long ago. */
enum moment_kind { MOMENT_OPEN, MOMENT_DATE, MOMENT_AGO };
struct moment {
	enum moment_kind kind;
	int64_t value; /* DATE: seconds UTC; AGO: seconds before now */
};
/* Seconds UTC.  Days and longer count from the UTC day's start, shorter times from the minute's. */
int64_t moment_resolve(struct moment m, int64_t now_s);

struct filter {
	enum field field; /* never TITLE or NONE; AFTER and BEFORE are MODIFIED here */
	char *text;	  /* NAME, PATH, AUTHOR, ROOT: folded; EXT, TYPE: a list, see below */
	bool glob;	  /* NAME, PATH: text holds * or ? */
	int64_t min, max; /* SIZE: bytes, both included */
	struct moment from, until; /* MODIFIED: from <= mtime < until */
};

/*
 * Reads a value.  ST_INVALID with *why set (static text, "expected …") and *at the
 * offset of the fault in the value; ST_NOMEM.
 */
MUST_USE enum status filter_create(enum field field, const char *value, size_t len,
	struct filter **out, const char **why, size_t *at);
/* A list is strings one behind the other, in lower case, an empty one at the end. */
const char *filter_next_item(const char *item);
void filter_destroy(struct filter *f); /* NULL is fine */
/* Canonical form; relative times as of `now_s`, or as typed if it is negative. */
void filter_print(const struct filter *f, int64_t now_s, struct buf *out);

#endif
