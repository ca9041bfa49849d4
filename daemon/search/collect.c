/*
 * collect: everything that matches, counted, the best of it kept; see run.h.
 *
 * One walk for each shape of plan.  In the native one a pass over fts runs beside
 * the files whose names match a word: for those the names count as well.
 */
#include "core/mem.h"
#include "core/path.h"
#include "search/bits.h"
#include "search/rank.h"
#include "search/run.h"

#include <string.h>

/* --- one candidate for a hit --- */

/* What the order needs of the newest file that passes; false if none does. */
static bool read_key(struct run *run, struct hit *h)
{
	struct file_view f;
	const struct dir_view *dir;
	AUTO_BUF text = BUF_INIT;

	if (!files_begin(run->files, h) || !files_next(run->files, &f))
		return false;
	if (run->r->sort == SORT_TIME)
		h->number = f.mtime_ns;
	else if (run->r->sort == SORT_SIZE)
		h->number = f.size;
	else if (run->r->sort == SORT_NAME)
		utf8_add_folded(&text, f.name, strlen(f.name));
	else if (run->r->sort == SORT_PATH &&
		 stopper_ok(&run->stopper, dirs_get(run->dirs, f.dir, &dir)))
		path_join(&text, dir->path ? dir->path : "", f.name);
	files_end(run->files);
	if (run->r->sort != SORT_NAME && run->r->sort != SORT_PATH)
		return true;
	h->text = buf_take(&text);
	if (!h->text && run->stopper.st == ST_OK)
		run->stopper.st = ST_NOMEM;
	return h->text != NULL;
}

/* Whether rows of files must be seen before a document is known to be a hit, in its place. */
static bool needs_files(const struct run *run)
{
	return run->r->sort != SORT_RELEVANCE || !run->caller->all ||
	       (run->plan->shape == PLAN_NATIVE && run->plan->filter_count);
}

/* Takes what *h owns.  `sure`: some file of it answers the text. */
static bool consider(struct run *run, struct hit *h, bool sure)
{
	if (!sure || needs_files(run)) {
		if (!read_key(run, h)) {
			hit_finish(h);
			return run->stopper.st == ST_OK && !run->stopper.late;
		}
	}
	run->total++;
	if (top_offer(&run->top, h) != ST_OK)
		run->stopper.st = ST_NOMEM;
	return run->stopper.st == ST_OK;
}

/* --- NATIVE --- */

/*
 * Moves along domain.documents; whether the document has files whose names match, *boost the
 * best of them.
 */
static bool reach(struct run *run, int64_t document, double *boost)
{
	const struct domain *d = &run->domain;
	bool found = false;

	*boost = 0;
	while (run->at < d->document_count && d->members[d->documents[run->at]].document < document)
		run->at++;
	for (size_t i = run->at; i < d->document_count; i++) {
		const struct member *m = &d->members[d->documents[i]];

		if (m->document != document)
			break;
		found = true;
		if (domain_true(d, d->documents[i]) && m->name > *boost)
			*boost = m->name;
	}
	return found;
}

static bool wants_spots(void *arg, int64_t id, double score)
{
	struct run *run = arg;
	struct hit h = {.id = id};
	double boost;

	(void)reach(run, id, &boost);
	h.score = score + boost;
	return top_admits(&run->top, &h);
}

static void mark_reached(struct run *run, int64_t document)
{
	const struct domain *d = &run->domain;

	for (size_t i = run->at; i < d->document_count; i++) {
		if (d->members[d->documents[i]].document != document)
			return;
		bits_set(run->reached, i);
	}
}

static bool take_row(struct run *run, int64_t document, struct rank *rank)
{
	struct hit h = {.id = document, .by_text = true, .spots = rank->spots};
	double boost;
	bool named = reach(run, document, &boost);

	rank->spots = NULL;
	h.score = run->idf ? rank->score + boost : 0;
	if (named)
		mark_reached(run, document);
	return consider(run, &h, !named || !run->plan->negates_text);
}

/* The whole of the text by FTS5's own means. */
static bool pass_over_fts(struct run *run)
{
	struct rank rank = {.match = &run->plan->match, .idf = run->idf, .arg = run};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (run->r->snippet && run->r->limit)
		rank.wants_spots = wants_spots;
	sql_add(&sql, "SELECT rowid");
	if (run->idf) {
		sql_add(&sql, ", trawl_rank(fts, ");
		sql_pointer(&sql, &rank, RANK_POINTER);
		sql_add(&sql, ")");
	}
	sql_add(&sql, " FROM fts WHERE fts MATCH ");
	sql_string(&sql, run->plan->match.text.data);
	bool good = stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &rows));
	while (good && stopper_row(&run->stopper, rows))
		good = take_row(run, sqlite3_column_int64(rows, 0), &rank);
	sqlite3_finalize(rows);
	mem_free(rank.spots);
	return good;
}

static bool load_domain(struct run *run, struct sql *sql)
{
	sqlite3_stmt *rows = NULL;
	bool good = stopper_ok(&run->stopper, sql_prepare(sql, run->raw, &rows)) &&
		    domain_load(&run->domain, &run->stopper, rows);

	sqlite3_finalize(rows);
	return good;
}

static bool evaluate_domain(struct run *run, bool texts_only)
{
	struct domain_context c = {run->raw, &run->stopper, run->plan, &run->filters, run->idf};

	return run->domain.count == 0 || domain_evaluate(&run->domain, &c, texts_only);
}

/*
 * What the domain says is true and the pass did not bring: the documents of its entries from
 * `at` on, then files.
 */
static bool take_domain_document(struct run *run, size_t *at)
{
	const struct domain *d = &run->domain;
	struct hit h = {.id = d->members[d->documents[*at]].document};
	bool found = false;

	for (; *at < d->document_count; ++*at) {
		size_t i = d->documents[*at];

		if (d->members[i].document != h.id)
			break;
		if (!domain_true(d, i) || (run->reached && bits_test(run->reached, *at)))
			continue;
		found = true;
		if (d->members[i].text + d->members[i].name > h.score)
			h.score = d->members[i].text + d->members[i].name;
	}
	return !found || consider(run, &h, true);
}

static bool take_domain(struct run *run)
{
	const struct domain *d = &run->domain;
	bool good = true;

	for (size_t at = 0; good && at < d->document_count;)
		good = take_domain_document(run, &at);
	for (size_t i = 0; good && i < d->count; i++) {
		struct hit h = {.id = -d->members[i].file, .score = d->members[i].name};

		if (d->members[i].document == 0 && domain_true(d, i))
			good = consider(run, &h, true);
	}
	return good && stopper_go(&run->stopper);
}

static bool collect_native(struct run *run)
{
	AUTO_SQL sql = SQL_INIT;

	if (run->plan->names.count) {
		sql_add(&sql,
			"SELECT f.id, f.document FROM name_word n JOIN file f ON f.id = n.rowid"
			" WHERE name_word MATCH ");
		sql_string(&sql, run->plan->names.text.data);
		if (!load_domain(run, &sql) || !evaluate_domain(run, true))
			return false;
	}
	run->reached = mem_zalloc(bits_words(run->domain.document_count) * sizeof *run->reached);
	if (!run->reached) {
		run->stopper.st = ST_NOMEM;
		return false;
	}
	return pass_over_fts(run) && take_domain(run);
}

/* --- SETS and FILTERS --- */

static bool collect_sets(struct run *run)
{
	AUTO_SQL sql = SQL_INIT;

	sql_add(&sql, "SELECT id, document FROM file ORDER BY id");
	return load_domain(run, &sql) && evaluate_domain(run, false) && take_domain(run);
}

/* Grouped by document, so that each is considered once; its files are then asked for the newest. */
static bool collect_filters(struct run *run)
{
	struct plan_context c = run->filters;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	bool good;

	c.driving = true;
	sql_add(&sql, "SELECT coalesce(f.document, -f.id) AS hit FROM file f"
		      " LEFT JOIN document d ON d.id = f.document WHERE 1");
	for (size_t i = 0; i < run->plan->filter_count; i++) {
		sql_add(&sql, " AND ");
		plan_condition(run->plan->filters[i], &c, &sql);
	}
	sql_add(&sql, " GROUP BY hit");
	good = stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &rows));
	while (good && stopper_row(&run->stopper, rows)) {
		struct hit h = {.id = sqlite3_column_int64(rows, 0), .by_text = true};

		good = consider(run, &h, true);
	}
	sqlite3_finalize(rows);
	return good;
}

bool collect(struct run *run)
{
	switch (run->plan->shape) {
	case PLAN_FILTERS:
		return collect_filters(run);
	case PLAN_NATIVE:
		return collect_native(run);
	case PLAN_SETS:
		return collect_sets(run);
	}
	return false;
}
