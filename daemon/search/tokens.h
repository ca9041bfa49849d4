/*
 * tokens: text cut into words exactly as the index cuts it.
 *
 * The parser asks whether a word holds a token at all, the snippet where the
 * tokens lie.  An instance belongs to one thread; any number may exist.
 */
#ifndef SEARCH_TOKENS_H
#define SEARCH_TOKENS_H

#include "core/status.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct tokens;

/* FTS5's own interface of a connection; NULL if it has none. */
fts5_api *tokens_fts5(sqlite3 *raw);

MUST_USE enum status tokens_create(struct tokens **out);
void tokens_destroy(struct tokens *t); /* NULL is fine */
/* How many tokens a query's phrase has, at most `most`. */
MUST_USE enum status tokens_count(
	struct tokens *t, const char *text, size_t len, size_t most, size_t *count);

#endif
