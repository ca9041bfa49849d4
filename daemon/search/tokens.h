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
/* Calls `each` with the byte range of every token, in order, until it returns false.  ST_NOMEM. */
MUST_USE enum status tokens_each(struct tokens *t, const char *text, size_t len,
	bool (*each)(void *arg, size_t start, size_t end), void *arg);
/*
 * The same with the words as the index has them.  `query`: as the phrase of a query is cut.  `same`: it stands where the
 * word before it stands, another form of it.
 */
MUST_USE enum status tokens_words(struct tokens *t, const char *text, size_t len, bool query,
	bool (*each)(void *arg, const char *word, size_t len, bool same), void *arg);
/* How many tokens there are, at most `most`. */
MUST_USE enum status tokens_count(
	struct tokens *t, const char *text, size_t len, size_t most, size_t *count);

#endif
