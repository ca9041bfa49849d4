/*
 * places: the places that a search evaluates one by one, taken into its domain: newest first, to a bound.
 *
 * Of each kind (files, parts, directories) come those that a *source* gives: a match of names, the documents of a
 * match of text, a filter, or all.  That not all did is told by run->bounded.
 */
#ifndef SEARCH_PLACES_H
#define SEARCH_PLACES_H

#include "search/run.h"

/*
 * NATIVE: those whose names match any word of the query; or, where these are many, all that one of its words can be
 * true of.  Both: false, see the stopper.
 */
bool places_load_named(struct run *run);
/* FILTERS and SETS: those that may answer, of which the filters beside the text hold, and which the caller may see. */
bool places_load_filtered(struct run *run);

/*
 * NATIVE: those of which the filters hold, where they are few, while many documents have the words; *found tells
 * whether it is so.
 */
bool places_load_few(struct run *run, bool *found);

#endif
