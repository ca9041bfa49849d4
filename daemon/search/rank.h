/*
 * rank: scores of documents, and where they matched, from within FTS5.
 *
 * trawl_rank(fts, rank) is called on every row of a pass; it computes bm25 with
 * the lengths that the store keeps in memory (store/lengths.h): FTS5's own looks
 * a length up in a b-tree for each row, which costs more than all the rest.  As a
 * condition it hands the row to `take` and is true where the pass is to end: no
 * row leaves SQLite until then, which is a fifth of what one costs.
 *
 * The score of a document is the sum, over the phrases that are not negated, of
 *
 *   idf * (count * (k1 + 1) / (count + k1 * (1 - b + b * length / average)) + title + exact)
 *
 *   idf     ln(1 + (all - with + 0.5) / (with + 0.5)); 1 where one phrase is all there is.  A caller who may not see
 *           all gets one of what is visible, and an average length that is no index's: from a score nobody is to
 *           learn what others have.
 *   count   instances in the text, 5 for each in the title, those of other forms by their weight
 *   title   2.2 (k1 + 1, what no number of instances in a text can reach) if the title has the phrase; by its weight
 *   exact   4.4 if there are other forms and the phrase itself occurs: more than they can give
 *
 * and 5 * idf more for each phrase of a leaf that the name of one of its files matches, so that a hit
 * with all words in its title or name stands above those that have them in the text.  With recency it is
 * multiplied by 1 + 0.5^(age / half-life), the age that of the newest place that passes.
 *
 * bm25 with k1 1.2 and b 0.75: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
 * Beyond", 2009; title and forms as weighted counts before they saturate: the same, "BM25F"; 1 within the
 * logarithm: as Lucene has it, so that a word that most documents have still counts for something.
 */
#ifndef SEARCH_RANK_H
#define SEARCH_RANK_H

#include "search/plan.h"

#include "search/visible.h"

#include <sqlite3.h>
#include <stdint.h>

#define RANK_POINTER "trawl-rank"

enum { SPOTS_MAX = 64 }; /* places kept of one document */

/* One place in the text: `size` tokens from token `offset` on, for that phrase of the query. */
struct spot {
	uint32_t offset;
	uint16_t phrase, size;
	enum token_kind ending; /* of the phrase */
};
struct spots {
	size_t count; /* in order of offset */
	struct spot spot[];
};

/* One pass over fts. */
struct rank {
	const struct plan_match *match; /* the pass's expression */
	double *idf; /* by the query's phrase numbers; below 0: not known yet */
	double average; /* length of a document */
	struct visible *visible; /* what counts for an idf; NULL: all */
	/*
	 * Is this row worth a score (false: it is 0, and nothing else is asked)?  Then, with its
	 * score: are its places worth keeping?  Both may be NULL: yes; no.
	 */
	bool (*wants_score)(void *arg, int64_t id);
	bool (*wants_spots)(void *arg, int64_t id, double score);
	/* Gets the row; false: no more of them.  NULL: rows are wanted for themselves. */
	bool (*take)(void *arg, int64_t id, struct rank *r);
	void *arg;
	int tokens; /* of all phrases of the expression; 0: no row was seen */
	/* Of the row last seen. */
	double score;
	struct spots *spots; /* whoever takes it sets NULL */
};

/* More rows than these are not counted for an idf: how many there are is told from how close together they lie. */
enum { RANK_IDF_ROWS = 20000 };
/* So many are judged where not all are visible: some 10 ms. */
enum { RANK_IDF_JUDGED = 2000 };
/* How many documents there are; to who may not see all of them, always as many. */
int64_t rank_documents(const struct visible *v);
double rank_average(const struct visible *v);
/* How much a phrase that `with` of `all` documents have tells about one. */
double rank_idf(int64_t with, int64_t all);
/*
 * The share of one phrase in a score, before idf: `count` weighted instances in a text `length`
 * times the average.
 */
double rank_weight(double count, double length);
/* What a match in a file's name adds, before idf. */
extern const double rank_name_boost;
/* What a score is multiplied by; at most rank_recency_most. */
double rank_recency(int64_t age_s, int64_t half_life_s);
extern const double rank_recency_most;

/* The function above; the connection's on-open hook. */
int rank_register(sqlite3 *raw);

#endif
