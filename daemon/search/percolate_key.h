/*
 * percolate_key: what every match of a query must have, so that most of what changes need not be held against it.
 */
#ifndef SEARCH_PERCOLATE_KEY_H
#define SEARCH_PERCOLATE_KEY_H

#include "search/query.h"

enum {
	PERCOLATE_KEYS_MAX = 16,
	PERCOLATE_GROUPS = 2, /* a match has one of each group that is not empty */
	PERCOLATE_WORD_MAX = 63 /* bytes: of a longer word, its beginning is asked for */
};

enum percolate_key_kind {
	PERCOLATE_BY_WORD,
	PERCOLATE_BY_PREFIX,
	PERCOLATE_BY_EXTENSION,
	PERCOLATE_BY_NAME, /* what `filter` looks for; no word */
};

struct percolate_key {
	enum percolate_key_kind kind;
	unsigned char len;
	char word[PERCOLATE_WORD_MAX + 1];
	const struct filter *filter; /* the query's */
};
/* A match has at least one of these; none at all: nothing can be said. */
struct percolate_keys {
	size_t count;
	struct percolate_key key[PERCOLATE_KEYS_MAX];
};

/* They hold for the languages of this moment (stems.h).  ST_NOMEM. */
MUST_USE enum status percolate_keys_find(
	const struct query *q, struct percolate_keys out[PERCOLATE_GROUPS]);

#endif
