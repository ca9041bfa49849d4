/*
 * run: one search while it runs: what it was given, what it prepared, what it found so far.
 *
 * run.c sets it up, has collect.c fill the heap, and writes the page from it.
 */
#ifndef SEARCH_RUN_H
#define SEARCH_RUN_H

#include "search/domain.h"
#include "search/files.h"
#include "search/groups.h"
#include "search/hits.h"
#include "search/request.h"
#include "search/top.h"
#include "search/unfiled.h"

struct run {
	struct db *db;
	sqlite3 *raw;
	const struct search_request *r;
	const struct caller *caller;
	struct stopper stopper;
	struct plan *plan;
	struct dirs *dirs;
	const struct only *only; /* the rows that it is about; NULL: all */
	struct plan_context filters;
	struct domain domain; /* NATIVE: places whose names match a leaf; else: all that may answer */
	struct files *files;
	struct groups *groups; /* NULL: every hit for itself */
	struct facets *facets; /* NULL: nobody asks for them */
	struct top top;
	struct unfiled unfiled;
	/* Instead of keeping the best: called for each place of each hit; a false return ends it.  NULL: a search. */
	bool (*each)(void *arg, const struct hit *h, const struct file_view *place);
	void *each_arg;
	double *idf;	/* by phrase; NULL: not sorted by relevance */
	struct visible *visible; /* what counts for an idf; NULL: all */
	double average; /* length of a document */
	int64_t newest; /* documents that came later are left out; all: INT64_MAX */
	int64_t oldest; /* documents that came before are not ranked; all: 0 */
	int64_t total;
	bool partial;
	bool facets_partial; /* their time was up */
	/* what is told to later pages */
	int64_t last_seen, last_ranked; /* the newest hit; the oldest of those that are ranked */
	int64_t ranked, passed;		/* how many are; how many were looked at; see bound.h: */
	bool bounded;			/* not all that matches is ranked */
	bool uncounted;			/* nor counted */
	bool filtered;			/* NATIVE: the domain is all that the filters hold of */
	bool cut;			/* not all places were loaded that were looked for */
	/* the pass over fts, beside domain.documents, from their end */
	size_t at;
	uint64_t *reached; /* a bit per entry of domain.documents */
};

/*
 * Makes ready what a run works with; db, raw, r, caller and only are set, the stopper is installed.  run_finish even
 * if it failed.
 */
MUST_USE enum status run_prepare(struct run *run);
void run_finish(struct run *run);
/* What writes its hits; NULL: see the stopper. */
struct hits *run_hits(struct run *run);
/* Walks everything that matches: counts it and keeps the best.  False: see the stopper. */
bool collect(struct run *run);

#endif
