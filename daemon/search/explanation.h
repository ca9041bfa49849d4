/*
 * explanation: how a query was understood, for whoever wonders at what it found.
 */
#ifndef SEARCH_EXPLANATION_H
#define SEARCH_EXPLANATION_H

#include "search/plan.h"
#include "search/request.h"

/* Appends ,"explanation":{…}; protocol.md says what is in it. */
void explanation_add(const struct search_request *r, const struct plan *plan, struct buf *out);

#endif
