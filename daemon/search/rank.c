/* rank: bm25 and places as an FTS5 auxiliary function; see rank.h. */
#include "search/rank.h"

#include "core/mem.h"
#include "search/tokens.h"
#include "store/lengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_TITLE = 0, COLUMN_TEXT = 1 };

/* Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. */
static const double k1 = 1.2, b = 0.75;
/* A word in the title counts as so many in the text. */
static const double title_weight = 5;
/* Somewhat more than any number of instances in the text can give (k1 + 1). */
const double rank_name_boost = 3;

double rank_idf(int64_t with, int64_t all)
{
	double n = (double)with, rest = (double)(all > with ? all - with : 0);

	/*
	 * With 1 added, as Lucene does: a word that most documents have still counts for something.
	 */
	return log(1 + (rest + 0.5) / (n + 0.5));
}

double rank_weight(double count, double length)
{
	return count * (k1 + 1) / (count + k1 * (1 - b + b * length));
}

static int count_row(const Fts5ExtensionApi *api, Fts5Context *fts, void *arg)
{
	(void)api;
	(void)fts;
	++*(int64_t *)arg;
	return SQLITE_OK;
}

/* Learns what is not known yet of the expression's phrases. */
static int load_idf(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r)
{
	for (size_t i = 0; i < r->match->count; i++) {
		const struct plan_phrase *p = &r->match->phrases[i];
		int64_t with = 0;
		int rc;

		if (!p->counts || r->idf[p->phrase] >= 0)
			continue;
		rc = api->xQueryPhrase(fts, (int)i, &with, count_row);
		if (rc != SQLITE_OK)
			return rc;
		r->idf[p->phrase] = rank_idf(with, lengths_count());
	}
	return SQLITE_OK;
}

/* The weighted number of instances of one phrase in this row. */
static int count_instances(
	const Fts5ExtensionApi *api, Fts5Context *fts, int phrase, double *count)
{
	Fts5PhraseIter at;
	int column, offset, text = 0, title = 0;
	int rc = api->xPhraseFirst(fts, phrase, &at, &column, &offset);

	if (rc != SQLITE_OK)
		return rc;
	for (; column >= 0; api->xPhraseNext(fts, &at, &column, &offset)) {
		text += column == COLUMN_TEXT;
		title += column == COLUMN_TITLE;
	}
	*count = text + title_weight * title;
	return SQLITE_OK;
}

static int score_row(
	const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r, int64_t id)
{
	double length = (double)lengths_get(id) / lengths_average();

	for (size_t i = 0; i < r->match->count; i++) {
		const struct plan_phrase *p = &r->match->phrases[i];
		double count = 0;
		int rc;

		if (!p->counts)
			continue;
		rc = count_instances(api, fts, (int)i, &count);
		if (rc != SQLITE_OK)
			return rc;
		if (count > 0)
			r->score += p->weight * r->idf[p->phrase] * rank_weight(count, length);
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

static int look(const Fts5ExtensionApi *api, Fts5Context *fts, struct rank *r)
{
	int64_t id = api->xRowid(fts);
	int rc = SQLITE_OK;

	r->score = 0;
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
	int rc = r ? look(api, fts, r) : SQLITE_MISUSE;

	if (rc != SQLITE_OK)
		sqlite3_result_error_code(ctx, rc);
}

int rank_register(sqlite3 *raw)
{
	fts5_api *api = tokens_fts5(raw);

	if (!api)
		return SQLITE_ERROR;
	return api->xCreateFunction(api, "trawl_rank", NULL, rank_function, NULL);
}
