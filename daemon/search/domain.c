/* domain: sets of files and the truth of a query over them; see domain.h. */
#include "search/domain.h"

#include "core/log.h"
#include "core/mem.h"
#include "search/rank.h"
#include "store/lengths.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

static size_t words_of(const struct domain *d)
{
	return d->count / WORD_BITS + 1;
}

static bool test(const uint64_t *bits, size_t at)
{
	return bits[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static void set(uint64_t *bits, size_t at)
{
	bits[at / WORD_BITS] |= (uint64_t)1 << at % WORD_BITS;
}

bool domain_true(const struct domain *d, size_t member)
{
	return d->truth && test(d->truth, member);
}

bool domain_find(const struct domain *d, int64_t file, size_t *member)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->members[middle].file < file)
			low = middle + 1;
		else
			high = middle;
	}
	*member = low;
	return low < d->count && d->members[low].file == file;
}

void domain_finish(struct domain *d)
{
	mem_free(d->members);
	mem_free(d->documents);
	mem_free(d->truth);
	*d = (struct domain){0};
}

/* --- loading --- */

static int compare_documents(const void *a, const void *b, void *arg)
{
	const struct member *members = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int64_t x = members[i].document, y = members[j].document;

	return x != y ? (x > y) - (x < y) : (i > j) - (i < j);
}

static bool index_documents(struct domain *d, struct stopper *s)
{
	d->documents = mem_resize(NULL, d->count, sizeof *d->documents);
	if (!d->documents || d->count > UINT32_MAX) {
		s->st = ST_NOMEM;
		return false;
	}
	for (size_t i = 0; i < d->count; i++)
		if (d->members[i].document)
			d->documents[d->document_count++] = (uint32_t)i;
	qsort_r(d->documents, d->document_count, sizeof *d->documents, compare_documents,
		d->members);
	return true;
}

bool domain_load(struct domain *d, struct stopper *s, sqlite3_stmt *rows)
{
	size_t room = 0;

	while (stopper_row(s, rows)) {
		if (d->count == room) {
			size_t more = room ? 2 * room : 64;
			struct member *grown = mem_resize(d->members, more, sizeof *grown);

			if (!grown) {
				s->st = ST_NOMEM;
				return false;
			}
			d->members = grown;
			room = more;
		}
		d->members[d->count++] = (struct member){
			.file = sqlite3_column_int64(rows, 0),
			.document = sqlite3_column_int64(rows, 1),
		};
	}
	return s->st == ST_OK && !s->late && index_documents(d, s);
}

/* --- one leaf --- */

struct evaluation {
	struct domain *d;
	const struct domain_context *c;
	bool negative; /* below a negation: nothing scores */
};

static bool alive(const struct evaluation *e)
{
	return e->c->stopper->st == ST_OK && !e->c->stopper->late;
}

static bool prepare(struct evaluation *e, const struct sql *sql, sqlite3_stmt **out)
{
	return stopper_ok(e->c->stopper, sql_prepare(sql, e->c->raw, out));
}

/* Rows are ids of files, ascending; those in the domain are set. */
static void mark_files(struct evaluation *e, sqlite3_stmt *rows, uint64_t *bits, double score)
{
	struct domain *d = e->d;
	size_t at = 0;

	while (stopper_row(e->c->stopper, rows)) {
		int64_t file = sqlite3_column_int64(rows, 0);

		while (at < d->count && d->members[at].file < file)
			at++;
		if (at == d->count)
			return;
		if (d->members[at].file == file) {
			set(bits, at);
			d->members[at].name += score;
		}
	}
}

/* The sum of what the leaf's phrases may give. */
static double idf_sum(const struct evaluation *e, const struct query_node *leaf)
{
	double sum = 0;

	for (size_t i = 0; e->c->idf && !e->negative && i < leaf->phrase_count; i++)
		sum += e->c->idf[leaf->phrase + i];
	return sum;
}

static void mark_names(struct evaluation *e, const struct query_node *leaf, uint64_t *bits)
{
	struct plan_match match = {.text = BUF_INIT};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (plan_leaf(leaf, true, &match) != ST_OK) {
		e->c->stopper->st = ST_NOMEM;
	} else {
		sql_add(&sql, "SELECT rowid FROM name_word WHERE name_word MATCH ");
		sql_string(&sql, match.text.data);
		if (prepare(e, &sql, &rows))
			mark_files(e, rows, bits, rank_name_boost * idf_sum(e, leaf));
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

static void mark_document(struct evaluation *e, size_t at, uint64_t *bits, double score)
{
	struct domain *d = e->d;
	int64_t document = d->members[d->documents[at]].document;

	for (; at < d->document_count && d->members[d->documents[at]].document == document; at++) {
		set(bits, d->documents[at]);
		d->members[d->documents[at]].text += score;
	}
}

static void mark_texts(struct evaluation *e, const struct query_node *leaf, uint64_t *bits)
{
	struct merge scored = {.d = e->d}, merge = {.d = e->d};
	struct plan_match match = {.text = BUF_INIT};
	struct rank rank = {.match = &match, .wants_score = wants_score, .arg = &scored};
	bool ranked = e->c->idf && !e->negative;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	if (plan_leaf(leaf, false, &match) != ST_OK) {
		e->c->stopper->st = ST_NOMEM;
		goto out;
	}
	rank.idf = e->c->idf;
	sql_add(&sql, "SELECT rowid");
	if (ranked) {
		sql_add(&sql, ", trawl_rank(fts, ");
		sql_pointer(&sql, &rank, RANK_POINTER);
		sql_add(&sql, ")");
	}
	sql_add(&sql, " FROM fts WHERE fts MATCH ");
	sql_string(&sql, match.text.data);
	if (!prepare(e, &sql, &rows))
		goto out;
	while (stopper_row(e->c->stopper, rows)) {
		if (reaches(&merge, sqlite3_column_int64(rows, 0)))
			mark_document(e, merge.at, bits, ranked ? rank.score : 0);
		else if (merge.at == e->d->document_count)
			break;
	}
out:
	sqlite3_finalize(rows);
	plan_match_finish(&match);
}

/* Whether every member is set. */
static bool all_set(const struct domain *d, const uint64_t *bits)
{
	for (size_t i = 0; i < d->count; i++)
		if (!test(bits, i))
			return false;
	return true;
}

/* Any one row of the leaf tells FTS5's view of all its phrases; without a row nobody has them. */
static void learn_idf(struct evaluation *e, const struct query_node *leaf)
{
	struct plan_match match = {.text = BUF_INIT};
	struct rank rank = {.match = &match, .idf = e->c->idf};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	size_t known = 0;

	while (known < leaf->phrase_count && e->c->idf[leaf->phrase + known] >= 0)
		known++;
	if (known == leaf->phrase_count)
		return;
	if (plan_leaf(leaf, false, &match) != ST_OK) {
		e->c->stopper->st = ST_NOMEM;
		goto out;
	}
	sql_add(&sql, "SELECT trawl_rank(fts, ");
	sql_pointer(&sql, &rank, RANK_POINTER);
	sql_add(&sql, ") FROM fts WHERE fts MATCH ");
	sql_string(&sql, match.text.data);
	if (prepare(e, &sql, &rows))
		(void)stopper_row(e->c->stopper, rows);
	for (size_t i = 0; i < leaf->phrase_count; i++)
		if (e->c->idf[leaf->phrase + i] < 0)
			e->c->idf[leaf->phrase + i] = rank_idf(0, lengths_count());
out:
	sqlite3_finalize(rows);
	plan_match_finish(&match);
}

static void evaluate_text(struct evaluation *e, const struct query_node *leaf, uint64_t *bits)
{
	if (e->c->idf && !e->negative)
		learn_idf(e, leaf);
	if (!leaf->title && alive(e))
		mark_names(e, leaf, bits);
	/* A name decides as well as the text does. */
	if (alive(e) && !all_set(e->d, bits))
		mark_texts(e, leaf, bits);
}

/* A tree of filters only: the database's own work. */
static void evaluate_filters(struct evaluation *e, const struct query_node *n, uint64_t *bits)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	sql_add(&sql, "SELECT f.id FROM file f LEFT JOIN document d ON d.id = f.document WHERE ");
	plan_condition(n, e->c->filters, &sql);
	sql_add(&sql, " ORDER BY f.id");
	if (prepare(e, &sql, &rows))
		mark_files(e, rows, bits, 0);
	sqlite3_finalize(rows);
}

/* --- the tree --- */

static uint64_t *evaluate(struct evaluation *e, const struct query_node *n);

static void combine(
	const struct domain *d, enum query_kind kind, uint64_t *into, const uint64_t *from)
{
	for (size_t i = 0; i < words_of(d); i++)
		into[i] = kind == QUERY_AND ? into[i] & from[i] : into[i] | from[i];
}

/* NULL when out of memory or stopped. */
static uint64_t *evaluate_parts(struct evaluation *e, enum query_kind kind,
	const struct query_node *const *parts, size_t count)
{
	uint64_t *bits = evaluate(e, parts[0]);

	for (size_t i = 1; bits && i < count; i++) {
		uint64_t *more = evaluate(e, parts[i]);

		if (!more) {
			mem_free(bits);
			return NULL;
		}
		combine(e->d, kind, bits, more);
		mem_free(more);
	}
	return bits;
}

static uint64_t *evaluate_not(struct evaluation *e, const struct query_node *n)
{
	uint64_t *bits;

	e->negative = !e->negative;
	bits = evaluate(e, n->children[0]);
	e->negative = !e->negative;
	for (size_t i = 0; bits && i < words_of(e->d); i++)
		bits[i] = ~bits[i];
	return bits;
}

static uint64_t *evaluate_leaf(struct evaluation *e, const struct query_node *n)
{
	uint64_t *bits = mem_zalloc(words_of(e->d) * sizeof *bits);

	if (!bits) {
		e->c->stopper->st = ST_NOMEM;
		return NULL;
	}
	if (n->kind == QUERY_TEXT)
		evaluate_text(e, n, bits);
	else
		evaluate_filters(e, n, bits);
	if (alive(e))
		return bits;
	mem_free(bits);
	return NULL;
}

static uint64_t *evaluate(struct evaluation *e, const struct query_node *n)
{
	if (n->kind == QUERY_TEXT || !query_has_text(n))
		return evaluate_leaf(e, n);
	if (n->kind == QUERY_NOT)
		return evaluate_not(e, n);
	return evaluate_parts(e, n->kind, (const struct query_node *const *)n->children,
		n->child_count);
}

bool domain_evaluate(struct domain *d, const struct domain_context *c, bool texts_only)
{
	struct evaluation e = {.d = d, .c = c};

	BUG_UNLESS(c->plan->text_count > 0);
	d->truth = evaluate_parts(&e, QUERY_AND, c->plan->texts, c->plan->text_count);
	if (d->truth && !texts_only && c->plan->filter_count) {
		uint64_t *more =
			evaluate_parts(&e, QUERY_AND, c->plan->filters, c->plan->filter_count);

		if (more)
			combine(d, QUERY_AND, d->truth, more);
		else
			mem_free(d->truth), d->truth = NULL;
		mem_free(more);
	}
	return d->truth != NULL;
}
