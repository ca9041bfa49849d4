/*
 * cursor: where a page ended, as an opaque string: words of sixteen hexadecimal digits with points between them.
 *
 * The first one, the check, ties it to one query in one order; the key of the last hit lets a page go on behind it
 * even if the hit itself has gone.  Beside them is what must stay as it was on the first page while the index moves,
 * so that no hit that did not change is shown twice or never: what scores are computed from, the moment, and the
 * documents that there were; the total too, so that all pages say the same.
 */
#ifndef SEARCH_CURSOR_H
#define SEARCH_CURSOR_H

#include "core/buf.h"
#include "search/top.h"

struct cursor {
	struct hit last;
	int64_t newest, oldest; /* documents: later ones are left out, earlier ones not ranked */
	int64_t now_s;
	int64_t total;
	bool total_exact, rank_bounded;
	double average;	  /* length of a document */
	double *idf;	  /* of each phrase of the query */
	size_t idf_count; /* 0: not sorted by relevance */
};

void cursor_finish(struct cursor *c);
void cursor_add(struct buf *out, uint64_t check, enum sort sort, const struct cursor *c);
/* `idf_count` as it must be.  ST_INVALID: malformed, or another query's; ST_NOMEM.  Then nothing is owned. */
MUST_USE enum status cursor_parse(
	const char *s, uint64_t check, enum sort sort, size_t idf_count, struct cursor *out);

/* A check of bytes that is the same in every process (FNV-1a, 64 bits). */
uint64_t cursor_check(const void *bytes, size_t len);

#endif
