/* leaf: one leaf of a query against a domain, by the indexes of text and names; see leaf.h. */
#include "search/leaf.h"

#include "search/bits.h"
#include "search/rank.h"
#include "store/lengths.h"
#include "store/name_index.h"

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

static void add_range(const char *column, int64_t first, int64_t last, struct sql *out)
{
	sql_add(out, " AND ");
	sql_add(out, column);
	sql_add(out, " >= ");
	sql_int(out, first);
	sql_add(out, " AND ");
	sql_add(out, column);
	sql_add(out, " <= ");
	sql_int(out, last);
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
		add_range("rowid", j->d->members[0].row, j->d->members[j->d->count - 1].row, &sql);
		only_add_names(j->c->filters->only, j->c->filters->has_parts, "rowid", &sql);
		if (prepare(j, &sql, &rows))
			mark_named(j, rows, share * rank_name_boost * idf_sum(j, leaf));
	}
	sqlite3_finalize(rows);
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

/* A pass over fts beside the domain's documents, both ascending. */
struct merge {
	const struct domain *d;
	size_t at; /* the first entry of d->documents that is not behind the pass */
};

static bool reaches(struct merge *m, int64_t document)
{
	const struct domain *d = m->d;

	while (m->at < d->document_count && d->members[d->documents[m->at]].document < document)
		m->at++;
	return m->at < d->document_count && d->members[d->documents[m->at]].document == document;
}

static bool wants_score(void *arg, int64_t id)
{
	return reaches(arg, id);
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

static void select_texts(struct leaf_job *j, struct rank *rank, struct sql *out)
{
	sql_add(out, "SELECT rowid");
	if (ranked(j)) {
		sql_add(out, ", trawl_rank(fts, ");
		sql_pointer(out, rank, RANK_POINTER);
		sql_add(out, ")");
	}
	sql_add(out, " FROM fts WHERE fts MATCH ");
	sql_string(out, rank->match->text.data);
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
	p->rank = (struct rank){.match = &p->match, .idf = j->c->idf, .average = j->c->average};
	if (plan_leaf(j->c->plan->forms, leaf, false, &p->match) == ST_OK)
		return true;
	j->c->stopper->st = ST_NOMEM;
	return false;
}

static int64_t document_at(const struct domain *d, size_t at)
{
	return d->members[d->documents[at]].document;
}

/* Asks for each document from entry `at` on by itself. */
static void look_up_texts(struct text_pass *p, size_t at)
{
	const struct domain *d = p->j->d;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	int slot;

	p->rank.wants_score = NULL;
	select_texts(p->j, &p->rank, &sql);
	sql_add(&sql, " AND rowid = ");
	slot = sql_slot(&sql);
	bool good = prepare(p->j, &sql, &row);
	for (int64_t last = 0; good && at < d->document_count; at++) {
		int64_t document = document_at(d, at);

		if (document == last)
			continue;
		last = document;
		good = stopper_ok(p->j->c->stopper, sqlite3_bind_int64(row, slot, document));
		if (good && stopper_row(p->j->c->stopper, row))
			mark_document(p->j, at, p->rank.score);
		sqlite3_reset(row);
		good = good && alive(p->j);
	}
	sqlite3_finalize(row);
}

/*
 * Walks what the leaf matches beside the domain's documents.  Where it has met so much that is not among them that
 * asking for those which are left costs less, that is done instead.
 */
static void mark_texts(struct leaf_job *j, const struct query_node *leaf)
{
	enum { ROWS_A_LOOK_UP = 4000 }; /* a look-up reads the index of a long list from its start */
	const struct domain *d = j->d;
	struct merge scored = {.d = d}, merge = {.d = d};
	struct text_pass p;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	size_t others = 0;

	if (d->document_count == 0)
		return;
	if (!pass_begin(&p, j, leaf))
		goto out;
	if (j->c->filters->only) {
		look_up_texts(&p, 0);
	} else {
		p.rank.wants_score = wants_score;
		p.rank.arg = &scored;
		select_texts(j, &p.rank, &sql);
		add_range("rowid", document_at(d, 0), document_at(d, d->document_count - 1), &sql);
		(void)prepare(j, &sql, &rows);
	}
	while (rows && stopper_row(j->c->stopper, rows)) {
		if (reaches(&merge, sqlite3_column_int64(rows, 0))) {
			mark_document(j, merge.at, p.rank.score);
		} else if (++others > ROWS_A_LOOK_UP * (d->document_count - merge.at)) {
			look_up_texts(&p, merge.at);
			break;
		}
	}
out:
	sqlite3_finalize(rows);
	plan_match_finish(&p.match);
}

/* The newest row of the leaf tells FTS5's view of all its phrases; without a row nobody has them. */
static void learn_idf(struct leaf_job *j, const struct query_node *leaf)
{
	struct text_pass p;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (pass_begin(&p, j, leaf)) {
		select_texts(j, &p.rank, &sql);
		sql_add(&sql, " ORDER BY rowid DESC LIMIT 1");
		if (prepare(j, &sql, &rows))
			(void)stopper_row(j->c->stopper, rows);
	}
	for (size_t i = 0; i < leaf->phrase_count; i++)
		if (j->c->idf[leaf->phrase + i] < 0)
			j->c->idf[leaf->phrase + i] = rank_idf(0, lengths_count());
	sqlite3_finalize(rows);
	plan_match_finish(&p.match);
}

/* Whether every member is set. */
static bool all_set(const struct leaf_job *j)
{
	for (size_t i = 0; i < j->d->count; i++)
		if (!bits_test(j->bits, i))
			return false;
	return true;
}

void leaf_text(struct leaf_job *j, const struct query_node *leaf)
{
	if (ranked(j) && j->c->idf[leaf->phrase] < 0)
		learn_idf(j, leaf);
	if (!leaf->title && alive(j))
		mark_names(j, leaf);
	/* A name decides as well as the text does. */
	if (alive(j) && !all_set(j))
		mark_texts(j, leaf);
}

/* --- filters: the database's own work --- */

/* Members of one kind, which stand together. */
struct stretch {
	struct leaf_job *j;
	struct plan_context c;
	const struct query_node *n;
	size_t from, to;
};

static void select_places(const struct stretch *s, struct sql *out)
{
	sql_add(out, s->c.of_dirs    ? "SELECT f.id + (1 << 41), 0 FROM "
		     : s->c.of_parts ? "SELECT p.id, f.id FROM "
				     : "SELECT f.id, f.id FROM ");
	plan_places(&s->c, out);
	sql_add(out, " WHERE ");
	plan_condition(s->n, &s->c, out);
}

/* Over all rows between the first and the last, ascending. */
static void walk_places(const struct stretch *s)
{
	const struct member *members = s->j->d->members;
	int64_t below = s->c.of_dirs ? DIR_FIRST : 0;
	const char *column = s->c.of_parts ? "p.id" : "f.id";
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	size_t at = s->from;

	select_places(s, &sql);
	add_range(column, members[s->from].row - below, members[s->to - 1].row - below, &sql);
	sql_add(&sql, s->c.of_parts ? " ORDER BY p.id, f.id" : " ORDER BY f.id");
	if (!prepare(s->j, &sql, &rows))
		return;
	while (at < s->to && stopper_row(s->j->c->stopper, rows)) {
		int64_t row = sqlite3_column_int64(rows, 0), file = sqlite3_column_int64(rows, 1);

		while (at < s->to && place_compare(row, file, &members[at]) > 0)
			at++;
		if (at < s->to && place_compare(row, file, &members[at]) == 0)
			bits_set(s->j->bits, at);
	}
	sqlite3_finalize(rows);
}

/* Each by itself. */
static void look_up_places(const struct stretch *s)
{
	const struct member *members = s->j->d->members;
	struct stopper *stopper = s->j->c->stopper;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	int file_slot, row_slot = 0;

	select_places(s, &sql);
	sql_add(&sql, " AND f.id = ");
	file_slot = sql_slot(&sql);
	if (s->c.of_parts) {
		sql_add(&sql, " AND p.id = ");
		row_slot = sql_slot(&sql);
	}
	bool good = prepare(s->j, &sql, &row);
	for (size_t at = s->from; good && at < s->to; at++) {
		const struct member *m = &members[at];
		int64_t file = s->c.of_dirs ? m->row - DIR_FIRST : m->file;

		good = stopper_ok(stopper, sqlite3_bind_int64(row, file_slot, file));
		if (good && row_slot)
			good = stopper_ok(stopper, sqlite3_bind_int64(row, row_slot, m->row));
		if (good && stopper_row(stopper, row))
			bits_set(s->j->bits, at);
		sqlite3_reset(row);
		good = good && alive(s->j);
	}
	sqlite3_finalize(row);
}

static void filter_stretch(const struct stretch *s)
{
	enum { ROWS_A_LOOK_UP = 16 };
	const struct member *members = s->j->d->members;

	if (s->from == s->to || !alive(s->j))
		return;
	int64_t rows = members[s->to - 1].row - members[s->from].row;
	if (rows / ROWS_A_LOOK_UP > (int64_t)(s->to - s->from))
		look_up_places(s);
	else
		walk_places(s);
}

/* How many members stand before that row. */
static size_t count_before(const struct domain *d, int64_t row)
{
	size_t at;

	(void)domain_find(d, row, 0, &at);
	return at;
}

void leaf_filters(struct leaf_job *j, const struct query_node *n)
{
	size_t parts = count_before(j->d, PART_FIRST), dirs = count_before(j->d, DIR_FIRST);
	struct stretch s = {.j = j, .c = *j->c->filters, .n = n, .to = parts};

	filter_stretch(&s);
	s.c.of_parts = true;
	s.from = parts;
	s.to = dirs;
	filter_stretch(&s);
	s.c.of_parts = false;
	s.c.of_dirs = true;
	s.from = dirs;
	s.to = j->d->count;
	filter_stretch(&s);
}
