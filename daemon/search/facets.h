/*
 * facets: what a whole result consists of: how many hits have each type, extension, year, root, author, top folder.
 *
 * While hits are collected each is noted by its number alone; then the places behind them are walked once, in the
 * order of the index.  A hit counts once for each distinct value that its places have: those that pass all filters,
 * are visible, and of which the query is true.  A value is what the filter of that name takes: the year is that of
 * `modified:`, the root its name, the folder the absolute path of the first directory below the root, or the root's.
 */
#ifndef SEARCH_FACETS_H
#define SEARCH_FACETS_H

#include "core/buf.h"
#include "search/bound.h"

#include <stdbool.h>
#include <stdint.h>

#define FACET_TABLE(X)                                                                             \
	X(TYPE, "type")                                                                            \
	X(EXT, "ext")                                                                              \
	X(YEAR, "year")                                                                            \
	X(ROOT, "root")                                                                            \
	X(AUTHOR, "author")                                                                        \
	X(FOLDER, "folder")
enum facet {
#define X(id, name) FACET_##id,
	FACET_TABLE(X)
#undef X
		FACET_COUNT
};
/* The facet of that name, or FACET_COUNT. */
enum facet facet_find(const char *name);

struct facets;
struct facet_place;
struct hit;

enum {
	FACET_HITS_MAX = BOUND_RANKED, /* of more, the newest are counted */
	FACET_VALUES_MAX = 20000, /* that are told apart, of each facet */
	FACET_VALUES_SHOWN = 100,
	FACET_PAIRS_MAX = 400000, /* of groups and values */
};

/* `wanted`: a bit per enum facet; `grouped`: a hit is a file with its parts.  ST_NOMEM. */
MUST_USE enum status facets_create(unsigned wanted, bool grouped, struct facets **out);
void facets_destroy(struct facets *f); /* NULL is fine */
/*
 * Notes a document, or a file or part without one, that is among the hits.  Of a hit none of whose places passes
 * nothing is counted, so that noting one too many does no harm.  ST_NOMEM.
 */
MUST_USE enum status facets_offer(struct facets *f, const struct hit *h);
/* Not all hits were noted. */
void facets_bound(struct facets *f);

/* What facet_walk does with the hits, in the order of their numbers. */
struct noted {
	int64_t id;   /* as in struct hit */
	bool by_text; /* likewise */
};
const struct noted *facets_noted(struct facets *f, size_t *count);
/* The next hit's places follow. */
void facets_next(struct facets *f);
/* Counts one place of it.  ST_NOMEM. */
MUST_USE enum status facets_count(struct facets *f, const struct facet_place *p);

/* Appends ,"facets":{…},"facets_exact":…; `all`: every hit was collected, and counted.  ST_NOMEM. */
MUST_USE enum status facets_add(struct facets *f, bool all, struct buf *out);

#endif
