/*
 * subscribe_glob: patterns of paths.  Pure; any thread.
 *
 * An absolute path in which `*` is any run of bytes without a slash, `**` any run with slashes too, a slash, `**` and a
 * slash also a single slash, `?` one character but a slash, and a backslash takes what follows as it is.  Without a
 * wildcard it is that path and all below it.
 */
#ifndef SERVE_SUBSCRIBE_GLOB_H
#define SERVE_SUBSCRIBE_GLOB_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { GLOB_BYTES_MAX = 4096 };

struct glob;

/* ST_INVALID: not absolute, too long, or a backslash at the end; ST_NOMEM. */
MUST_USE enum status glob_create(const char *pattern, struct glob **out);
void glob_destroy(struct glob *g); /* NULL is fine */

bool glob_matches(const struct glob *g, const char *path);
/* Whether some path below `dir` could match. */
bool glob_reaches_below(const struct glob *g, const char *dir);

#endif
