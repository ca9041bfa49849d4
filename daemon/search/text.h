/*
 * text: a document's text, unpacked from its start as far as somebody needs it.
 */
#ifndef SEARCH_TEXT_H
#define SEARCH_TEXT_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct text;

MUST_USE enum status text_create(struct text **out);
void text_destroy(struct text *t); /* NULL is fine */
/* Begins with a zstd frame, which must stay until the next begin. */
void text_begin(struct text *t, const void *packed, size_t len);
/*
 * At least `want` bytes from the start, or all (`*whole`).  The bytes live until the next call.
 * ST_CORRUPT, ST_NOMEM.
 */
MUST_USE enum status text_unpack(
	struct text *t, size_t want, const char **bytes, size_t *len, bool *whole);

#endif
