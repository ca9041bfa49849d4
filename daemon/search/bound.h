/*
 * bound: how much of what matches one search looks at, so that it stays fast at any size.
 *
 * By count, the newest first, never by time: the same question has the same answer on a slow machine.  Whatever has
 * fewer matches is exact; what has more says so (rank_bounded, and total_exact where even counting ended).  A search
 * of a few rows only (only.h) has no bounds.
 */
#ifndef SEARCH_BOUND_H
#define SEARCH_BOUND_H

enum {
	BOUND_RANKED = 20000,  /* documents that are scored, or put in order by a fact of theirs */
	BOUND_COUNTED = 50000, /* and counted beyond that, where a row is one of a list and nothing need be read for it */
	BOUND_NAMES = 5000,    /* places of each kind whose names match */
	BOUND_READ = 60000,    /* documents whose files were read, once there are as many hits as these: */
	BOUND_ENOUGH = 1000,
	BOUND_PLACES = 20000,  /* places that filters give, or that nothing but their truth tells apart */
};

#endif
