/* match: a filter's text against a folded name or path.  Pure; any thread. */
#ifndef SEARCH_MATCH_H
#define SEARCH_MATCH_H

#include "search/filter.h"

/* Whether `folded` holds the filter's text; a glob must match it whole. */
bool match_text(const struct filter *f, const char *folded);
/* `*` is any run of bytes, slashes too, `?` one character; all else stands for itself. */
bool match_glob(const char *glob, const char *s);

#endif
