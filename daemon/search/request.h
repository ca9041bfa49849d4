/*
 * request: the parameters of one search, checked.  Its public half is in search.h.
 */
#ifndef SEARCH_REQUEST_H
#define SEARCH_REQUEST_H

#include "search/facets.h"
#include "search/cursor.h"
#include "search/query.h"
#include "search/search.h"
#include "search/top.h"

enum {
	REQUEST_LIMIT_MAX = 100000,
	REQUEST_OFFSET_MAX = 1000000,
	REQUEST_SNIPPET_MAX = 64,
	REQUEST_SNIPPETS_MAX = 8,
	REQUEST_RECENCY_MAX = 36500,
};

struct search_request {
	struct query *query;
	char *text; /* that it was parsed from */
	/* Never RELEVANCE where nothing ranks: a query of filters or negations alone. */
	enum sort sort;
	bool descending;
	int64_t limit, offset;
	bool after_cursor; /* `after` is where the last page ended */
	struct cursor after;
	int64_t snippet; /* tokens; 0: none */
	int64_t snippets; /* how many of them at most; at least 1 */
	int64_t recency;  /* days in which the boost of what is new is halved; 0: none */
	unsigned facets;  /* a bit per enum facet */
	bool group;	 /* parts under their file */
	bool explain;	 /* say how the query was understood */
	int64_t max_age_ms, sync_ms, timeout_ms;
	uint64_t check; /* of query and order: a cursor belongs to them */
};

/* Whether anything in the tree can give a file a rank. */
bool request_ranks(const struct query_node *n);

#endif
