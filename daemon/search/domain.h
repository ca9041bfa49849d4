/*
 * domain: a set of places, and which of them a query is true of.
 *
 * A place is a file, a part in one of the files that have its container, or a directory.
 * Truth is per place: a leaf of text holds if the place's document matches, or its
 * own name.  The tree is computed with a bit per place: one pass over an index
 * for each leaf, merged with the set, which is in the order of both indexes.
 */
#ifndef SEARCH_DOMAIN_H
#define SEARCH_DOMAIN_H

#include "search/plan.h"
#include "search/stopper.h"

struct member {
	int64_t row;	  /* of its name: the file's; the part's, which are above; the directory's, above these */
	int64_t file;	  /* 0: a directory */
	int64_t document; /* 0: none */
	int64_t mtime_ns, size;
	/* Scores of its document and of its name: sums over the leaves that are not negated. */
	double text, name;
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
	double average; /* length of a document */
	struct visible *visible; /* what counts for an idf; NULL: all */
	bool *cut;	/* set where not all that matches was looked at, and less is true then; NULL: look at all */
};

/*
 * Adds the rows (row, file, document, mtime_ns, size) of a statement.  These return true, or false when the stopper
 * has ended it or has a failure.
 */
bool domain_load(struct domain *d, struct stopper *s, sqlite3_stmt *rows);
/* When all are loaded: puts them in order, each once. */
bool domain_index(struct domain *d, struct stopper *s);
/* All are true. */
bool domain_accept(struct domain *d, struct stopper *s);
/* The truth for every member of those conjuncts of the query that have text. */
bool domain_evaluate(struct domain *d, const struct domain_context *c);
void domain_finish(struct domain *d);

bool domain_true(const struct domain *d, size_t member);
/* The member of that place; false if there is none. */
bool domain_find(const struct domain *d, int64_t row, int64_t file, size_t *member);
/* How two places stand: below 0, 0, above 0. */
int place_compare(int64_t row, int64_t file, const struct member *m);

#endif
