/* leaf: one leaf of text against a domain, by the indexes of text and names; see leaf.h. */
#include "search/leaf.h"

#include "core/mem.h"
#include "search/bits.h"
#include "search/bound.h"
#include "search/rank.h"
#include "store/kept.h"

static bool alive(const struct leaf_job *j)
{
	return j->c->stopper->st == ST_OK && !j->c->stopper->late;
}

static bool ranked(const struct leaf_job *j)
{
	return j->c->idf && !j->negative;
}

static bool prepare(struct leaf_job *j, const struct sql *sql, sqlite3_stmt **out)
{
	return stopper_ok(j->c->stopper, sql_prepare(sql, j->c->raw, out));
}

/* Rows are those of names, ascending; all places of that name in the domain are set. */
static void mark_named(struct leaf_job *j, sqlite3_stmt *rows, double score)
{
	struct domain *d = j->d;
	size_t at = 0;

	while (at < d->count && stopper_row(j->c->stopper, rows)) {
		int64_t row = sqlite3_column_int64(rows, 0);

		while (at < d->count && d->members[at].row < row)
			at++;
		for (; at < d->count && d->members[at].row == row; at++) {
			bits_set(j->bits, at);
			d->members[at].name += score;
		}
	}
}

/* The sum of what the leaf's phrases may give. */
static double idf_sum(const struct leaf_job *j, const struct query_node *leaf)
{
	double sum = 0;

	for (size_t i = 0; ranked(j) && i < leaf->phrase_count; i++)
		sum += j->c->idf[leaf->phrase + i];
	return sum;
}

static void mark_names_by(struct leaf_job *j, const struct query_node *leaf,
	const struct forms *forms, double share)
{
	struct plan_match match = {.text = BUF_INIT};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (plan_leaf(forms, leaf, true, &match) != ST_OK) {
		j->c->stopper->st = ST_NOMEM;
	} else {
		sql_add(&sql, "SELECT rowid FROM name_word WHERE name_word MATCH ");
		sql_string(&sql, match.text.data);
		sql_range(&sql, "rowid", j->d->members[0].row,
			j->d->members[j->d->count - 1].row);
		only_add_names(j->c->filters->only, j->c->filters->has_parts, "rowid", &sql);
		if (prepare(j, &sql, &rows))
			mark_named(j, rows, share * rank_name_boost * idf_sum(j, leaf));
	}
	kept_give(rows);
	plan_match_finish(&match);
}

/* Other forms count less than the word itself, whose names come in both passes. */
static void mark_names(struct leaf_job *j, const struct query_node *leaf)
{
	const struct forms *forms = j->c->plan->forms;
	bool two = ranked(j) && forms_are_beside(forms, leaf);

	mark_names_by(j, leaf, forms, two ? forms_weight : 1);
	if (two && alive(j))
		mark_names_by(j, leaf, NULL, 1 - forms_weight);
}

/* --- text: a pass over fts beside documents of the domain, both the newest first --- */

/* Documents that the pass is for. */
struct wanted {
	const struct domain *d;
	uint32_t *entries; /* of each the first one in d->documents, ascending */
	size_t count;
};

static int64_t wanted_document(const struct wanted *w, size_t at)
{
	return w->d->members[w->d->documents[w->entries[at]]].document;
}

/* All members that have the document of that entry. */
static void mark_document(struct leaf_job *j, size_t at, double score)
{
	struct domain *d = j->d;
	int64_t document = d->members[d->documents[at]].document;

	for (; at < d->document_count; at++) {
		struct member *m = &d->members[d->documents[at]];

		if (m->document != document)
			return;
		bits_set(j->bits, d->documents[at]);
		m->text += score;
	}
}

/* One leaf's expression as it runs. */
struct text_pass {
	struct leaf_job *j;
	struct plan_match match;
	struct rank rank;
};

static bool pass_begin(struct text_pass *p, struct leaf_job *j, const struct query_node *leaf)
{
	*p = (struct text_pass){.j = j, .match = {.text = BUF_INIT}};
	p->rank = (struct rank){.match = &p->match,
		.idf = ranked(j) ? j->c->idf : NULL,
		.average = j->c->average,
		.visible = j->c->visible};
	if (plan_leaf(j->c->plan->forms, leaf, false, &p->match) == ST_OK)
		return true;
	j->c->stopper->st = ST_NOMEM;
	return false;
}

static void add_pass(struct text_pass *p, struct sql *out)
{
	sql_add(out, " FROM fts WHERE fts MATCH ");
	sql_string(out, p->match.text.data);
}

static void add_rank(struct text_pass *p, struct sql *out)
{
	sql_add(out, "trawl_rank(fts, ");
	sql_pointer(out, &p->rank, RANK_POINTER);
	sql_add(out, ")");
}

static bool is_needed(const struct leaf_job *j, size_t member)
{
	return !j->need || bits_test(j->need, member);
}

/*
 * Documents whose text matters: those that a name has not decided for, and where there are any, for their scores the
 * others too.  False: there are none, or no memory.
 */
static bool want_documents(struct leaf_job *j, struct wanted *w)
{
	const struct domain *d = j->d;
	size_t open = 0;
	int64_t last = 0;

	*w = (struct wanted){.d = d, .entries = mem_resize(NULL, d->document_count, sizeof *w->entries)};
	if (!w->entries) {
		j->c->stopper->st = ST_NOMEM;
		return false;
	}
	for (size_t i = 0, first = 0; i < d->document_count; i++) {
		size_t member = d->documents[i];

		if (i && d->members[member].document != d->members[d->documents[i - 1]].document)
			first = i;
		if (!is_needed(j, member))
			continue;
		open += !bits_test(j->bits, member);
		if (d->members[member].document == last)
			continue;
		last = d->members[member].document;
		w->entries[w->count++] = (uint32_t)first;
	}
	return open > 0;
}

/* Asks for each of the first `count` by itself. */
static void look_up_texts(struct text_pass *p, const struct wanted *w, size_t count)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	int slot;

	p->rank.wants_score = NULL;
	p->rank.take = NULL;
	sql_add(&sql, "SELECT ");
	add_rank(p, &sql);
	add_pass(p, &sql);
	sql_add(&sql, " AND rowid = ");
	slot = sql_slot(&sql);
	bool good = prepare(p->j, &sql, &row);
	for (size_t i = 0; good && i < count; i++) {
		good = stopper_ok(
			p->j->c->stopper, sqlite3_bind_int64(row, slot, wanted_document(w, i)));
		if (good && stopper_row(p->j->c->stopper, row))
			mark_document(p->j, w->entries[i], p->rank.score);
		sqlite3_reset(row);
		good = good && alive(p->j);
	}
	kept_give(row);
}

/* A negation must know of every match. */
static bool knows_all(const struct leaf_job *j)
{
	return j->negative || !j->c->cut;
}

/*
 * Whether the pass goes on after so many rows that nobody wants, with so many documents left that are wanted.  A
 * look-up reads the index of a long list from its start, as long as thousands of rows take.
 */
static bool worth_walking(const struct leaf_job *j, size_t others, size_t left)
{
	enum { ROWS_A_LOOK_UP = 4000 };

	return others <= ROWS_A_LOOK_UP * left && (knows_all(j) || others <= BOUND_COUNTED);
}

/* What the pass did not come to: some are looked up. */
static void mark_left(struct text_pass *p, const struct wanted *w, size_t left)
{
	enum { LOOK_UPS_MAX = 50 };

	if (left <= LOOK_UPS_MAX || knows_all(p->j))
		look_up_texts(p, w, left);
	else
		*p->j->c->cut = true;
}

/* Both walk down. */
struct merge {
	struct text_pass *pass;
	const struct wanted *w;
	size_t left; /* how many are not behind the pass */
	size_t others; /* rows that nobody wants */
	bool unworthy;
};

static bool wants_score(void *arg, int64_t id)
{
	struct merge *m = arg;

	while (m->left && wanted_document(m->w, m->left - 1) > id)
		m->left--;
	return m->left && wanted_document(m->w, m->left - 1) == id;
}

static bool take_row(void *arg, int64_t id, struct rank *rank)
{
	struct merge *m = arg;

	if (m->left && wanted_document(m->w, m->left - 1) == id)
		mark_document(m->pass->j, m->w->entries[m->left - 1], rank->score);
	else
		m->unworthy = !worth_walking(m->pass->j, ++m->others, m->left);
	return !m->unworthy;
}

static void walk_texts(struct text_pass *p, const struct wanted *w)
{
	struct merge merge = {.pass = p, .w = w, .left = w->count};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	p->rank.wants_score = wants_score;
	p->rank.take = take_row;
	p->rank.arg = &merge;
	sql_add(&sql, "SELECT 1");
	add_pass(p, &sql);
	sql_range(&sql, "rowid", wanted_document(w, 0), wanted_document(w, w->count - 1));
	sql_add(&sql, " AND ");
	add_rank(p, &sql);
	sql_add(&sql, " ORDER BY rowid DESC");
	if (prepare(p->j, &sql, &rows))
		(void)stopper_row(p->j->c->stopper, rows);
	kept_give(rows);
	if (merge.unworthy)
		mark_left(p, w, merge.left);
}

static void mark_texts(struct leaf_job *j, const struct query_node *leaf)
{
	struct wanted w;
	struct text_pass p = {.match = {.text = BUF_INIT}};

	if (want_documents(j, &w) && pass_begin(&p, j, leaf)) {
		if (j->c->filters->only)
			look_up_texts(&p, &w, w.count);
		else
			walk_texts(&p, &w);
	}
	mem_free(w.entries);
	plan_match_finish(&p.match);
}

/* The newest row of the leaf tells FTS5's view of all its phrases; without a row nobody has them. */
static void learn_idf(struct leaf_job *j, const struct query_node *leaf)
{
	struct text_pass p;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (pass_begin(&p, j, leaf)) {
		sql_add(&sql, "SELECT ");
		add_rank(&p, &sql);
		add_pass(&p, &sql);
		sql_add(&sql, " ORDER BY rowid DESC LIMIT 1");
		if (prepare(j, &sql, &rows))
			(void)stopper_row(j->c->stopper, rows);
	}
	for (size_t i = 0; i < leaf->phrase_count; i++)
		if (j->c->idf[leaf->phrase + i] < 0)
			j->c->idf[leaf->phrase + i] = rank_idf(0, rank_documents(j->c->visible));
	kept_give(rows);
	plan_match_finish(&p.match);
}

void leaf_text(struct leaf_job *j, const struct query_node *leaf)
{
	if (ranked(j) && j->c->idf[leaf->phrase] < 0)
		learn_idf(j, leaf);
	if (!leaf->title && alive(j))
		mark_names(j, leaf);
	/* A name decides as well as the text does. */
	if (alive(j) && j->d->document_count)
		mark_texts(j, leaf);
}
