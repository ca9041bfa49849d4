/*
 * suggest: completing the last word; see suggest.h.
 *
 * Words come from the vocabulary, the most frequent first, and each is looked up before it is offered, for the snapshot
 * may know words that are gone.  To who may not see everything only words are offered that something visible has, without
 * counts, and behind others those of which little is visible.
 *
 * In a script without spaces the vocabulary has pairs of characters: of a run that was typed the last character is
 * continued by one, if the run so continued occurs.
 */
#include "search/suggest.h"

#include "core/caller.h"
#include "core/mem.h"
#include "search/json.h"
#include "search/suggest_names.h"
#include "search/witness.h"
#include "store/tokenizer.h"
#include "store/vocabulary.h"

#include <stdlib.h>
#include <string.h>

enum {
	CANDIDATES = 4,		/* words looked at for one that is wanted */
	CANDIDATES_HIDDEN = 20, /* the same, where most may not be visible */
	ROWS_JUDGED = 2000,	/* for one request: some 10 ms */
	ROWS_OF_A_WORD = 4,	/* seen of a word are enough to put it among the frequent */
	RUN_COUNT_MAX = 1000,	/* documents of a run are counted so far */
	RUN_BYTES_MAX = 512,	/* of a longer one nothing is completed */
};

/* What the text ends in. */
struct ending {
	bool found;
	enum token_kind kind;
	size_t start, end; /* bytes of the text: of the word; of a run from its first character on */
	char term[VOCABULARY_PREFIX_MAX];
	size_t term_len; /* above VOCABULARY_PREFIX_MAX: no word is so long */
};

struct candidate {
	struct word word;
	int64_t seen; /* of what is visible */
};

struct suggest {
	struct db *db;
	const struct suggest_request *r;
	bool all; /* the caller sees everything */
	struct stopper stopper;
	struct witness *witness;
	struct ending ending;
	struct candidate *candidates;
	size_t count, room, found; /* found: those that proved good, at the front */
};

/* --- the last word --- */

static bool is_of_run(enum token_kind kind)
{
	return kind == TOKEN_PAIR || kind == TOKEN_LONE;
}

static bool note_token(void *arg, const struct token *t)
{
	struct ending *e = arg;
	bool goes_on = e->found && is_of_run(t->kind) && e->kind == TOKEN_PAIR;

	if (!goes_on)
		e->start = t->start;
	e->found = true;
	e->kind = t->kind;
	e->end = t->end;
	e->term_len = t->len;
	if (t->len <= sizeof e->term)
		memcpy(e->term, t->term, t->len);
	return true;
}

/* A word is being typed as long as nothing stands behind it. */
static void find_ending(struct suggest *s)
{
	tokenizer_cut(s->r->text, s->r->len, false, note_token, &s->ending);
	if (s->ending.found && s->ending.end == s->r->len &&
		s->ending.term_len <= VOCABULARY_PREFIX_MAX)
		return;
	s->ending.found = false;
	s->ending.start = s->r->len;
}

/* --- words --- */

static bool add_candidate(void *arg, const struct word *w)
{
	struct suggest *s = arg;

	if (s->count == s->room)
		return false;
	s->candidates[s->count++].word = *w;
	return true;
}

/* The prefix itself is the first of all that begin with it, if it is a word. */
static bool add_exact(void *arg, const struct word *w)
{
	struct suggest *s = arg;

	if (w->len == s->ending.term_len)
		s->candidates[s->count - 1].word = *w;
	return false;
}

/* All begin alike: only one has the length of the prefix. */
static bool has_exact(const struct suggest *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->candidates[i].word.len == s->ending.term_len)
			return true;
	return false;
}

static enum status load_candidates(struct suggest *s)
{
	const struct ending *e = &s->ending;
	size_t each = s->all ? CANDIDATES : CANDIDATES_HIDDEN;

	s->room = (size_t)s->r->limit * each;
	s->candidates = mem_resize(NULL, s->room, sizeof *s->candidates);
	if (!s->candidates)
		return ST_NOMEM;
	enum status st = vocabulary_top(
		s->db, e->term, e->term_len, s->room, add_candidate, s);
	/* The last of so many gives way to it. */
	if (st == ST_OK && e->kind != TOKEN_LONE && s->count == s->room && !has_exact(s))
		st = vocabulary_walk(s->db, e->term, e->term_len, VOCABULARY_LIVE_MAX, add_exact, s);
	return st;
}

/* Of a run: with this pair at its end. */
static bool add_run(const struct suggest *s, const struct word *pair, struct buf *out)
{
	const struct ending *e = &s->ending;

	if (pair->len == e->term_len)
		return false; /* the character alone */
	buf_add(out, s->r->text + e->start, e->end - e->start);
	buf_add(out, pair->text + e->term_len, pair->len - e->term_len);
	return !out->failed;
}

/* Looks a candidate up; false: it is not offered. */
static bool prove(struct suggest *s, struct candidate *c)
{
	AUTO_BUF run = BUF_INIT;

	if (s->ending.kind != TOKEN_LONE) {
		c->seen = witness_count(
			s->witness, c->word.text, c->word.len, s->all ? 1 : ROWS_OF_A_WORD);
		return c->seen > 0;
	}
	if (!add_run(s, &c->word, &run))
		return false;
	c->seen = witness_count(s->witness, run.data, run.len, s->all ? RUN_COUNT_MAX : ROWS_OF_A_WORD);
	c->word.documents = c->seen;
	return c->seen > 0;
}

static int compare_documents(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->word.documents != y->word.documents)
		return x->word.documents > y->word.documents ? -1 : 1;
	return word_compare(x->word.text, x->word.len, y->word.text, y->word.len);
}

static int compare_seen(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->seen != y->seen)
		return x->seen > y->seen ? -1 : 1;
	return compare_documents(a, b);
}

static bool is_exact(const struct suggest *s, const struct candidate *c)
{
	return c->word.len == s->ending.term_len;
}

/* The best that prove good come to the front; the word typed so far is always among them. */
static void choose(struct suggest *s)
{
	size_t limit = (size_t)s->r->limit;

	for (size_t i = 0; i < s->count && stopper_go(&s->stopper); i++) {
		struct candidate *c = &s->candidates[i];

		if (s->found == limit && !is_exact(s, c))
			continue;
		if (!prove(s, c))
			continue;
		if (s->found == limit)
			s->found--;
		s->candidates[s->found++] = *c;
	}
	qsort(s->candidates, s->found, sizeof *s->candidates,
		s->all ? compare_documents : compare_seen);
}

/* What the vocabulary lacked the time for is missing, and no failure. */
static void take_status(struct suggest *s, enum status st)
{
	if (st == ST_CANCELED)
		(void)stopper_go(&s->stopper);
	else if (st != ST_OK)
		s->stopper.st = st;
}

static void complete_word(struct suggest *s)
{
	if (!s->ending.found || s->r->limit == 0)
		return;
	take_status(s, load_candidates(s));
	if (stopper_go(&s->stopper))
		choose(s);
}

/* --- the answer --- */

static void add_terms(const struct suggest *s, struct buf *out)
{
	buf_addf(out, "\"start\":%zu,\"terms\":[", s->ending.start);
	for (size_t i = 0; i < s->found; i++) {
		const struct candidate *c = &s->candidates[i];
		AUTO_BUF run = BUF_INIT;

		buf_adds(out, i ? ",{\"term\":" : "{\"term\":");
		if (s->ending.kind == TOKEN_LONE && add_run(s, &c->word, &run))
			json_add_string(out, run.data, run.len);
		else
			json_add_string(out, c->word.text, c->word.len);
		if (s->all)
			buf_addf(out, ",\"documents\":%lld", (long long)c->word.documents);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static enum status answer(struct suggest *s, const struct caller *caller, struct buf *json)
{
	bool partial;

	find_ending(s);
	complete_word(s);
	partial = witness_is_spent(s->witness);
	add_terms(s, json);
	if (s->r->names && s->stopper.st == ST_OK)
		suggest_add_names(s->db, s->r, caller, &s->stopper, json);
	partial = partial || s->stopper.late;
	buf_addf(json, ",\"partial\":%s", partial ? "true" : "false");
	return s->stopper.st == ST_OK ? buf_status(json) : s->stopper.st;
}

enum status suggest_run(struct db *db, const struct suggest_request *r,
	const struct caller *caller, const struct search_stop *stop, struct buf *json)
{
	struct suggest s = {.db = db, .r = r, .all = caller_sees_all(caller)};
	enum status st;

	stopper_install(&s.stopper, db, stop);
	s.witness = witness_create(db, caller, &s.stopper, s.all ? INT64_MAX : ROWS_JUDGED);
	st = s.witness ? answer(&s, caller, json) : s.stopper.st;
	stopper_remove(&s.stopper);
	witness_destroy(s.witness);
	mem_free(s.candidates);
	return st;
}
