/* guess: words that occur nowhere, and what they may have been; see guess.h. */
#include "search/guess.h"

#include "search/nearest.h"
#include "search/witness.h"
#include "store/tokenizer.h"

#include <string.h>

enum {
	WORDS_MAX = 16,	    /* of a query, looked up */
	REPLACED_MAX = 3,
	ROWS_JUDGED = 200,  /* for each look-up */
	NEAREST_MS = 50,    /* for each word that is searched for */
};

/* A word of the query's text. */
struct place {
	size_t start, end;
	char term[WORD_BYTES_MAX];
	size_t len;
};

struct words {
	struct place places[WORDS_MAX];
	size_t count;
	size_t offset; /* of the phrase being cut, in the text */
};

static bool note_word(void *arg, const struct token *t)
{
	struct words *w = arg;
	struct place *p = &w->places[w->count];

	if (t->kind != TOKEN_WORD || t->len > sizeof p->term)
		return true;
	p->start = w->offset + t->start;
	p->end = w->offset + t->end;
	memcpy(p->term, t->term, t->len);
	p->len = t->len;
	return ++w->count < WORDS_MAX;
}

/* One that was typed with escapes is left alone, and so is the beginning of a word. */
static void cut_phrase(const struct guess *g, const struct query_phrase *p, struct words *w)
{
	size_t before = w->count;

	if (w->count == WORDS_MAX || strlen(p->text) != p->len ||
		memcmp(p->text, g->text + p->at, p->len) != 0)
		return;
	w->offset = p->at;
	tokenizer_cut(p->text, p->len, true, note_word, w);
	if (p->prefix && w->count > before)
		w->count--;
}

/* What must not be there may well be nowhere. */
static void cut_below(const struct guess *g, const struct query_node *n, struct words *w)
{
	if (n->kind == QUERY_NOT)
		return;
	for (size_t i = 0; i < n->phrase_count; i++)
		cut_phrase(g, &n->phrases[i], w);
	for (size_t i = 0; i < n->child_count; i++)
		cut_below(g, n->children[i], w);
}

static bool has(struct witness *w, const char *word, size_t len)
{
	witness_allow(w, ROWS_JUDGED);
	return witness_has(w, word, len);
}

/* The nearest word that is there to be seen. */
static bool find_better(const struct guess *g, struct witness *w, struct place *p)
{
	struct near_word near[NEAREST_MAX];
	size_t count = nearest_find(g->db, g->stopper, p->term, p->len, NEAREST_MS, near);

	for (size_t i = 0; i < count && stopper_go(g->stopper); i++) {
		if (!has(w, near[i].word.text, near[i].word.len))
			continue;
		memcpy(p->term, near[i].word.text, near[i].word.len);
		p->len = near[i].word.len;
		return true;
	}
	return false;
}

/* Keeps those that are replaced, with their replacements. */
static void replace(const struct guess *g, struct witness *w, struct words *words)
{
	size_t kept = 0;

	for (size_t i = 0; i < words->count && kept < REPLACED_MAX && stopper_go(g->stopper); i++) {
		struct place *p = &words->places[i];

		if (!has(w, p->term, p->len) && stopper_go(g->stopper) && find_better(g, w, p))
			words->places[kept++] = *p;
	}
	words->count = kept;
}

/* Words of the tree come in the order of the text. */
static void write(const struct guess *g, const struct words *words, struct buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < words->count; i++) {
		const struct place *p = &words->places[i];

		buf_add(out, g->text + at, p->start - at);
		buf_add(out, p->term, p->len);
		at = p->end;
	}
	buf_adds(out, g->text + at);
}

static bool has_choice(const struct query_node *n)
{
	if (n->kind == QUERY_OR)
		return true;
	for (size_t i = 0; i < n->child_count; i++)
		if (has_choice(n->children[i]))
			return true;
	return false;
}

bool guess_is_due(const struct query *q, int64_t total)
{
	return q->phrase_count && (total == 0 || has_choice(q->root));
}

void guess_add(const struct guess *g, struct buf *out)
{
	struct words words = {.count = 0};
	struct witness *w;

	cut_below(g, g->query->root, &words);
	if (!words.count)
		return;
	w = witness_create(g->db, g->caller, g->stopper, ROWS_JUDGED);
	if (!w)
		return;
	replace(g, w, &words);
	witness_destroy(w);
	if (words.count)
		write(g, &words, out);
}
