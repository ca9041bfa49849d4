/*
 * explanation: how a query was understood, for whoever wonders at what it found.
 */
#ifndef SEARCH_EXPLANATION_H
#define SEARCH_EXPLANATION_H

#include "search/plan.h"
#include "search/request.h"
#include "search/witness.h"

/*
 * Appends ,"explanation":{…}; protocol.md says what is in it.  Words of the index are told if the witness has them.
 * `bounded`: only the newest matches were ranked.
 */
void explanation_add(const struct search_request *r, const struct plan *plan, bool bounded,
	struct witness *witness, struct buf *out);

#endif
