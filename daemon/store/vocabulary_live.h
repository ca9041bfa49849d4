/*
 * vocabulary_live: the words of the indexes of text and names, merged, in order, as they are now.
 *
 * FTS5 counts the documents of each word by walking them, so that a step costs as much as the word is frequent.
 */
#ifndef STORE_VOCABULARY_LIVE_H
#define STORE_VOCABULARY_LIVE_H

#include "store/statements.h"
#include "store/vocabulary_block.h"

struct live_source {
	struct statement rows;
	bool more; /* a row stands */
	const char *text;
	int len;
	int64_t documents;
};

struct live {
	struct live_source sources[2];
	struct word word;     /* the one read last; of both counts the larger */
	int64_t steps;	      /* documents walked so far */
};

/* Words from `from` on (`after`: not itself), below `to`, which must all outlive it. */
void live_open(struct live *l, struct db *db, const char *from, size_t from_len, bool after,
	const char *to, size_t to_len);
bool live_next(struct live *l); /* false at the end or on failure */
/* What became of it; ends it. */
MUST_USE enum status live_close(struct live *l);

#endif
