/*
 * match: the texts that filters look for, as read and as held against folded names and paths.
 *
 * A text without wildcards is found anywhere; a glob must match the whole.  In a glob `?` is one
 * character, `*` any run of them, and a backslash stands before a sign that is none of these.  In
 * paths neither takes a slash; a step `**` is any number of steps, at the end one at least; so is a
 * slash at the end; a glob that begins without a slash may begin at any step.  Pure; any thread.
 */
#ifndef SEARCH_MATCH_H
#define SEARCH_MATCH_H

#include "search/filter.h"

/*
 * A value of the query, escapes and all, to a folded text; `globs`: it may be one, *glob tells.
 * ST_INVALID if nothing is left of it.
 */
MUST_USE enum status match_read(
	const char *value, size_t len, bool globs, char **text, bool *glob);
/*
 * What the index over names is asked for such a text, with LIKE's wildcards: it may find too much.
 * NULL in *out if no three characters in a row are sure: the index is of no use then.
 */
MUST_USE enum status match_like(const char *text, bool glob, char **out);

/* Whether `folded` is what the filter looks for. */
bool match_text(const struct filter *f, const char *folded);
/* A slash is like any other sign. */
bool match_glob(const char *glob, const char *s);
bool match_path(const char *glob, const char *path);

#endif
