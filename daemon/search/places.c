/* places: what a search evaluates one by one; see places.h. */
#include "search/places.h"

#include "core/log.h"
#include "core/mem.h"
#include "search/bound.h"
#include "store/kept.h"
#include "store/name_index.h"

#include <string.h>

/* --- kinds --- */

struct kind {
	bool of_parts, of_dirs;
	const char *columns; /* as domain_load has them */
	const char *row;     /* of the name indexes, and of which rows: */
	int64_t above, below;
};

/* Parts stand in every file that has their container. */
static const struct kind files_kind = {
	.columns = "f.id, f.id, f.document, f.mtime_ns, f.size",
	.row = "f.id = n.rowid",
	.below = PART_FIRST,
};
static const struct kind parts_kind = {
	.of_parts = true,
	.columns = "p.id, f.id, p.document, coalesce(p.mtime * 1000000000, f.mtime_ns), p.size",
	.row = "p.id = n.rowid",
	.above = PART_FIRST,
	.below = DIR_FIRST,
};
static const struct kind dirs_kind = {
	.of_dirs = true,
	.columns = "f.id + (1 << 41), 0, NULL, f.mtime_ns, 0",
	.row = "f.id = n.rowid - (1 << 41)",
	.above = DIR_FIRST,
	.below = INT64_MAX,
};
_Static_assert(DIR_FIRST == INT64_C(1) << 41, "as in the text above");

/* --- sources --- */

enum way { WAY_NAMES, WAY_TEXTS, WAY_ROWS };

struct source {
	enum way way;
	const char *match;			/* NAMES, TEXTS: the expression */
	const struct query_node *const *either; /* ROWS: one of these filters holds */
	size_t either_count;			/* 0: all rows */
};

static struct plan_context context_of(const struct run *run, const struct kind *k)
{
	struct plan_context c = run->filters;

	c.of_parts = k->of_parts;
	c.of_dirs = k->of_dirs;
	return c;
}

static void add_either(const struct source *s, const struct plan_context *c, struct sql *out)
{
	for (size_t i = 0; i < s->either_count; i++) {
		sql_add(out, i ? " OR " : " AND (");
		plan_condition(s->either[i], c, out);
	}
	if (s->either_count)
		sql_add(out, ")");
}

static void add_from(const struct source *s, const struct kind *k, const struct plan_context *c,
	struct sql *out)
{
	static const char *const tables[] = {"name_word n CROSS JOIN ", "fts CROSS JOIN ", ""};

	sql_add(out, "SELECT ");
	sql_add(out, k->columns);
	sql_add(out, " FROM ");
	sql_add(out, tables[s->way]);
	plan_places(c, out);
	sql_add(out, " WHERE ");
	switch (s->way) {
	case WAY_NAMES:
		sql_add(out, k->row);
		sql_add(out, " AND name_word MATCH ");
		sql_string(out, s->match);
		sql_add(out, " AND n.rowid > ");
		sql_int(out, k->above);
		sql_add(out, " AND n.rowid < ");
		sql_int(out, k->below);
		only_add_names(c->only, c->has_parts, "n.rowid", out);
		return;
	case WAY_TEXTS:
		sql_add(out, k->of_parts ? "p.document = fts.rowid" : "f.document = fts.rowid");
		sql_add(out, " AND fts MATCH ");
		sql_string(out, s->match);
		only_add_documents(c->only, "fts.rowid", out);
		return;
	case WAY_ROWS:
		sql_add(out, "1");
		add_either(s, c, out);
		return;
	}
}

static void add_order(const struct source *s, const struct kind *k, struct sql *out)
{
	switch (s->way) {
	case WAY_NAMES:
		sql_add(out, " ORDER BY n.rowid DESC");
		return;
	case WAY_TEXTS:
		sql_add(out, " ORDER BY fts.rowid DESC");
		return;
	case WAY_ROWS:
		sql_add(out, k->of_parts ? " ORDER BY p.id DESC" : " ORDER BY f.id DESC");
		return;
	}
}

/* Loads what the statement gives, or the newest `most` of it (below 0: all), and tells that it was not all. */
static bool load(struct run *run, struct sql *sql, int64_t most)
{
	sqlite3_stmt *rows = NULL;
	size_t before = run->domain.count;

	if (most >= 0) {
		sql_add(sql, " LIMIT ");
		sql_int(sql, most + 1);
	}
	bool good = stopper_ok(&run->stopper, sql_prepare(sql, run->raw, &rows)) &&
		    domain_load(&run->domain, &run->stopper, rows);
	kept_give(rows);
	if (good && most >= 0 && run->domain.count - before > (size_t)most) {
		/* The one too many stands first. */
		struct member *first = run->domain.members + before;

		memmove(first, first + 1, (size_t)most * sizeof *first);
		run->domain.count--;
		run->cut = true;
	}
	return good;
}

/* --- what a query wants --- */

struct wanted {
	const struct forms *forms;
	struct plan_match texts, names;
	const struct query_node **filters;
	size_t filter_count, room;
	bool all;    /* nothing narrows it */
	bool failed; /* out of memory */
};

static void wanted_finish(struct wanted *w)
{
	plan_match_finish(&w->texts);
	plan_match_finish(&w->names);
	mem_free(w->filters);
}

static void want_leaf(struct wanted *w, const struct query_node *leaf, bool names)
{
	struct plan_match *m = names ? &w->names : &w->texts;

	if (names && leaf->title)
		return;
	if (m->text.len)
		buf_adds(&m->text, " OR ");
	if (plan_leaf(w->forms, leaf, names, m) != ST_OK)
		w->failed = true;
}

static void want_filter(struct wanted *w, const struct query_node *n)
{
	if (w->filter_count == w->room) {
		size_t room = w->room ? 2 * w->room : 8;
		const struct query_node **grown = mem_resize(w->filters, room, sizeof *grown);

		if (!grown) {
			w->failed = true;
			return;
		}
		w->filters = grown;
		w->room = room;
	}
	w->filters[w->filter_count++] = n;
}

/* Whether places that the node is true of can be told from its leaves, without looking at all places there are. */
static bool gives(const struct query_node *n)
{
	if (n->kind == QUERY_TEXT || !query_has_text(n))
		return true;
	if (n->kind == QUERY_NOT)
		return false;
	for (size_t i = 0; i < n->child_count; i++)
		if (gives(n->children[i]) != (n->kind == QUERY_OR))
			return n->kind == QUERY_AND;
	return n->kind == QUERY_OR;
}

/* Of several that must hold all, one is enough: text before others. */
static const struct query_node *choose(const struct query_node *const *parts, size_t count)
{
	const struct query_node *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (parts[i]->kind == QUERY_TEXT)
			return parts[i];
		if (!best && gives(parts[i]))
			best = parts[i];
	}
	return best;
}

static void want(struct wanted *w, const struct query_node *n)
{
	BUG_UNLESS(n);
	if (n->kind == QUERY_TEXT) {
		want_leaf(w, n, true);
		want_leaf(w, n, false);
	} else if (!query_has_text(n)) {
		want_filter(w, n);
	} else if (n->kind == QUERY_AND) {
		want(w, choose((const struct query_node *const *)n->children, n->child_count));
	} else {
		for (size_t i = 0; i < n->child_count; i++)
			want(w, n->children[i]);
	}
}

/* A directory is a hit where its own name answers something that is not negated. */
static void want_named(struct wanted *w, const struct query_node *n, bool negative)
{
	if (n->kind == QUERY_NOT)
		negative = !negative;
	if (n->kind == QUERY_TEXT && !negative)
		want_leaf(w, n, true);
	if (n->kind == QUERY_FILTER && !negative && n->filter->field == FIELD_NAME)
		want_filter(w, n);
	for (size_t i = 0; i < n->child_count; i++)
		want_named(w, n->children[i], negative);
}

static bool load_source(struct run *run, const struct kind *k, const struct source *s)
{
	const struct plan *plan = run->plan;
	struct plan_context c = context_of(run, k);
	AUTO_SQL sql = SQL_INIT;

	c.driving = s->way == WAY_ROWS && !run->only;
	add_from(s, k, &c, &sql);
	for (size_t i = 0; plan->shape == PLAN_SETS && i < plan->filter_count; i++) {
		sql_add(&sql, " AND ");
		plan_condition(plan->filters[i], &c, &sql);
	}
	files_add_conditions(plan, &c, run->caller, &sql);
	add_order(s, k, &sql);
	return load(run, &sql, run->only ? -1 : BOUND_PLACES);
}

static bool load_wanted(struct run *run, const struct kind *k, const struct wanted *w)
{
	const struct source names = {.way = WAY_NAMES, .match = w->names.text.data};
	const struct source texts = {.way = WAY_TEXTS, .match = w->texts.text.data};
	const struct source rows = {
		.way = WAY_ROWS, .either = w->filters, .either_count = w->filter_count};

	if (w->failed) {
		run->stopper.st = ST_NOMEM;
		return false;
	}
	if (w->names.text.len && !load_source(run, k, &names))
		return false;
	if (w->texts.text.len && !load_source(run, k, &texts))
		return false;
	return (!w->filter_count && !w->all) || load_source(run, k, &rows);
}

/* --- names --- */

static bool load_names_of(struct run *run, const struct kind *k, int64_t most)
{
	const struct source s = {.way = WAY_NAMES, .match = run->plan->names.text.data};
	struct plan_context c = context_of(run, k);
	AUTO_SQL sql = SQL_INIT;

	add_from(&s, k, &c, &sql);
	/* A name that is hidden makes nothing of a copy that is not, and takes nobody's room. */
	files_add_sight(&c, run->caller, &sql);
	if (k->of_dirs)
		only_add_dirs(run->only, "f.id", &sql);
	else
		only_add_files(run->only, "f.id", &sql);
	add_order(&s, k, &sql);
	return load(run, &sql, most);
}

/* The highest row of the index over names that matches, 0 if none does: most words are in no name at all. */
static bool find_last_name(struct run *run, int64_t *last)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;

	*last = 0;
	sql_add(&sql, "SELECT rowid FROM name_word WHERE name_word MATCH ");
	sql_string(&sql, run->plan->names.text.data);
	sql_add(&sql, " ORDER BY rowid DESC LIMIT 1");
	if (stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &row)) &&
		stopper_row(&run->stopper, row))
		*last = sqlite3_column_int64(row, 0);
	kept_give(row);
	return stopper_go(&run->stopper);
}

static bool load_all_names(struct run *run, int64_t most)
{
	int64_t last;

	if (!find_last_name(run, &last))
		return false;
	return (last <= 0 || load_names_of(run, &files_kind, most)) &&
	       (last <= PART_FIRST || load_names_of(run, &parts_kind, most)) &&
	       (last <= DIR_FIRST || load_names_of(run, &dirs_kind, most));
}

/* Whether no more than BOUND_NAMES rows of that index match. */
static bool is_rare(struct run *run, const char *index, const char *match)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	bool rare = false;

	sql_add(&sql, "SELECT count(*) FROM (SELECT 1 FROM ");
	sql_add(&sql, index);
	sql_add(&sql, " WHERE ");
	sql_add(&sql, index);
	sql_add(&sql, " MATCH ");
	sql_string(&sql, match);
	sql_add(&sql, " LIMIT ");
	sql_int(&sql, BOUND_NAMES + 1);
	sql_add(&sql, ")");
	if (stopper_ok(&run->stopper, sql_prepare(&sql, run->raw, &row)) &&
		stopper_row(&run->stopper, row))
		rare = sqlite3_column_int64(row, 0) <= BOUND_NAMES;
	kept_give(row);
	return rare;
}

/* Whether few places have the leaf, in their text or name; then they are in *w. */
static bool want_rare(struct run *run, const struct query_node *leaf, struct wanted *w)
{
	*w = (struct wanted){.forms = run->plan->forms,
		.texts = {.text = BUF_INIT},
		.names = {.text = BUF_INIT}};
	want(w, leaf);
	if (!w->failed && is_rare(run, "fts", w->texts.text.data) &&
		(!w->names.text.len || is_rare(run, "name_word", w->names.text.data)))
		return true;
	wanted_finish(w);
	return false;
}

/*
 * Where the query's words have too many names together, but one that must be there is rare: all places that have it,
 * for there are no others that can answer.  *found tells whether there is such a word.
 */
static bool load_rare(struct run *run, bool *found)
{
	struct wanted w;

	*found = false;
	for (size_t i = 0; !*found && i < run->plan->text_count; i++)
		*found = run->plan->texts[i]->kind == QUERY_TEXT &&
			 want_rare(run, run->plan->texts[i], &w);
	if (!*found)
		return true;
	const struct source names = {.way = WAY_NAMES, .match = w.names.text.data};
	bool good = load_wanted(run, &files_kind, &w) &&
		    (!run->filters.has_parts || load_wanted(run, &parts_kind, &w)) &&
		    (!w.names.text.len || load_source(run, &dirs_kind, &names));
	wanted_finish(&w);
	return good;
}

/* Loading is done; where not all was loaded, neither is all ranked and counted. */
static bool finish(struct run *run)
{
	run->bounded |= run->cut;
	run->uncounted |= run->cut;
	return domain_index(&run->domain, &run->stopper);
}

/* A negation must see all the names that it is about, or all the places that can be anything else to it. */
static bool load_for_negation(struct run *run)
{
	bool rare = false;

	if (!run->only && !load_rare(run, &rare))
		return false;
	if (rare && !run->cut)
		return true;
	domain_finish(&run->domain);
	run->cut = false;
	return load_all_names(run, -1);
}

static bool load_newest(struct run *run)
{
	bool rare;

	if (!load_all_names(run, BOUND_NAMES))
		return false;
	if (!run->cut)
		return true;
	/* Beside all there are, those do no harm. */
	run->cut = false;
	if (!load_rare(run, &rare))
		return false;
	run->cut |= !rare;
	return true;
}

bool places_load_named(struct run *run)
{
	bool negation = run->only || run->plan->negates_text;

	return (negation ? load_for_negation(run) : load_newest(run)) && finish(run);
}

/* --- filters and sets --- */

static bool load_files_and_parts(struct run *run)
{
	struct wanted w = {.forms = run->plan->forms, .texts = {.text = BUF_INIT}, .names = {.text = BUF_INIT}};
	const struct query_node *source = choose(run->plan->texts, run->plan->text_count);
	bool good;

	if (source)
		want(&w, source);
	else
		w.all = true;
	good = load_wanted(run, &files_kind, &w) &&
	       (!run->filters.has_parts || load_wanted(run, &parts_kind, &w));
	wanted_finish(&w);
	return good;
}

static bool load_dirs(struct run *run)
{
	struct wanted w = {.forms = run->plan->forms, .texts = {.text = BUF_INIT}, .names = {.text = BUF_INIT}};
	bool good;

	want_named(&w, run->r->query->root, false);
	good = load_wanted(run, &dirs_kind, &w);
	wanted_finish(&w);
	return good;
}

bool places_load_filtered(struct run *run)
{
	return load_files_and_parts(run) && load_dirs(run) && finish(run);
}

bool places_load_few(struct run *run, bool *found)
{
	const struct wanted all = {.all = true};
	bool good;

	*found = false;
	if (run->only || !run->plan->filter_count || is_rare(run, "fts", run->plan->match.text.data))
		return stopper_go(&run->stopper);
	good = load_wanted(run, &files_kind, &all) &&
	       (run->cut || !run->filters.has_parts || load_wanted(run, &parts_kind, &all));
	*found = good && !run->cut;
	if (good && run->cut) {
		run->cut = false;
		domain_finish(&run->domain);
	}
	return good && (!*found || (load_dirs(run) && finish(run)));
}
