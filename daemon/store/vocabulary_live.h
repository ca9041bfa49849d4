/*
 * vocabulary_live: the words of the indexes of text and names, merged, in order, as they are now.
 *
 * FTS5 counts the documents of each word by walking them, so that a step costs as much as the word is frequent.
 */
#ifndef STORE_VOCABULARY_LIVE_H
#define STORE_VOCABULARY_LIVE_H

#include "store/statements.h"
#include "store/vocabulary_block.h"

/* A word that was counted and not taken yet, of each index: counting it again would cost as much as it is frequent. */
struct live_ahead {
	bool known[2];
	struct word words[2];
};

struct live_source {
	struct statement rows;
	bool opened;
	bool more; /* a row stands */
	const char *text;
	int len;
	int64_t documents;
};

struct live {
	struct db *db;
	const char *to;
	size_t to_len;
	struct live_source sources[2];
	struct live_ahead ahead; /* what the sources began with, if they were told */
	struct word word;     /* the one read last; of both counts the larger */
	int64_t steps;	      /* documents walked so far */
};

/* Words that begin with `from`, and all others up to `to`, not itself; both must outlive it. */
void live_open(struct live *l, struct db *db, const char *from, size_t from_len, const char *to,
	size_t to_len);
/* The words behind `from`; those that `ahead` knows are not counted again. */
void live_go_on(struct live *l, struct db *db, const char *from, size_t from_len, const char *to,
	size_t to_len, const struct live_ahead *ahead);
/* Where it stands, for live_go_on. */
void live_stop(const struct live *l, struct live_ahead *ahead);
bool live_next(struct live *l); /* false at the end or on failure */
/* What became of it; ends it. */
MUST_USE enum status live_close(struct live *l);

#endif
