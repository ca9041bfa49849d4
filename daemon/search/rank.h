/*
 * rank: scores of documents, and where they matched, from within FTS5.
 *
 * trawl_rank(fts, rank) is called on every row of a pass; it computes bm25 with
 * the lengths that the store keeps in memory (store/lengths.h): FTS5's own looks
 * a length up in a b-tree for each row, which costs more than all the rest.
 */
#ifndef SEARCH_RANK_H
#define SEARCH_RANK_H

#include "search/plan.h"

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
	/*
	 * Is this row worth a score (false: it is 0, and nothing else is asked)?  Then, with its
	 * score: are its places worth keeping?  Both may be NULL: yes; no.
	 */
	bool (*wants_score)(void *arg, int64_t id);
	bool (*wants_spots)(void *arg, int64_t id, double score);
	void *arg;
	/* Of the row last seen. */
	double score;
	struct spots *spots; /* whoever takes it sets NULL */
};

/* How much a phrase that `with` of `all` documents have tells about one. */
double rank_idf(int64_t with, int64_t all);
/*
 * The share of one phrase in a score, before idf: `count` weighted instances in a text `length`
 * times the average.
 */
double rank_weight(double count, double length);
/* What a match in a file's name adds, before idf. */
extern const double rank_name_boost;

/* The function above; the connection's on-open hook. */
int rank_register(sqlite3 *raw);

#endif
