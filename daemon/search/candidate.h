/*
 * candidate: a document, or a place without one, that may be a hit: whether it is, what the order needs to know of
 * it, and where it is counted and kept.
 */
#ifndef SEARCH_CANDIDATE_H
#define SEARCH_CANDIDATE_H

#include "search/run.h"

enum candidate_state {
	CANDIDATE_UNSURE, /* some of its places fail the text */
	CANDIDATE_SURE,	  /* some place of it answers the text, if it passes the filters */
	CANDIDATE_READY,  /* it is a hit, and has what the order needs but for names and paths */
};

/* Takes what *h owns.  False: see the stopper. */
bool candidate_take(struct run *run, struct hit *h, enum candidate_state state);
/* A document that answers the text and is no more than counted.  False: its places would have to be read. */
bool candidate_count(struct run *run, int64_t document);

/* What the order needs of a place with that time and size, but for its name and path. */
void candidate_key(const struct run *run, int64_t mtime_ns, int64_t size, struct hit *h);
/* The highest score that such a one may get. */
double candidate_most(const struct run *run, double score);

#endif
