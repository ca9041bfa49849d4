/*
 * collect: everything that matches, counted, the best of it kept; see run.h.
 *
 * In the native shape a pass over fts runs beside the places whose names match a word, the newest document first: for
 * those the names count as well.  In the others all that may answer is a domain, and what is true of it is taken.
 */
#include "core/mem.h"
#include "search/bits.h"
#include "search/bound.h"
#include "search/candidate.h"
#include "search/places.h"
#include "search/rank.h"
#include "store/kept.h"

/* --- the pass over fts --- */

static int64_t document_before(const struct domain *d, size_t at)
{
	return d->members[d->documents[at - 1]].document;
}

/*
 * Moves down along domain.documents; whether the document has places whose names match, *boost the
 * best of them.
 */
static bool reach(struct run *run, int64_t document, double *boost)
{
	const struct domain *d = &run->domain;
	bool found = false;

	*boost = 0;
	while (run->at && document_before(d, run->at) > document)
		run->at--;
	for (size_t i = run->at; i && document_before(d, i) == document; i--) {
		size_t member = d->documents[i - 1];

		found = true;
		if (domain_true(d, member) && d->members[member].name > *boost)
			*boost = d->members[member].name;
	}
	return found;
}

static void mark_reached(struct run *run, int64_t document)
{
	for (size_t i = run->at; i && document_before(&run->domain, i) == document; i--)
		bits_set(run->reached, i - 1);
}

/* Those that are older than what the first page ranked are counted at most. */
static bool is_ranked(const struct run *run, int64_t document)
{
	return run->only || (run->ranked < BOUND_RANKED && document >= run->oldest &&
				    (run->passed < BOUND_READ || run->ranked < BOUND_ENOUGH));
}

static bool wants_score(void *arg, int64_t id)
{
	return is_ranked(arg, id);
}

static bool wants_spots(void *arg, int64_t id, double score)
{
	struct run *run = arg;
	struct hit h = {.id = id};
	double boost;

	(void)reach(run, id, &boost);
	h.score = candidate_most(run, score + boost);
	return top_may_keep(&run->top, &h);
}

/* What is beyond the bound; rows of one word are counted at little cost.  False: that was all. */
static bool count_row(struct run *run, int64_t document, bool sure, const struct rank *rank)
{
	bool counted = sure && rank->tokens == 1 && run->total < BOUND_COUNTED &&
		       candidate_count(run, document);

	run->bounded = true;
	run->uncounted |= !counted;
	return counted;
}

/* False: no more of them; see also the stopper. */
static bool take_row(void *arg, int64_t document, struct rank *rank)
{
	struct run *run = arg;
	struct hit h = {.id = document, .by_text = true, .spots = rank->spots};
	double boost;
	bool named = reach(run, document, &boost);
	bool sure = !named || !run->plan->negates_text;

	rank->spots = NULL;
	if (named)
		mark_reached(run, document);
	if (!is_ranked(run, document))
		return count_row(run, document, sure, rank);
	h.score = run->idf ? rank->score + boost : 0;
	run->passed++;
	int64_t ranked = run->ranked;
	bool good = candidate_take(run, &h, sure ? CANDIDATE_SURE : CANDIDATE_UNSURE);
	if (run->ranked > ranked)
		run->last_ranked = document;
	return good;
}

/* The whole of the text by FTS5's own means. */
static bool pass_over_fts(struct run *run)
{
	struct rank rank = {.match = &run->plan->match,
		.idf = run->idf,
		.average = run->average,
		.visible = run->visible,
		.wants_score = wants_score,
		.take = take_row,
		.arg = run};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (run->idf && run->r->snippet && run->r->limit && !run->groups)
		rank.wants_spots = wants_spots;
	/* A few rows are looked up, and put in order behind their conditions; they have no scores. */
	if (run->only) {
		sql_add(&sql, "SELECT rowid FROM fts WHERE fts MATCH ");
	} else {
		sql_add(&sql, "SELECT 1 FROM fts WHERE trawl_rank(fts, ");
		sql_pointer(&sql, &rank, RANK_POINTER);
		sql_add(&sql, ") AND fts MATCH ");
	}
	sql_string(&sql, run->plan->match.text.data);
	sql_add(&sql, " AND rowid <= ");
	sql_int(&sql, run->newest);
	only_add_documents(run->only, "rowid", &sql);
	sql_add(&sql, " ORDER BY rowid DESC");
	bool good = stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &rows));
	while (good && stopper_row(&run->stopper, rows))
		good = run->only && take_row(run, sqlite3_column_int64(rows, 0), &rank);
	kept_give(rows);
	mem_free(rank.spots);
	return run->stopper.st == ST_OK && !run->stopper.late;
}

/* --- what the domain says is true --- */

/* Which of two places of a document it is shown by, and put in order by: files before parts, the newer first. */
static bool stands_before(const struct member *a, const struct member *b)
{
	bool part = a->row != a->file, other = b->row != b->file;

	if (part != other)
		return !part;
	if (a->mtime_ns != b->mtime_ns)
		return a->mtime_ns > b->mtime_ns;
	return a->file > b->file;
}

static void add_member(const struct member *m, const struct member **first, struct hit *h)
{
	if (!*first || stands_before(m, *first))
		*first = m;
	if (m->text + m->name > h->score)
		h->score = m->text + m->name;
}

/* In the native shape other places of it may answer too, which only its rows tell. */
static bool take_member(struct run *run, const struct member *first, struct hit *h)
{
	if (run->plan->shape == PLAN_NATIVE && !run->filtered)
		return candidate_take(run, h, CANDIDATE_SURE);
	/* Filters show whatever place passes them; the rest of the domain's truth is by place. */
	h->by_text = run->plan->shape == PLAN_FILTERS;
	candidate_key(run, first->mtime_ns, first->size, h);
	return candidate_take(run, h, CANDIDATE_READY);
}

/* The document of the entries from `at` on, if the pass did not bring it. */
static bool take_document(struct run *run, size_t *at)
{
	const struct domain *d = &run->domain;
	const struct member *first = NULL;
	struct hit h = {.id = d->members[d->documents[*at]].document};

	for (; *at < d->document_count; ++*at) {
		size_t i = d->documents[*at];

		if (d->members[i].document != h.id)
			break;
		if (domain_true(d, i) && (!run->reached || !bits_test(run->reached, *at)))
			add_member(&d->members[i], &first, &h);
	}
	return !first || take_member(run, first, &h);
}

/* The place from `at` on that has none; a part stands once for each file that has it. */
static bool take_place(struct run *run, size_t *at)
{
	const struct domain *d = &run->domain;
	const struct member *first = NULL;
	struct hit h = {.id = -d->members[*at].row};

	for (; *at < d->count && d->members[*at].row == -h.id; ++*at)
		if (d->members[*at].document == 0 && domain_true(d, *at))
			add_member(&d->members[*at], &first, &h);
	return !first || take_member(run, first, &h);
}

static bool take_domain(struct run *run)
{
	bool good = true;

	for (size_t at = 0; good && at < run->domain.document_count;)
		good = take_document(run, &at);
	for (size_t at = 0; good && at < run->domain.count;)
		good = take_place(run, &at);
	return good && stopper_go(&run->stopper);
}

static bool evaluate_domain(struct run *run)
{
	bool cut = false;
	struct domain_context c = {run->raw, &run->stopper, run->plan, &run->filters, run->idf,
		run->average, run->visible, run->filtered ? NULL : &cut};
	bool good = run->domain.count == 0 || domain_evaluate(&run->domain, &c);

	run->bounded |= cut;
	run->uncounted |= cut;
	return good;
}

/* --- the shapes --- */

static bool collect_native(struct run *run)
{
	const struct domain *d = &run->domain;

	if (!places_load_few(run, &run->filtered))
		return false;
	if (run->filtered)
		return evaluate_domain(run) && take_domain(run);
	if (run->plan->names.count && (!places_load_named(run) || !evaluate_domain(run)))
		return false;
	run->at = d->document_count;
	run->reached = mem_zalloc(bits_words(d->document_count) * sizeof *run->reached);
	if (!run->reached) {
		run->stopper.st = ST_NOMEM;
		return false;
	}
	return pass_over_fts(run) && take_domain(run);
}

static bool collect_hits(struct run *run)
{
	switch (run->plan->shape) {
	case PLAN_FILTERS:
		return places_load_filtered(run) && domain_accept(&run->domain, &run->stopper) &&
		       take_domain(run);
	case PLAN_NATIVE:
		return collect_native(run);
	case PLAN_SETS:
		return places_load_filtered(run) && evaluate_domain(run) && take_domain(run);
	}
	return false;
}

bool collect(struct run *run)
{
	bool good = collect_hits(run);

	if (run->facets && run->bounded)
		facets_bound(run->facets);
	/* What there is by the deadline counts. */
	if (run->groups && run->stopper.st == ST_OK) {
		run->total = (int64_t)groups_count(run->groups);
		run->stopper.st = groups_flush(run->groups, &run->top);
	}
	return good && run->stopper.st == ST_OK;
}
