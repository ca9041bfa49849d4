/* rank: bm25 and places as an FTS5 auxiliary function; see rank.h. */
#include "search/rank.h"

#include "core/mem.h"
#include "store/lengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_TITLE = 0, COLUMN_TEXT = 1 };

static const double k1 = 1.2, b = 0.75;
/* A word in the title counts as so many in the text. */
static const double title_weight = 5;
/* And there, by itself, for as much as any number of instances in the text (k1 + 1). */
static const double title_boost = 2.2;
/* That of the text and the title together, which is all that other forms can give. */
static const double exact_boost = 4.4;
/* Bytes of a document, where how long the others are is not told. */
static const double hidden_average = 4096;
/* More than text and title together. */
const double rank_name_boost = 5;
const double rank_recency_most = 2;

double rank_idf(int64_t with, int64_t all)
{
	double n = (double)with, rest = (double)(all > with ? all - with : 0);

	return log(1 + (rest + 0.5) / (n + 0.5));
}

int64_t rank_documents(const struct visible *v)
{
	return v ? RANK_IDF_ROWS : lengths_count();
}

double rank_average(const struct visible *v)
{
	return v ? hidden_average : lengths_average();
}

double rank_weight(double count, double length)
{
	return count * (k1 + 1) / (count + k1 * (1 - b + b * length));
}

double rank_recency(int64_t age_s, int64_t half_life_s)
{
	/* What is dated into the future is of today. */
	return age_s > 0 ? 1 + exp2(-(double)age_s / (double)half_life_s) : rank_recency_most;
}

/* --- how many have a phrase --- */

struct counted {
	struct visible *visible; /* NULL: all rows count */
	int64_t rows, last; /* last: row id */
	int64_t left; /* to look at */
};

static int count_row(const Fts5ExtensionApi *api, Fts5Context *fts, void *arg)
{
	struct counted *c = arg;

	bool counts = true;
	int rc = SQLITE_OK;

	c->last = api->xRowid(fts);
	if (c->visible)
		rc = visible_document(c->visible, c->last, &counts);
	if (rc != SQLITE_OK)
		return rc;
	c->rows += counts;
	return --c->left > 0 ? SQLITE_OK : SQLITE_DONE;
}

/* The pass that goes on has seen `newest`, and counting began at the oldest: as close lie the others. */
static int64_t count_all(const struct counted *c, int64_t newest, int64_t documents)
{
	double rows = (double)c->rows;

	if (c->rows >= RANK_IDF_ROWS && newest > c->last)
		rows *= (double)newest / (double)c->last;
	return rows < (double)documents ? (int64_t)rows : documents;
}

/* Where the next phrase of the query begins; all forms of one stand together. */
static size_t behind_forms(const struct plan_match *m, size_t at)
{
	size_t phrase = m->phrases[at].phrase;

	while (at < m->count && m->phrases[at].phrase == phrase)
		at++;
	return at;
}

/* How many have any of the forms: their sum, but no more is counted than for one word alone. */
static int learn_phrase(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r, size_t from,
	size_t until)
{
	const int64_t all = rank_documents(r->visible);
	struct counted c = {.visible = r->visible, .left = r->visible ? RANK_IDF_JUDGED : RANK_IDF_ROWS};

	for (size_t i = from; i < until && c.left > 0; i++) {
		int rc = api->xQueryPhrase(fts, (int)i, &c, count_row);

		if (rc != SQLITE_OK)
			return rc;
	}
	r->idf[r->match->phrases[from].phrase] =
		rank_idf(r->visible ? c.rows : count_all(&c, api->xRowid(fts), all), all);
	return SQLITE_OK;
}

/* Learns what is not known yet of the expression's phrases. */
static int load_idf(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r)
{
	for (size_t i = 0, next; i < r->match->count; i = next) {
		const struct plan_phrase *p = &r->match->phrases[i];

		next = behind_forms(r->match, i);
		if (!p->counts || r->idf[p->phrase] >= 0)
			continue;
		int rc = learn_phrase(api, fts, r, i, next);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* --- one row's score --- */

/*
 * How many varints there are: bytes below 0x80 end one.  Behind its first instance FTS5's iterator holds the rest
 * of the row's position list as the file format has it; in the last column each varint is an instance.  Stepping
 * through them takes most of the time that a common word needs.
 */
static size_t count_varints(const unsigned char *at, const unsigned char *end)
{
	const uint64_t high = 0x8080808080808080, ones = 0x0101010101010101;
	size_t count = 0;

	for (; end - at >= 8; at += 8) {
		uint64_t eight;

		memcpy(&eight, at, sizeof eight);
		count += (~eight & high) / 0x80 * ones >> 56;
	}
	for (; at < end; at++)
		count += *at < 0x80;
	return count;
}

/* Instances of one of FTS5's phrases in this row. */
static int count_instances(
	const Fts5ExtensionApi *api, Fts5Context *fts, int phrase, size_t *title, size_t *text)
{
	Fts5PhraseIter at;
	int column, offset;
	int rc = api->xPhraseFirst(fts, phrase, &at, &column, &offset);

	*title = *text = 0;
	if (rc != SQLITE_OK)
		return rc;
	for (; column == COLUMN_TITLE; api->xPhraseNext(fts, &at, &column, &offset))
		++*title;
	if (column == COLUMN_TEXT)
		*text = 1 + count_varints(at.a, at.b);
	return SQLITE_OK;
}

/* What a row has of one phrase of the query, in all its forms. */
struct tally {
	double count; /* weighted instances */
	double title; /* weight of the best form in the title */
	bool exact;   /* the phrase itself */
	bool others;  /* there are forms that count less */
};

static int add_form(const Fts5ExtensionApi *api, Fts5Context *fts, const struct rank *r, size_t i,
	struct tally *t)
{
	const struct plan_phrase *p = &r->match->phrases[i];
	size_t title, text;
	int rc = count_instances(api, fts, (int)i, &title, &text);

	t->others |= p->weight < 1;
	if (rc != SQLITE_OK || title + text == 0)
		return rc;
	t->count += p->weight * ((double)text + title_weight * (double)title);
	t->exact |= p->weight >= 1;
	if (title && p->weight > t->title)
		t->title = p->weight;
	return SQLITE_OK;
}

static int score_row(
	const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r, int64_t id)
{
	double length = (double)lengths_get(id) / r->average;

	for (size_t i = 0, next; i < r->match->count; i = next) {
		const struct plan_phrase *p = &r->match->phrases[i];
		struct tally t = {0};

		next = behind_forms(r->match, i);
		for (size_t form = i; p->counts && form < next; form++) {
			int rc = add_form(api, fts, r, form, &t);

			if (rc != SQLITE_OK)
				return rc;
		}
		if (t.count > 0)
			r->score += r->idf[p->phrase] *
				    (rank_weight(t.count, length) + t.title * title_boost +
					    (t.exact && t.others ? exact_boost : 0));
	}
	return SQLITE_OK;
}

/* --- places --- */

static int compare_spots(const void *x, const void *y)
{
	const struct spot *s = x, *t = y;

	if (s->offset != t->offset)
		return s->offset < t->offset ? -1 : 1;
	return (s->phrase > t->phrase) - (s->phrase < t->phrase);
}

/* The first instances in the text of one phrase, appended; they come in order. */
static int add_spots(const Fts5ExtensionApi *api, Fts5Context *fts, const struct rank *r, size_t i,
	size_t share, struct spots *out)
{
	Fts5PhraseIter at;
	int column, offset;
	int size = api->xPhraseSize(fts, (int)i);
	int rc = api->xPhraseFirst(fts, (int)i, &at, &column, &offset);

	if (rc != SQLITE_OK)
		return rc;
	for (; column >= 0 && share; api->xPhraseNext(fts, &at, &column, &offset)) {
		if (column != COLUMN_TEXT)
			continue;
		out->spot[out->count++] = (struct spot){
			.offset = (uint32_t)offset,
			.phrase = (uint16_t)r->match->phrases[i].phrase,
			.size = (uint16_t)(size < UINT16_MAX ? size : UINT16_MAX),
			.ending = r->match->phrases[i].ending,
		};
		share--;
	}
	return SQLITE_OK;
}

static int keep_spots(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r)
{
	size_t phrases = r->match->count;
	size_t share = phrases < SPOTS_MAX ? SPOTS_MAX / (phrases ? phrases : 1) : 1;
	struct spots *s = mem_alloc(sizeof *s + share * phrases * sizeof s->spot[0]);
	int rc = SQLITE_OK;

	if (!s)
		return SQLITE_NOMEM;
	s->count = 0;
	for (size_t i = 0; rc == SQLITE_OK && i < phrases; i++)
		if (r->match->phrases[i].counts)
			rc = add_spots(api, fts, r, i, share, s);
	if (rc != SQLITE_OK) {
		mem_free(s);
		return rc;
	}
	qsort(s->spot, s->count, sizeof s->spot[0], compare_spots);
	mem_free(r->spots);
	r->spots = s;
	return SQLITE_OK;
}

static int count_tokens(const Fts5ExtensionApi *api, Fts5Context *fts, const struct rank *r)
{
	int count = 0;

	for (size_t i = 0; i < r->match->count; i++)
		count += api->xPhraseSize(fts, (int)i);
	return count;
}

static int look(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r, int64_t id)
{
	int rc = SQLITE_OK;

	r->score = 0;
	if (r->tokens == 0)
		r->tokens = count_tokens(api, fts, r);
	if (r->wants_score && !r->wants_score(r->arg, id))
		return SQLITE_OK;
	if (r->idf) {
		rc = load_idf(api, fts, r);
		if (rc == SQLITE_OK)
			rc = score_row(api, fts, r, id);
	}
	if (rc == SQLITE_OK && r->wants_spots && r->wants_spots(r->arg, id, r->score))
		rc = keep_spots(api, fts, r);
	return rc;
}

static void rank_function(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx,
	int argc, sqlite3_value **argv)
{
	struct rank *r = argc == 1 ? sqlite3_value_pointer(argv[0], RANK_POINTER) : NULL;
	int64_t id = api->xRowid(fts);
	int rc = r ? look(api, fts, r, id) : SQLITE_MISUSE;

	if (rc != SQLITE_OK)
		sqlite3_result_error_code(ctx, rc);
	else if (r->take)
		sqlite3_result_int(ctx, !r->take(r->arg, id, r));
}

int rank_register(sqlite3 *raw)
{
	fts5_api *api;
	int rc = tokenizer_fts5(raw, &api);

	if (rc != SQLITE_OK)
		return rc;
	return api->xCreateFunction(api, "trawl_rank", NULL, rank_function, NULL);
}
