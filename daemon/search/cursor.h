/*
 * cursor: where a page ended, as an opaque string: check "." id "." key.
 *
 * The check ties it to one query in one order; the key is the last hit's own, so
 * that a page goes on behind it even if the hit itself has gone.
 */
#ifndef SEARCH_CURSOR_H
#define SEARCH_CURSOR_H

#include "core/buf.h"
#include "search/top.h"

void cursor_add(struct buf *out, uint64_t check, enum sort sort, const struct hit *last);
/* ST_INVALID: malformed, or another query's; ST_NOMEM.  On success `out` owns its text. */
MUST_USE enum status cursor_parse(
	const char *s, uint64_t check, enum sort sort, struct hit *out);

/* A check of bytes that is the same in every process (FNV-1a, 64 bits). */
uint64_t cursor_check(const void *bytes, size_t len);

#endif
