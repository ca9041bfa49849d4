/*
 * text: a document's text, read and unpacked from its start as far as somebody needs it.
 */
#ifndef SEARCH_TEXT_H
#define SEARCH_TEXT_H

#include "search/stopper.h"

#include <stdbool.h>
#include <stddef.h>

struct text;

/* NULL: the stopper has why. */
struct text *text_create(struct stopper *s, sqlite3 *raw);
void text_destroy(struct text *t); /* NULL is fine */
/* One document after the other; between begin and end its first pieces are held.  One without a text has an empty one. */
MUST_USE enum status text_begin(struct text *t, int64_t document);
void text_end(struct text *t);
/*
 * At least `want` bytes from the start, or all (`*whole`).  The bytes live until the next call.
 * ST_CORRUPT, ST_NOMEM; ST_AGAIN: it is late, and these are what there is.
 */
MUST_USE enum status text_unpack(
	struct text *t, size_t want, const char **bytes, size_t *len, bool *whole);

#endif
