/*
 * top: the best hits seen so far, in a bounded heap, and the order in which hits stand.
 */
#ifndef SEARCH_TOP_H
#define SEARCH_TOP_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SORT_TABLE(X)                                                                              \
	X(RELEVANCE, "relevance")                                                                  \
	X(TIME, "time")                                                                            \
	X(SIZE, "size")                                                                            \
	X(NAME, "name")                                                                            \
	X(PATH, "path")
enum sort {
#define X(id, name) SORT_##id,
	SORT_TABLE(X)
#undef X
};

/* One result: a document, or a file or part that has none; or the best of what one file has (group). */
struct hit {
	int64_t id;	      /* the document's; a file's or part's row, negative */
	double score;	      /* RELEVANCE's key */
	int64_t number;	      /* TIME (ns), SIZE */
	char *text;	      /* NAME (folded), PATH; else NULL */
	bool by_text;	      /* the document answers the query whatever its files are called */
	struct spots *spots;  /* where it matched; NULL: not known */
	bool group;	      /* id is that of the file's document: */
	int64_t group_best;	 /* what is shown of it, as id */
	int64_t group_container; /* the document in whose files that is a part; 0: a file itself */
	int64_t group_parts;	 /* parts that match */
};
void hit_finish(struct hit *h);
/* What is shown of it. */
static inline int64_t hit_shown(const struct hit *h)
{
	return h->group ? h->group_best : h->id;
}

struct top {
	enum sort sort;
	bool descending;
	const struct hit *after; /* only hits that stand behind it; NULL: all */
	size_t capacity;	 /* at least 1 */
	struct hit *hits;	 /* a heap, its worst first; top_sort makes it a list */
	size_t count, room;
};

/* Whether `a` stands before `b`. */
bool top_before(const struct top *t, const struct hit *a, const struct hit *b);
/* Whether such a hit would be kept now. */
bool top_admits(const struct top *t, const struct hit *h);
/* Whether one that stands there, or before, may be kept. */
bool top_may_keep(const struct top *t, const struct hit *h);
/* Takes what the hit owns, kept or not. */
MUST_USE enum status top_offer(struct top *t, struct hit *h);
/* Best first; the heap ends with it. */
void top_sort(struct top *t);
void top_finish(struct top *t);

#endif
