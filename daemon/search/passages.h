/*
 * passages: the snippets of one document, from its packed text to JSON.
 */
#ifndef SEARCH_PASSAGES_H
#define SEARCH_PASSAGES_H

#include "search/snippet.h"
#include "search/stopper.h"

struct passages;

/* Of `tokens` (1..64) each, at most `count` (1..SNIPPETS_MAX) of a document.  ST_NOMEM. */
MUST_USE enum status passages_create(size_t tokens, size_t count, struct passages **out);
void passages_destroy(struct passages *p); /* NULL is fine */

/* Of a document without a text, or without one that is wanted. */
void passages_none(struct passages *p);
/* Makes those of a zstd frame.  The stopper may end it before all are made, and has what went wrong. */
void passages_make(struct passages *p, struct stopper *s, const void *packed, size_t len,
	const struct spots *spots);
/* Appends ,"snippet":{…} and, where more than one may be wanted, ,"snippets":[…]. */
void passages_add(const struct passages *p, struct buf *out);

#endif
