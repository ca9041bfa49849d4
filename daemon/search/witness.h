/*
 * witness: whether anything that a caller may see has a word, in its text or its name.
 *
 * For words that are handed out without having come through a search.  Where the
 * caller sees all, one row of either index will do.  Else rows are judged, the
 * newest first, and no more of them than the caller of this allows: a word of
 * which none was visible by then counts as one that is not there.
 */
#ifndef SEARCH_WITNESS_H
#define SEARCH_WITNESS_H

#include "search/stopper.h"

struct witness;

/* Everything given must outlive it.  `rows`: how many are judged in all.  NULL: see the stopper. */
struct witness *witness_create(
	struct db *db, const struct caller *caller, struct stopper *s, int64_t rows);
void witness_destroy(struct witness *w); /* NULL is fine */

/*
 * In how many places it was seen, at most `most`: documents, and failing these names.  `phrase` is quoted for FTS5 and
 * cut as any phrase.  0 also when the stopper says so.
 */
int64_t witness_count(struct witness *w, const char *phrase, size_t len, int64_t most);
/* The same as a yes or no. */
bool witness_has(struct witness *w, const char *phrase, size_t len);
/* From now on so many rows, instead of what is left. */
void witness_allow(struct witness *w, int64_t rows);
/* Whether it has judged as many rows as it was allowed to: what it said since may be too little. */
bool witness_is_spent(const struct witness *w);

/* "text" as one phrase of an FTS5 expression. */
void fts_add_quoted(struct buf *out, const char *text, size_t len);

#endif
