/*
 * domain: a set of places, and which of them a query is true of.
 *
 * A place is a file, or a part in one of the files that have its container.
 * Truth is per place: a leaf of text holds if the place's document matches, or its
 * own name.  The tree is computed with a bit per place: one pass over an index
 * for each leaf, merged with the set, which is in the order of both indexes.
 */
#ifndef SEARCH_DOMAIN_H
#define SEARCH_DOMAIN_H

#include "search/plan.h"
#include "search/stopper.h"

struct member {
	int64_t row;	  /* of its name: the file's, or the part's, which are above all files */
	int64_t file;
	int64_t document; /* 0: none */
	/* Scores of its document and of its name: sums over the leaves that are not negated. */
	double text, name;
	double unweighted; /* of the leaf being evaluated */
};

struct domain {
	struct member *members; /* by row, then file */
	size_t count, room;
	uint32_t *documents; /* members that have a document, by it */
	size_t document_count;
	uint64_t *truth; /* a bit per member; set by domain_evaluate */
};

struct domain_context {
	sqlite3 *raw;
	struct stopper *stopper;
	const struct plan *plan;
	const struct plan_context *filters;
	double *idf; /* by phrase; NULL: nothing is ranked */
};

/*
 * Adds the rows (row, file, document) of a statement, in the order of row and file.  These
 * return true, or false when the stopper has ended it or has a failure.
 */
bool domain_load(struct domain *d, struct stopper *s, sqlite3_stmt *rows);
/* When all are loaded: puts `documents` in order. */
bool domain_index(struct domain *d, struct stopper *s);
/* The query's truth for every member: all conjuncts, or with `texts_only` those with text. */
bool domain_evaluate(struct domain *d, const struct domain_context *c, bool texts_only);
void domain_finish(struct domain *d);

bool domain_true(const struct domain *d, size_t member);
/* The member of that place; false if there is none. */
bool domain_find(const struct domain *d, int64_t row, int64_t file, size_t *member);
/* How two places stand: below 0, 0, above 0. */
int place_compare(int64_t row, int64_t file, const struct member *m);

#endif
