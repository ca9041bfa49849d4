/*
 * plan: how a query's tree is answered.
 *
 * FILTERS: no text; rows of files and parts by SQL.  NATIVE: one FTS5 expression answers the
 * text, SQL conditions the filters; files and parts whose names match are looked at one by
 * one.  SETS: what FTS5 cannot say (a filter within OR, only negations): every
 * leaf becomes a set of places (see domain.h).
 */
#ifndef SEARCH_PLAN_H
#define SEARCH_PLAN_H

#include "search/dirs.h"
#include "search/forms.h"
#include "search/only.h"
#include "search/query.h"
#include "search/sql.h"
#include "store/tokenizer.h"

enum plan_shape { PLAN_FILTERS, PLAN_NATIVE, PLAN_SETS };

/* A phrase of an FTS5 expression, in the order FTS5 numbers them. */
struct plan_phrase {
	size_t phrase; /* its number in the query */
	bool counts;   /* ranks and is marked; false below a negation */
	enum token_kind ending;
	double weight; /* of its instances in a score */
};

struct plan_match {
	struct buf text; /* the FTS5 expression */
	struct plan_phrase *phrases;
	size_t count;
	size_t nest; /* brackets inside one another */
};

struct plan {
	enum plan_shape shape;
	/* The conjuncts of the query: those with text, and the rest. */
	const struct query_node **texts, **filters;
	size_t text_count, filter_count;
	/* Expressions, empty where there is nothing to ask. */
	struct plan_match match; /* NATIVE: all of texts, over fts */
	struct plan_match names; /* any leaf that names may match, over name_word */
	struct plan_match marks; /* any leaf that is not negated, over fts */
	bool negates_text;
	struct forms *forms; /* NULL: words stand for themselves */
	bool bounded;	     /* and some prefix not even for all of it: there may be more than is found */
};

/* Takes *forms (nulled, even on failure); both may be NULL.  ST_NOMEM. */
MUST_USE enum status plan_create(const struct query *q, struct forms **forms, struct plan **out);
void plan_destroy(struct plan *p); /* NULL is fine */
/* Whether a single phrase of the query ranks, with whatever stands for it. */
bool plan_ranks_one(const struct plan *p);

void plan_match_finish(struct plan_match *m);
/* One leaf's expression, with what stands for its words (NULL: nothing); `names`: without the column, over name_word. */
MUST_USE enum status plan_leaf(const struct forms *forms, const struct query_node *leaf, bool names,
	struct plan_match *out);

/* What filters need to know when they run. */
struct plan_context {
	struct dirs *dirs;
	int64_t now_s;
	bool driving; /* the condition chooses the rows: let it use the index over names */
	bool has_parts; /* there are parts at all */
	bool of_parts;	/* rows are parts p, each with every file that has its container */
	bool of_dirs;	/* rows are directories, as files f whose `dir` is their parent */
	const struct only *only; /* the rows that it is about; NULL: all */
};
/* What directories are of. */
#define DIRECTORY_TYPE "inode/directory"
/* Appends what rows are taken from: file f, or part p and file f; and document d (left joined). */
void plan_places(const struct plan_context *c, struct sql *out);
/* Appends a condition over these for a tree of filters only. */
void plan_condition(const struct query_node *n, const struct plan_context *c, struct sql *out);

#endif
