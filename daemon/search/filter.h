/*
 * filter: one fact about a file that a query asks for, such as size:>1M.
 *
 * Values are checked here, when the query is parsed; condition turns them into SQL.
 */
#ifndef SEARCH_FILTER_H
#define SEARCH_FILTER_H

#include "core/buf.h"
#include "search/moment.h"

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
	X(PART, "part")                                                                            \
	X(EXT, "ext")                                                                              \
	X(TYPE, "type")                                                                            \
	X(LANG, "lang")                                                                            \
	X(AUTHOR, "author")                                                                        \
	X(FROM, "from")                                                                            \
	X(TO, "to")                                                                                \
	X(CC, "cc")                                                                                \
	X(SUBJECT, "subject")                                                                      \
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

struct filter {
	enum field field; /* never TITLE or NONE; AFTER and BEFORE are MODIFIED here */
	char *text;	  /* EXT, TYPE, LANG: a list, see below; of other texts folded, a glob with its escapes */
	bool glob;	  /* text holds a * or ? that is none of the value's own signs: match.h */
	char *like;	  /* NAME: what the index over names is asked, with LIKE's signs; NULL: it cannot help */
	int64_t min, max; /* SIZE: bytes, both included */
	struct moment from, until; /* MODIFIED: from <= mtime < until */
};

/*
 * Reads a value as it stands in the query, escapes and all.  ST_INVALID with *why set (static text,
 * what was expected) and *at the offset of the fault in the value; ST_NOMEM.
 */
MUST_USE enum status filter_create(enum field field, const char *value, size_t len,
	struct filter **out, const char **why, size_t *at);
/* A list is strings one behind the other, in lower case, an empty one at the end. */
const char *filter_next_item(const char *item);
bool filter_is_list(const struct filter *f);
void filter_destroy(struct filter *f); /* NULL is fine */
/* Canonical form; relative times as of `now_s`, or as typed if it is negative. */
void filter_key(const struct filter *f, int64_t now_s, struct buf *out);

#endif
