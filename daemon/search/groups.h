/*
 * groups: the hits of one search under the files that have them: of each the best, and how many parts there are.
 */
#ifndef SEARCH_GROUPS_H
#define SEARCH_GROUPS_H

#include "search/top.h"

struct groups;

/* ST_NOMEM. */
MUST_USE enum status groups_create(struct groups **out);
void groups_destroy(struct groups *g); /* NULL is fine */
/*
 * One place of a hit, under place->id; the order is that of `top`.  `part`: its row, 0 of a file; a part that is in
 * several files of the group counts once.  Takes what the place owns.
 */
MUST_USE enum status groups_offer(
	struct groups *g, const struct top *top, struct hit *place, int64_t part);
size_t groups_count(const struct groups *g);
/* Offers the best of each to `top`; once. */
MUST_USE enum status groups_flush(struct groups *g, struct top *top);

#endif
