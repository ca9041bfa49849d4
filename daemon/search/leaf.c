/* leaf: one leaf of a query against a domain, by the indexes of text and names; see leaf.h. */
#include "search/leaf.h"

#include "search/bits.h"
#include "search/rank.h"
#include "store/lengths.h"

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

/* Rows are places, ascending; those in the domain are set.  Returns where it stands then. */
static size_t mark_places(struct leaf_job *j, sqlite3_stmt *rows, size_t at)
{
	struct domain *d = j->d;

	while (at < d->count && stopper_row(j->c->stopper, rows)) {
		int64_t row = sqlite3_column_int64(rows, 0), file = sqlite3_column_int64(rows, 1);

		while (at < d->count && place_compare(row, file, &d->members[at]) > 0)
			at++;
		if (at < d->count && place_compare(row, file, &d->members[at]) == 0)
			bits_set(j->bits, at);
	}
	return at;
}

/* The sum of what the leaf's phrases may give. */
static double idf_sum(const struct leaf_job *j, const struct query_node *leaf)
{
	double sum = 0;

	for (size_t i = 0; ranked(j) && i < leaf->phrase_count; i++)
		sum += j->c->idf[leaf->phrase + i];
	return sum;
}

static void mark_names(struct leaf_job *j, const struct query_node *leaf)
{
	struct plan_match match = {.text = BUF_INIT};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (plan_leaf(j->c->plan->forms, leaf, true, &match) != ST_OK) {
		j->c->stopper->st = ST_NOMEM;
	} else {
		sql_add(&sql, "SELECT rowid FROM name_word WHERE name_word MATCH ");
		sql_string(&sql, match.text.data);
		only_add_names(j->c->filters->only, j->c->filters->has_parts, "rowid", &sql);
		if (prepare(j, &sql, &rows))
			mark_named(j, rows, rank_name_boost * idf_sum(j, leaf));
	}
	sqlite3_finalize(rows);
	plan_match_finish(&match);
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

/* Adds to the members' scores: at once, or to be weighted when the pass has counted. */
static void mark_document(struct leaf_job *j, size_t at, double score, bool counting)
{
	struct domain *d = j->d;
	int64_t document = d->members[d->documents[at]].document;

	for (; at < d->document_count; at++) {
		struct member *m = &d->members[d->documents[at]];

		if (m->document != document)
			return;
		bits_set(j->bits, d->documents[at]);
		*(counting ? &m->unweighted : &m->text) += score;
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
	only_add_documents(j->c->filters->only, "rowid", out);
}

/* Returns how many documents match, if `counting`; else it ends with the last one of the domain. */
static int64_t mark_texts(struct leaf_job *j, const struct query_node *leaf, bool counting)
{
	struct merge scored = {.d = j->d}, merge = {.d = j->d};
	struct plan_match match = {.text = BUF_INIT};
	struct rank rank = {
		.match = &match, .idf = j->c->idf, .wants_score = wants_score, .arg = &scored};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	int64_t count = 0;

	if (plan_leaf(j->c->plan->forms, leaf, false, &match) != ST_OK) {
		j->c->stopper->st = ST_NOMEM;
		goto out;
	}
	select_texts(j, &rank, &sql);
	if (!prepare(j, &sql, &rows))
		goto out;
	for (; stopper_row(j->c->stopper, rows); count++) {
		if (reaches(&merge, sqlite3_column_int64(rows, 0)))
			mark_document(j, merge.at, rank.score, counting);
		else if (!counting && merge.at == j->d->document_count)
			break;
	}
out:
	sqlite3_finalize(rows);
	plan_match_finish(&match);
	return count;
}

/* The leaf's one phrase is not weighted yet: the pass that scores it also counts who has it. */
static void mark_texts_counting(struct leaf_job *j, const struct query_node *leaf)
{
	double *idf = &j->c->idf[leaf->phrase];

	*idf = 1;
	*idf = rank_idf(mark_texts(j, leaf, true), lengths_count());
	for (size_t i = 0; i < j->d->count; i++) {
		struct member *m = &j->d->members[i];

		m->text += m->unweighted * *idf;
		m->unweighted = 0;
	}
}

/* Any one row of the leaf tells FTS5's view of all its phrases; without a row nobody has them. */
static void learn_idf(struct leaf_job *j, const struct query_node *leaf)
{
	struct plan_match match = {.text = BUF_INIT};
	struct rank rank = {.match = &match, .idf = j->c->idf};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (plan_leaf(j->c->plan->forms, leaf, false, &match) != ST_OK) {
		j->c->stopper->st = ST_NOMEM;
		goto out;
	}
	select_texts(j, &rank, &sql);
	if (prepare(j, &sql, &rows))
		(void)stopper_row(j->c->stopper, rows);
	for (size_t i = 0; i < leaf->phrase_count; i++)
		if (j->c->idf[leaf->phrase + i] < 0)
			j->c->idf[leaf->phrase + i] = rank_idf(0, lengths_count());
out:
	sqlite3_finalize(rows);
	plan_match_finish(&match);
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
	bool unknown = ranked(j) && j->c->idf[leaf->phrase] < 0;
	bool counting = unknown && leaf->phrase_count == 1;

	if (counting)
		mark_texts_counting(j, leaf);
	else if (unknown)
		learn_idf(j, leaf);
	if (!leaf->title && alive(j))
		mark_names(j, leaf);
	/* A name decides as well as the text does. */
	if (!counting && alive(j) && !all_set(j))
		(void)mark_texts(j, leaf, false);
}

/* The database's own work: over files, then over parts, which stand behind them. */
static size_t filter_places(
	struct leaf_job *j, const struct query_node *n, bool of_parts, size_t at)
{
	struct plan_context c = *j->c->filters;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	c.of_parts = of_parts;
	sql_add(&sql, of_parts ? "SELECT p.id, f.id FROM " : "SELECT f.id, f.id FROM ");
	plan_places(&c, &sql);
	sql_add(&sql, " WHERE ");
	plan_condition(n, &c, &sql);
	only_add_files(c.only, "f.id", &sql);
	sql_add(&sql, of_parts ? " ORDER BY p.id, f.id" : " ORDER BY f.id");
	if (prepare(j, &sql, &rows))
		at = mark_places(j, rows, at);
	sqlite3_finalize(rows);
	return at;
}

void leaf_filters(struct leaf_job *j, const struct query_node *n)
{
	size_t at = filter_places(j, n, false, 0);

	if (j->c->filters->has_parts && alive(j))
		(void)filter_places(j, n, true, at);
}
