/*
 * vocabulary: the words of the index with how many documents have them, by prefix.  Any connection.
 *
 * FTS5 knows its words, but counts them by walking all they stand for: good for a
 * range of rare ones, far too slow for a letter.  So there is a snapshot, kept in
 * blocks of words that say how much they hold (vocabulary_block.h) and made anew
 * when the writer has nothing else to do (vocabulary_round.h).  What would cost
 * little to ask of the index itself is asked there and is exact; what stands for
 * much is taken from the snapshot, where a few documents more or less do not
 * change what is frequent.
 */
#ifndef STORE_VOCABULARY_H
#define STORE_VOCABULARY_H

#include "store/db.h"
#include "store/vocabulary_block.h"

/* A range is asked of the index itself where its words stand for so many documents in all, or fewer: 2 ms. */
enum { VOCABULARY_LIVE_MAX = 20000 };

struct vocabulary_extent {
	bool counted;	   /* false: there is no snapshot yet */
	int64_t documents; /* the sum of the documents of all words that begin so: postings, not files */
};
MUST_USE enum status vocabulary_extent(
	struct db *db, const char *prefix, size_t len, struct vocabulary_extent *out);

/* A false return ends it.  The word lives for the call. */
typedef bool vocabulary_each(void *arg, const struct word *w);

/*
 * The words that begin with a prefix, at most VOCABULARY_PREFIX_MAX bytes, in order.  A range that stands for more than
 * `live` (at most VOCABULARY_LIVE_MAX) is as of the snapshot: words may be gone by now, and new ones be missing.  One of
 * a store without a snapshot ends early where it is large.  ST_CANCELED by the connection's progress handler.
 */
enum { VOCABULARY_PREFIX_MAX = WORD_BYTES_MAX };
MUST_USE enum status vocabulary_walk(
	struct db *db, const char *prefix, size_t len, int64_t live, vocabulary_each *each, void *arg);
/* The same with VOCABULARY_LIVE_MAX, the most frequent first, at most `limit` of them. */
MUST_USE enum status vocabulary_top(struct db *db, const char *prefix, size_t len, size_t limit,
	vocabulary_each *each, void *arg);

/* How many documents have just that word, as of the snapshot; 0: it has not got it, or there is none yet. */
MUST_USE enum status vocabulary_frequency(
	struct db *db, const char *word, size_t len, int64_t *documents);

/* For db_check: blocks are whole, in order, and say of themselves what is true; one fault a line. */
MUST_USE enum status vocabulary_check(struct db *db, struct buf *report);

#endif
