/*
 * forms: words of the index that stand for a word of a query.
 *
 * Two kinds.  Besides a plain word: those that have the same stem in one of the
 * configured languages; they count less, so that the word itself comes first.
 * Instead of a prefix that would have FTS5 merge more postings than a search
 * has time for, which cannot be interrupted: the most frequent words that begin
 * so; then the answer is bounded.
 */
#ifndef SEARCH_FORMS_H
#define SEARCH_FORMS_H

#include "search/query.h"
#include "store/db.h"

enum {
	FORMS_OF_A_WORD = 16,
	FORMS_OF_A_QUERY = 128,
	FORMS_OF_A_PREFIX = 12,
	FORMS_PREFIX_POSTINGS = 40000, /* a prefix that stands for more is bounded: some 15 ms */
};

/* What another form counts, where the word itself counts 1. */
extern const double forms_weight;

struct phrase_forms {
	char **texts; /* each a phrase, cut by the tokenizer as any */
	size_t count;
	bool instead; /* of the phrase; else beside it */
};

struct forms {
	struct phrase_forms *phrases; /* by their numbers in the query */
	size_t count;
	bool bounded; /* some prefix has only its most frequent words */
};

/*
 * On a reader, within its snapshot; bounded work.  `bound`: prefixes may be, else they stand for all, whatever it costs.
 * *out is NULL where there is nothing to ask.  What the connection's progress handler ends is left out.  ST_NOMEM,
 * ST_IO, ST_CORRUPT.
 */
MUST_USE enum status forms_create(
	struct db *db, const struct query *q, bool bound, struct forms **out);
void forms_destroy(struct forms *f); /* NULL is fine */
/* Takes back what stands instead of prefixes: of few rows each matters, and whatever they begin with is soon read. */
void forms_unbound(struct forms *f); /* NULL is fine */
/*
 * How many bytes of its last word, folded, every other form of the phrase has too; -1: it has none.  They depend on the
 * languages of this moment.  ST_NOMEM.
 */
MUST_USE enum status forms_common(const struct query_phrase *p, int *bytes);
/*
 * How many documents have the one word that a phrase of a query is, and each of what stands beside it, in all; 0: that
 * is not known, for it is no such word, or a rare one, or too new.
 */
MUST_USE enum status forms_frequency(struct db *db, const struct forms *f,
	const struct query_phrase *p, size_t phrase, int64_t *documents);
/* Those of a phrase, NULL if there are none. */
const struct phrase_forms *forms_of(const struct forms *f, size_t phrase);

/* Whether some word of a leaf has other forms beside it. */
bool forms_are_beside(const struct forms *f, const struct query_node *leaf);

#endif
