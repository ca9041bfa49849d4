/*
 * collect: everything that matches, counted, the best of it kept; see run.h.
 *
 * One walk for each shape of plan.  In the native one a pass over fts runs beside
 * the files and parts whose names match a word: for those the names count as well.
 */
#include "core/mem.h"
#include "core/path.h"
#include "search/bits.h"
#include "search/rank.h"
#include "search/run.h"
#include "store/parts.h"

#include <string.h>

/* --- one candidate for a hit --- */

static void add_name(const struct file_view *f, struct buf *out)
{
	const char *name = f->part ? part_leaf(f->part) : f->name;

	utf8_add_folded(out, name, strlen(name));
}

static void add_path(struct run *run, const struct file_view *f, struct buf *out)
{
	const struct dir_view *dir;

	if (!stopper_ok(&run->stopper, dirs_get(run->dirs, f->dir, &dir)))
		return;
	path_join(out, dir->path ? dir->path : "", f->name);
	if (f->part)
		path_join(out, "/", f->part);
}

/* What the order needs of a place. */
static bool fill_key(struct run *run, const struct file_view *f, struct hit *h)
{
	AUTO_BUF text = BUF_INIT;

	switch (run->r->sort) {
	case SORT_RELEVANCE:
		return true;
	case SORT_TIME:
		h->number = f->mtime_ns;
		return true;
	case SORT_SIZE:
		h->number = f->size;
		return true;
	case SORT_NAME:
		add_name(f, &text);
		break;
	case SORT_PATH:
		add_path(run, f, &text);
		break;
	}
	h->text = buf_take(&text);
	if (!h->text && run->stopper.st == ST_OK)
		run->stopper.st = ST_NOMEM;
	return h->text != NULL;
}

/* Of the newest place that passes; false if none does. */
static bool read_key(struct run *run, struct hit *h)
{
	struct file_view f;

	if (!files_begin(run->files, h) || !files_next(run->files, &f))
		return false;
	bool good = fill_key(run, &f, h);
	files_end(run->files);
	return good;
}

/* Whether rows of files must be seen before a document is known to be a hit, in its place. */
static bool needs_files(const struct run *run, int64_t document)
{
	return run->r->sort != SORT_RELEVANCE || !run->caller->all || run->only ||
	       unfiled_has(&run->unfiled, document) ||
	       (run->plan->shape == PLAN_NATIVE && run->plan->filter_count);
}

/* Every place stands for its file, or for the one that it is a part of. */
static bool consider_grouped(struct run *run, struct hit *h)
{
	struct file_view f;

	if (!files_begin(run->files, h))
		return false;
	while (files_next(run->files, &f)) {
		struct hit place = {.id = f.part ? f.container : h->id,
			.score = h->score,
			.by_text = h->by_text,
			.group = true,
			.group_best = h->id,
			.group_container = f.container};

		if (!fill_key(run, &f, &place))
			break;
		enum status st = groups_offer(run->groups, &run->top, &place, f.row);
		if (st != ST_OK) {
			run->stopper.st = st;
			break;
		}
	}
	files_end(run->files);
	return run->stopper.st == ST_OK && !run->stopper.late;
}

/* Every hit that is counted. */
static void note_hit(struct run *run, const struct hit *h)
{
	if (run->facets && facets_offer(run->facets, h) != ST_OK)
		run->stopper.st = ST_NOMEM;
}

/* All of its places, for who looks at nothing else. */
static bool consider_places(struct run *run, const struct hit *h)
{
	struct file_view f;
	bool good = files_begin(run->files, h);

	while (good && files_next(run->files, &f))
		good = run->each(run->each_arg, h, &f);
	files_end(run->files);
	return good && run->stopper.st == ST_OK && !run->stopper.late;
}

/* Takes what *h owns.  `sure`: some file of it answers the text. */
static bool consider(struct run *run, struct hit *h, bool sure)
{
	if (run->each) {
		bool good = consider_places(run, h);

		hit_finish(h);
		return good;
	}
	if (run->groups) {
		note_hit(run, h);
		bool good = consider_grouped(run, h);

		hit_finish(h);
		return good;
	}
	if (!sure || needs_files(run, h->id)) {
		if (!read_key(run, h)) {
			hit_finish(h);
			return run->stopper.st == ST_OK && !run->stopper.late;
		}
	}
	run->total++;
	note_hit(run, h);
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

	if (run->r->snippet && run->r->limit && !run->groups)
		rank.wants_spots = wants_spots;
	sql_add(&sql, "SELECT rowid");
	if (run->idf) {
		sql_add(&sql, ", trawl_rank(fts, ");
		sql_pointer(&sql, &rank, RANK_POINTER);
		sql_add(&sql, ")");
	}
	sql_add(&sql, " FROM fts WHERE fts MATCH ");
	sql_string(&sql, run->plan->match.text.data);
	only_add_documents(run->only, "rowid", &sql);
	bool good = stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &rows));
	while (good && stopper_row(&run->stopper, rows))
		good = take_row(run, sqlite3_column_int64(rows, 0), &rank);
	sqlite3_finalize(rows);
	mem_free(rank.spots);
	return good;
}

/* `match`: of places whose names match that; NULL: all. */
static bool load_places(struct run *run, const char *select, const char *match, const char *order)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	sql_add(&sql, select);
	if (match) {
		sql_string(&sql, match);
		only_add_names(run->only, run->filters.has_parts, "n.rowid", &sql);
	}
	only_add_files(run->only, "f.id", &sql);
	sql_add(&sql, order);
	bool good = stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &rows)) &&
		    domain_load(&run->domain, &run->stopper, rows);
	sqlite3_finalize(rows);
	return good;
}

/* Rows of the index are those of files, and above them those of parts. */
static bool load_named(struct run *run)
{
	const char *match = run->plan->names.text.data;
	bool good = load_places(run,
		"SELECT f.id, f.id, f.document FROM name_word n JOIN file f ON f.id = n.rowid"
		" WHERE name_word MATCH ",
		match, run->filters.has_parts ? " AND n.rowid < 1 << 40" : "");

	if (good && run->filters.has_parts)
		good = load_places(run,
			"SELECT p.id, f.id, p.document FROM name_word n CROSS JOIN part p ON p.id = n.rowid"
			" CROSS JOIN file f ON f.document = p.container WHERE name_word MATCH ",
			match, " AND n.rowid > 1 << 40 ORDER BY n.rowid, f.id");
	return good && domain_index(&run->domain, &run->stopper);
}

static bool load_all(struct run *run)
{
	bool good = load_places(
		run, "SELECT f.id, f.id, f.document FROM file f WHERE 1", NULL, " ORDER BY f.id");

	if (good && run->filters.has_parts)
		good = load_places(run,
			run->only ? "SELECT p.id, f.id, p.document FROM file f CROSS JOIN part p"
				    " ON p.container = f.document WHERE 1"
				  : "SELECT p.id, f.id, p.document FROM part p CROSS JOIN file f"
				    " ON f.document = p.container WHERE 1",
			NULL, " ORDER BY p.id, f.id");
	return good && domain_index(&run->domain, &run->stopper);
}

static bool evaluate_domain(struct run *run, bool texts_only)
{
	struct domain_context c = {run->raw, &run->stopper, run->plan, &run->filters, run->idf};

	return run->domain.count == 0 || domain_evaluate(&run->domain, &c, texts_only);
}

/*
 * What the domain says is true and the pass did not bring: the documents of its entries from
 * `at` on, then files and parts without one.
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
	int64_t taken = 0;
	for (size_t i = 0; good && i < d->count; i++) {
		const struct member *m = &d->members[i];
		struct hit h = {.id = -m->row, .score = m->name};

		/* A part stands once for each file that has it. */
		if (m->document == 0 && m->row != taken && domain_true(d, i)) {
			taken = m->row;
			good = consider(run, &h, true);
		}
	}
	return good && stopper_go(&run->stopper);
}

static bool collect_native(struct run *run)
{
	if (run->plan->names.count && (!load_named(run) || !evaluate_domain(run, true)))
		return false;
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
	return load_all(run) && evaluate_domain(run, false) && take_domain(run);
}

static void add_filtered(struct run *run, bool of_parts, struct sql *sql)
{
	struct plan_context c = run->filters;

	c.driving = !run->only;
	c.of_parts = of_parts;
	sql_add(sql, of_parts ? "SELECT coalesce(p.document, -p.id) AS hit FROM "
			      : "SELECT coalesce(f.document, -f.id) AS hit FROM ");
	plan_places(&c, sql);
	sql_add(sql, " WHERE 1");
	for (size_t i = 0; i < run->plan->filter_count; i++) {
		sql_add(sql, " AND ");
		plan_condition(run->plan->filters[i], &c, sql);
	}
	only_add_files(run->only, "f.id", sql);
}

/* Grouped by document, so that each is considered once; its files are then asked for the newest. */
static bool collect_filters(struct run *run)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	bool good;

	if (run->filters.has_parts) {
		sql_add(&sql, "SELECT hit FROM (");
		add_filtered(run, false, &sql);
		sql_add(&sql, " UNION ALL ");
		add_filtered(run, true, &sql);
		sql_add(&sql, ")");
	} else {
		add_filtered(run, false, &sql);
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

static bool collect_hits(struct run *run)
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

bool collect(struct run *run)
{
	bool good = collect_hits(run);

	/* What there is by the deadline counts. */
	if (run->groups && run->stopper.st == ST_OK) {
		run->total = (int64_t)groups_count(run->groups);
		run->stopper.st = groups_flush(run->groups, &run->top);
	}
	return good && run->stopper.st == ST_OK;
}
