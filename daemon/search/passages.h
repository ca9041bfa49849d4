/*
 * passages: the snippets of one document, from its packed text to JSON.
 */
#ifndef SEARCH_PASSAGES_H
#define SEARCH_PASSAGES_H

#include "search/snippet.h"
#include "search/stopper.h"

struct passages;

/*
 * Of `tokens` (1..64) each, at most `count` (1..SNIPPETS_MAX) of a document.  The stopper may end what it does, and has
 * what went wrong; NULL then.
 */
struct passages *passages_create(struct stopper *s, sqlite3 *raw, size_t tokens, size_t count);
void passages_destroy(struct passages *p); /* NULL is fine */

/* Of a document without a text, or without one that is wanted. */
void passages_none(struct passages *p);
/* Makes those of a document. */
void passages_make(struct passages *p, int64_t document, const struct spots *spots);
/* Appends ,"snippet":{…} and, where more than one may be wanted, ,"snippets":[…]. */
void passages_add(const struct passages *p, struct buf *out);

#endif
