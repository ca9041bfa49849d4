/*
 * run: answering one request on a reader's connection; see search.h.
 *
 * Two stages, each with its share of the time: collect walks everything that
 * matches and keeps the best in a heap; then the page is written from it.
 */
#include "search/run.h"

#include "core/mem.h"
#include "core/now.h"
#include "search/cursor.h"
#include "search/explanation.h"
#include "search/facet_walk.h"
#include "search/guess.h"
#include "search/hits.h"
#include "search/json.h"
#include "search/rank.h"
#include "store/kept.h"

enum { EXPLAIN_ROWS = 500 }; /* judged for the sake of an explanation */

/* --- the page --- */

/* What is said of the whole result: as on the first page, or as it was found. */
static void tell_result(const struct run *run, struct cursor *c)
{
	if (run->r->after_cursor) {
		c->total = run->r->after.total;
		c->total_exact = run->r->after.total_exact;
		c->rank_bounded = run->r->after.rank_bounded;
		return;
	}
	c->total = run->total;
	c->total_exact = !run->partial && !run->uncounted && !run->plan->bounded;
	c->rank_bounded = run->bounded || run->plan->bounded;
}

/* The strings remain the hit's. */
static void add_cursor(const struct run *run, const struct hit *last, struct buf *out)
{
	bool later = run->r->after_cursor;
	struct cursor c = {
		.last = *last,
		.newest = later ? run->newest : run->last_seen,
		.oldest = later ? run->oldest : run->bounded ? run->last_ranked : 0,
		.now_s = run->filters.now_s,
		.average = run->average,
		.idf = run->idf,
		.idf_count = run->idf ? run->r->query->phrase_count : 0,
	};

	tell_result(run, &c);
	buf_adds(out, ",\"cursor\":\"");
	cursor_add(out, run->r->check, run->top.sort, &c);
	buf_addc(out, '"');
}

static void add_page(struct run *run, struct hits *hits, struct buf *out)
{
	size_t start = (size_t)run->r->offset, end = start + (size_t)run->r->limit;
	size_t at = start;
	const char *comma = "";

	if (end > run->top.count)
		end = run->top.count;
	buf_adds(out, "\"hits\":[");
	if (start < end)
		(void)hits_locate(hits, run->top.hits + start, end - start);
	for (; at < end; at++) {
		size_t before = out->len;

		buf_adds(out, comma);
		size_t empty = out->len;
		bool good = hits_add(hits, &run->top.hits[at], out);
		if (out->len == empty)
			out->len = before;
		else
			comma = ",";
		if (!good) {
			run->partial = true;
			break;
		}
	}
	buf_addc(out, ']');
	if (at > start && at < run->top.count)
		add_cursor(run, &run->top.hits[at - 1], out);
}

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

static void add_totals(struct run *run, struct buf *out)
{
	struct cursor c;

	tell_result(run, &c);
	buf_addf(out,
		",\"total\":%lld,\"total_exact\":%s,\"rank_bounded\":%s,\"partial\":%s,"
		"\"clock\":\"",
		(long long)c.total, json_bool(c.total_exact), json_bool(c.rank_bounded),
		json_bool(run->partial));
	clock_add(out, db_instance(run->db), db_clock(run->db));
	buf_addc(out, '"');
}

static void count_facets(struct run *run, int64_t deadline_ms)
{
	const struct facet_walk w = {run->raw, &run->stopper, run->plan, &run->filters, run->caller,
		&run->domain};

	stopper_stage(&run->stopper, deadline_ms);
	(void)facet_walk(&w, run->r->facets, run->facets);
	run->facets_partial = run->stopper.late;
}

static void add_facets(struct run *run, struct buf *out)
{
	bool all = !run->partial && !run->facets_partial && !run->uncounted && !run->plan->bounded;

	if (run->facets && facets_add(run->facets, all, out) != ST_OK)
		run->stopper.st = ST_NOMEM;
}

static void add_guess(struct run *run, struct buf *out)
{
	const struct guess g = {
		run->db, &run->stopper, run->caller, run->r->query, run->r->text};
	AUTO_BUF text = BUF_INIT;

	if (run->r->after_cursor || !guess_is_due(run->r->query, run->total))
		return;
	guess_add(&g, &text);
	if (text.failed)
		run->stopper.st = ST_NOMEM;
	if (text.len) {
		buf_adds(out, ",\"did_you_mean\":");
		json_add_string(out, text.data, text.len);
	}
}

struct hits *run_hits(struct run *run)
{
	struct hits_context c = {run->raw, &run->stopper, run->dirs, run->files, run->plan,
		run->r->snippet, run->r->snippets};

	return hits_create(&c);
}

/* What is said of words is said of those that the caller may see. */
static void explain(struct run *run, struct buf *out)
{
	struct witness *w = witness_create(run->db, run->caller, &run->stopper, EXPLAIN_ROWS);
	struct cursor c;

	tell_result(run, &c);
	if (w)
		explanation_add(run->r, run->plan, c.rank_bounded, w, out);
	witness_destroy(w);
}

static enum status answer(struct run *run, struct buf *json)
{
	int64_t start = now_mono_ms(), whole = run->stopper.stop->deadline_ms;

	/* A tenth of the time is for the facets, another for the page. */
	stopper_stage(&run->stopper, start + (whole - start) * 8 / 10);
	if (!collect(run))
		run->partial = run->stopper.late;
	run->partial = run->partial || run->stopper.late;
	if (run->stopper.st == ST_OK && run->facets)
		count_facets(run, start + (whole - start) * 9 / 10);
	if (run->stopper.st != ST_OK)
		return run->stopper.st;
	stopper_stage(&run->stopper, whole);
	top_sort(&run->top);
	struct hits *hits = run_hits(run);
	if (hits) {
		add_page(run, hits, json);
		add_totals(run, json);
		add_facets(run, json);
		add_guess(run, json);
		if (run->r->explain)
			explain(run, json);
	}
	hits_destroy(hits);
	if (run->stopper.st != ST_OK)
		return run->stopper.st;
	return buf_status(json);
}

/* --- the whole --- */

/*
 * One phrase alone: its idf is the same for every document, and is not worth a pass.  On later pages all is as on the
 * first one.
 */
static enum status make_idf(struct run *run)
{
	const struct cursor *after = run->r->after_cursor ? &run->r->after : NULL;
	size_t count = run->r->query->phrase_count;
	double unknown = plan_ranks_one(run->plan) ? 1 : -1;

	if (run->top.sort != SORT_RELEVANCE)
		return ST_OK;
	run->idf = mem_resize(NULL, count, sizeof *run->idf);
	if (!run->idf)
		return ST_NOMEM;
	for (size_t i = 0; i < count; i++)
		run->idf[i] = after ? after->idf[i] : unknown;
	return ST_OK;
}

/* Of frequent words the vocabulary tells how many have them, which would have to be counted; not to who may not see all. */
static enum status look_up_idf(struct run *run)
{
	const struct query *q = run->r->query;
	enum status st = ST_OK;

	if (!run->idf || run->visible)
		return ST_OK;
	for (size_t i = 0; i < q->leaf_count; i++) {
		const struct query_node *leaf = q->leaves[i];

		for (size_t j = 0; st == ST_OK && j < leaf->phrase_count && !leaf->title; j++) {
			double *idf = &run->idf[leaf->phrase + j];
			int64_t documents = 0;

			if (*idf < 0)
				st = forms_frequency(run->db, run->plan->forms, &leaf->phrases[j],
					leaf->phrase + j, &documents);
			if (st == ST_OK && documents)
				*idf = rank_idf(documents, rank_documents(NULL));
		}
	}
	return st;
}

static void set_window(struct run *run)
{
	bool later = run->r->after_cursor;

	run->newest = later ? run->r->after.newest : INT64_MAX;
	run->oldest = later ? run->r->after.oldest : 0;
	run->filters = (struct plan_context){
		.dirs = run->dirs,
		.now_s = later ? run->r->after.now_s : now_real_s(),
		.only = run->only,
	};
}

/* Where there are no parts, nothing is done for their sake. */
static enum status look_for_parts(struct run *run)
{
	sqlite3_stmt *row = NULL;

	if (stopper_ok(&run->stopper, kept_take(run->raw, "SELECT 1 FROM part LIMIT 1", &row)))
		run->filters.has_parts = stopper_row(&run->stopper, row);
	kept_give(row);
	if (run->filters.has_parts)
		(void)unfiled_load(&run->unfiled, run->raw, &run->stopper);
	return run->stopper.st;
}

enum status run_prepare(struct run *run)
{
	struct forms *forms = NULL;
	/* Of a few rows only, none must be missed. */
	enum status st = forms_create(run->db, run->r->query, !run->only, &forms);

	if (st == ST_OK && run->only)
		forms_unbound(forms);
	if (st == ST_OK)
		st = plan_create(run->r->query, &forms, &run->plan);
	if (st == ST_OK)
		st = dirs_create(run->raw, run->caller, &run->dirs);
	if (st == ST_OK)
		st = make_idf(run);
	if (st == ST_OK && !caller_sees_all(run->caller))
		st = visible_create(run->raw, run->caller, &run->visible);
	if (st == ST_OK)
		st = look_up_idf(run);
	run->average = run->r->after_cursor ? run->r->after.average : rank_average(run->visible);
	if (st == ST_OK && run->r->group)
		st = groups_create(&run->groups);
	if (st == ST_OK && run->r->facets)
		st = facets_create(run->r->facets, run->r->group, &run->facets);
	if (st != ST_OK)
		return st;
	set_window(run);
	st = look_for_parts(run);
	if (st != ST_OK)
		return st;
	run->files = files_create(run->raw, &run->stopper, run->plan, &run->filters, run->caller,
		&run->domain);
	return run->files ? ST_OK : run->stopper.st;
}

void run_finish(struct run *run)
{
	top_finish(&run->top);
	groups_destroy(run->groups);
	facets_destroy(run->facets);
	unfiled_finish(&run->unfiled);
	files_destroy(run->files);
	visible_destroy(run->visible);
	dirs_destroy(run->dirs);
	domain_finish(&run->domain);
	plan_destroy(run->plan);
	mem_free(run->idf);
	mem_free(run->reached);
}

enum status search_run(struct db *db, const struct search_request *r, const struct caller *caller,
	const struct search_stop *stop, struct buf *json, struct search_outcome *outcome)
{
	struct run run = {
		.db = db,
		.raw = db_raw(db),
		.r = r,
		.caller = caller,
		.top = {.sort = r->sort,
			.descending = r->descending,
			.after = r->after_cursor ? &r->after.last : NULL,
			.capacity = (size_t)(r->offset + r->limit) + 1},
	};
	enum status st = db_begin(db);

	*outcome = (struct search_outcome){0};
	if (st != ST_OK)
		return st;
	stopper_install(&run.stopper, db, stop);
	st = run_prepare(&run);
	if (st == ST_OK)
		st = answer(&run, json);
	outcome->clock = db_clock(db);
	outcome->partial = run.partial || run.facets_partial;
	stopper_remove(&run.stopper);
	run_finish(&run);
	db_rollback(db);
	return st;
}
