/*
 * leaf: which places of a domain one leaf of the query is true of; see domain.h.
 */
#ifndef SEARCH_LEAF_H
#define SEARCH_LEAF_H

#include "search/domain.h"

struct leaf_job {
	struct domain *d;
	const struct domain_context *c;
	bool negative;	      /* below a negation: nothing scores */
	const uint64_t *need; /* the members that it is asked for; NULL: all */
	uint64_t *bits; /* a bit per member, to be set */
};

/* Text: by the document or by the place's name; adds to the members' scores. */
void leaf_text(struct leaf_job *j, const struct query_node *leaf);
/* A tree of filters only. */
void leaf_filters(struct leaf_job *j, const struct query_node *n);

#endif
