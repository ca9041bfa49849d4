/*
 * facet_walk: the places behind noted hits, a hit's after the other's, for the facets to count.
 */
#ifndef SEARCH_FACET_WALK_H
#define SEARCH_FACET_WALK_H

#include "search/domain.h"
#include "search/facets.h"

/* What the facets want to know of a place: a file, a part in a file, or a directory. */
struct facet_place {
	int64_t dir;		       /* that it is in */
	int64_t mtime_ns;	       /* of a part: its file's, as modified: has it */
	int64_t group;		       /* where hits are grouped: the document, or file, that this one counts for */
	const char *ext, *type, *author; /* "" if it has none; these live until the next place */
	const char *path;		 /* of `dir`, and of its root; absolute */
	const char *root_path, *root;	 /* and the root's name */
};

/* As files_create has it, for files.c shows the same places. */
struct facet_walk {
	sqlite3 *raw;
	struct stopper *stopper;
	const struct plan *plan;
	const struct plan_context *filters;
	const struct caller *caller;
	const struct domain *domain;
};

/* Counts them all.  False: see the stopper. */
bool facet_walk(const struct facet_walk *w, unsigned wanted, struct facets *f);

#endif
