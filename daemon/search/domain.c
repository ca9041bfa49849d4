/* domain: sets of places and the truth of a query over them; see domain.h. */
#include "search/domain.h"

#include "core/log.h"
#include "core/mem.h"
#include "search/bits.h"
#include "search/leaf.h"

#include <stdlib.h>
#include <string.h>

bool domain_true(const struct domain *d, size_t member)
{
	return d->truth && bits_test(d->truth, member);
}

int place_compare(int64_t row, int64_t file, const struct member *m)
{
	if (row != m->row)
		return row < m->row ? -1 : 1;
	return (file > m->file) - (file < m->file);
}

bool domain_find(const struct domain *d, int64_t row, int64_t file, size_t *member)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (place_compare(row, file, &d->members[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	*member = low;
	return low < d->count && place_compare(row, file, &d->members[low]) == 0;
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

static int compare_places(const void *a, const void *b)
{
	const struct member *m = a;

	return place_compare(m->row, m->file, b);
}

/* What comes from one source is in order, of several it may be met twice. */
static void sort_places(struct domain *d)
{
	size_t kept = 1;
	bool sorted = true;

	for (size_t i = 1; sorted && i < d->count; i++)
		sorted = compare_places(&d->members[i - 1], &d->members[i]) < 0;
	if (sorted)
		return;
	qsort(d->members, d->count, sizeof *d->members, compare_places);
	for (size_t i = 1; i < d->count; i++)
		if (compare_places(&d->members[kept - 1], &d->members[i]) != 0)
			d->members[kept++] = d->members[i];
	d->count = kept;
}

bool domain_index(struct domain *d, struct stopper *s)
{
	sort_places(d);
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

/* Rows come the newest first, and stand the oldest first. */
static void reverse(struct member *m, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct member other = m[i];

		m[i] = m[count - 1 - i];
		m[count - 1 - i] = other;
	}
}

bool domain_load(struct domain *d, struct stopper *s, sqlite3_stmt *rows)
{
	size_t before = d->count;

	while (stopper_row(s, rows)) {
		if (d->count == d->room) {
			size_t more = d->room ? 2 * d->room : 64;
			struct member *grown = mem_resize(d->members, more, sizeof *grown);

			if (!grown) {
				s->st = ST_NOMEM;
				return false;
			}
			d->members = grown;
			d->room = more;
		}
		d->members[d->count++] = (struct member){
			.row = sqlite3_column_int64(rows, 0),
			.file = sqlite3_column_int64(rows, 1),
			.document = sqlite3_column_int64(rows, 2),
			.mtime_ns = sqlite3_column_int64(rows, 3),
			.size = sqlite3_column_int64(rows, 4),
		};
	}
	if (d->count > before)
		reverse(d->members + before, d->count - before);
	return s->st == ST_OK && !s->late;
}

bool domain_accept(struct domain *d, struct stopper *s)
{
	d->truth = mem_alloc(bits_words(d->count) * sizeof *d->truth);
	if (!d->truth) {
		s->st = ST_NOMEM;
		return false;
	}
	memset(d->truth, 0xff, bits_words(d->count) * sizeof *d->truth);
	return true;
}

/* --- the tree --- */

struct evaluation {
	struct domain *d;
	const struct domain_context *c;
	bool negative;	      /* below a negation */
	const uint64_t *need; /* the members whose truth matters yet; NULL: all */
};

static bool alive(const struct evaluation *e)
{
	return e->c->stopper->st == ST_OK && !e->c->stopper->late;
}

static uint64_t *evaluate(struct evaluation *e, const struct query_node *n);

static void combine(
	const struct domain *d, enum query_kind kind, uint64_t *into, const uint64_t *from)
{
	for (size_t i = 0; i < bits_words(d->count); i++)
		into[i] = kind == QUERY_AND ? into[i] & from[i] : into[i] | from[i];
}

/*
 * After some parts the rest matters to those that are not decided; but what ranks is asked of all that an OR is true
 * of, for the sake of their scores.
 */
static void narrow(
	const struct evaluation *e, enum query_kind kind, const uint64_t *bits, uint64_t *need)
{
	bool scores = e->c->idf && !e->negative;

	for (size_t i = 0; i < bits_words(e->d->count); i++) {
		uint64_t open = kind == QUERY_AND ? bits[i] : scores ? UINT64_MAX : ~bits[i];

		need[i] = e->need ? e->need[i] & open : open;
	}
}

/* The rest of them into `bits`. */
static bool evaluate_rest(struct evaluation *e, enum query_kind kind,
	const struct query_node *const *parts, size_t count, uint64_t *bits)
{
	const uint64_t *outer = e->need;
	uint64_t *need = mem_alloc(bits_words(e->d->count) * sizeof *need), *more = need;

	if (!need)
		e->c->stopper->st = ST_NOMEM;
	for (size_t i = 0; more && i < count; i++) {
		e->need = outer;
		narrow(e, kind, bits, need);
		e->need = need;
		more = evaluate(e, parts[i]);
		if (more) {
			combine(e->d, kind, bits, more);
			mem_free(more);
		}
	}
	e->need = outer;
	mem_free(need);
	return more != NULL;
}

/* NULL when out of memory or stopped. */
static uint64_t *evaluate_parts(struct evaluation *e, enum query_kind kind,
	const struct query_node *const *parts, size_t count)
{
	uint64_t *bits = evaluate(e, parts[0]);

	if (bits && count > 1 && !evaluate_rest(e, kind, parts + 1, count - 1, bits)) {
		mem_free(bits);
		return NULL;
	}
	return bits;
}

static uint64_t *evaluate_not(struct evaluation *e, const struct query_node *n)
{
	uint64_t *bits;

	e->negative = !e->negative;
	bits = evaluate(e, n->children[0]);
	e->negative = !e->negative;
	for (size_t i = 0; bits && i < bits_words(e->d->count); i++)
		bits[i] = ~bits[i];
	return bits;
}

static uint64_t *evaluate_leaf(struct evaluation *e, const struct query_node *n)
{
	uint64_t *bits = mem_zalloc(bits_words(e->d->count) * sizeof *bits);

	if (!bits) {
		e->c->stopper->st = ST_NOMEM;
		return NULL;
	}
	struct leaf_job job = {e->d, e->c, e->negative, e->need, bits};
	if (n->kind == QUERY_TEXT)
		leaf_text(&job, n);
	else
		leaf_filters(&job, n);
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

bool domain_evaluate(struct domain *d, const struct domain_context *c)
{
	struct evaluation e = {.d = d, .c = c};

	BUG_UNLESS(c->plan->text_count > 0);
	d->truth = evaluate_parts(&e, QUERY_AND, c->plan->texts, c->plan->text_count);
	return d->truth != NULL;
}
