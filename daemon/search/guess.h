/*
 * guess: "did you mean": the query with those of its words that occur nowhere replaced by what was most likely meant.
 */
#ifndef SEARCH_GUESS_H
#define SEARCH_GUESS_H

#include "search/query.h"
#include "search/stopper.h"

struct guess {
	struct db *db;
	struct stopper *stopper;
	const struct caller *caller; /* words that nothing visible has occur nowhere, and are not offered */
	const struct query *query;
	const char *text; /* that the query was parsed from */
};

/* Whether some word may occur nowhere: where all that are required are found together, none does. */
bool guess_is_due(const struct query *q, int64_t total);
/*
 * Appends the text with the words replaced in place, all else as typed; nothing where there is nothing to replace, or to
 * replace it by.  Bounded work.  See the stopper for trouble.
 */
void guess_add(const struct guess *g, struct buf *out);

#endif
