/* forms: looking words up in the vocabulary; see forms.h. */
#include "search/forms.h"

#include "core/languages.h"
#include "core/mem.h"
#include "search/stems.h"
#include "store/tokenizer.h"
#include "store/vocabulary.h"

#include <string.h>

enum {
	WORD_LEAST = 3,	       /* bytes: shorter words have no other forms */
	COMMON_LEAST = 2,      /* bytes that a word has in common with all its forms */
	LONGER_MOST = 12,      /* bytes that a form has more than the word */
	WORDS_LOOKED = 10000,  /* of those that begin alike */
	FREQUENT = 1000,       /* to count fewer takes no time */
	LIVE_POSTINGS = 5000,  /* every word of every query is looked up: half a millisecond each */
};

const double forms_weight = 0.5;

/* One query's forms being made. */
struct maker {
	struct db *db;
	struct stems *stems; /* NULL: no language */
	bool bound;
	struct forms *forms;
	size_t total;
};

const struct phrase_forms *forms_of(const struct forms *f, size_t phrase)
{
	return f && f->phrases[phrase].count ? &f->phrases[phrase] : NULL;
}

bool forms_are_beside(const struct forms *f, const struct query_node *leaf)
{
	for (size_t i = 0; f && i < leaf->phrase_count; i++) {
		const struct phrase_forms *p = &f->phrases[leaf->phrase + i];

		if (p->count && !p->instead)
			return true;
	}
	return false;
}

void forms_destroy(struct forms *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		for (size_t j = 0; j < f->phrases[i].count; j++)
			mem_free(f->phrases[i].texts[j]);
		mem_free(f->phrases[i].texts);
	}
	mem_free(f->phrases);
	mem_free(f);
}

/* `head` and the word behind it. */
static enum status add_form(struct phrase_forms *p, const char *head, size_t head_len,
	const struct word *w)
{
	char **grown = mem_resize(p->texts, p->count + 1, sizeof *grown);
	AUTO_BUF text = BUF_INIT;

	if (!grown)
		return ST_NOMEM;
	p->texts = grown;
	buf_add(&text, head, head_len);
	buf_add(&text, w->text, w->len);
	grown[p->count] = buf_take(&text);
	if (!grown[p->count])
		return ST_NOMEM;
	p->count++;
	return ST_OK;
}

/* --- the phrase as the index sees it --- */

struct cut {
	size_t tokens;
	enum token_kind kind; /* of the last one, as are these */
	size_t start;
	char term[VOCABULARY_PREFIX_MAX];
	size_t len;
};

static bool note_token(void *arg, const struct token *t)
{
	struct cut *c = arg;

	c->tokens++;
	c->kind = t->kind;
	c->start = t->start;
	c->len = t->len;
	if (t->len <= sizeof c->term)
		memcpy(c->term, t->term, t->len);
	return true;
}

static struct cut cut_phrase(const struct query_phrase *p)
{
	struct cut c = {.tokens = 0};

	tokenizer_cut(p->text, strlen(p->text), true, note_token, &c);
	return c;
}

/* --- stems --- */

/* The words of a range that share a stem with one, the most frequent first. */
struct family {
	struct maker *m;
	const struct cut *word;
	struct stem stems[LANGUAGES_MAX];
	struct word best[FORMS_OF_A_WORD];
	size_t count, looked;
	enum status st;
};

static size_t common_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = 0;

	while (n < a_len && n < b_len && a[n] == b[n])
		n++;
	return n;
}

/*
 * Stems of the word in all languages; how many bytes its forms begin with, 0: it has none.  A stem may end in a letter
 * that a form has not ("hope" of "hoping", "fli" of "fly", "journal" of "journaux").
 */
static size_t find_stems(struct family *f)
{
	size_t common = f->word->len;

	for (size_t i = 0; i < stems_count(f->m->stems); i++) {
		struct stem *s = &f->stems[i];

		f->st = stems_find(f->m->stems, i, f->word->term, f->word->len, s);
		if (f->st != ST_OK)
			return 0;
		size_t n = common_bytes(s->text, s->len, f->word->term, f->word->len);
		if (s->len && n < common)
			common = n;
	}
	if (common > COMMON_LEAST)
		common--;
	return common >= COMMON_LEAST ? common : 0;
}

static bool is_related(struct family *f, const struct word *w)
{
	for (size_t i = 0; i < stems_count(f->m->stems); i++) {
		const struct stem *own = &f->stems[i];
		struct stem s;

		if (!own->len)
			continue;
		f->st = stems_find(f->m->stems, i, w->text, w->len, &s);
		if (f->st != ST_OK)
			return false;
		if (s.len == own->len && memcmp(s.text, own->text, s.len) == 0)
			return true;
	}
	return false;
}

static void keep(struct family *f, const struct word *w)
{
	size_t at = f->count;

	if (f->count == FORMS_OF_A_WORD && w->documents <= f->best[f->count - 1].documents)
		return;
	if (f->count < FORMS_OF_A_WORD)
		f->count++;
	else
		at--;
	for (; at > 0 && w->documents > f->best[at - 1].documents; at--)
		f->best[at] = f->best[at - 1];
	f->best[at] = *w;
}

static bool consider(void *arg, const struct word *w)
{
	struct family *f = arg;
	bool itself = w->len == f->word->len && memcmp(w->text, f->word->term, w->len) == 0;

	if (++f->looked > WORDS_LOOKED)
		return false;
	if (!itself && w->len <= f->word->len + LONGER_MOST && is_related(f, w))
		keep(f, w);
	return f->st == ST_OK;
}

static enum status add_family(struct maker *m, const struct cut *word, struct phrase_forms *out)
{
	struct family f = {.m = m, .word = word};
	size_t common = find_stems(&f);

	if (f.st != ST_OK || !common)
		return f.st;
	enum status st = vocabulary_walk(m->db, word->term, common, LIVE_POSTINGS, consider, &f);
	if (st == ST_OK)
		st = f.st;
	for (size_t i = 0; st == ST_OK && i < f.count && m->total < FORMS_OF_A_QUERY; i++) {
		st = add_form(out, "", 0, &f.best[i]);
		m->total++;
	}
	return st;
}

/* --- prefixes --- */

struct heads {
	const struct query_phrase *phrase;
	const struct cut *cut;
	struct phrase_forms *out;
	enum status st;
};

static bool add_word(void *arg, const struct word *w)
{
	struct heads *h = arg;

	h->st = add_form(h->out, h->phrase->text, h->cut->start, w);
	return h->st == ST_OK;
}

static enum status bound_prefix(struct maker *m, const struct query_phrase *p,
	const struct cut *cut, struct phrase_forms *out)
{
	struct heads h = {p, cut, out, ST_OK};
	struct vocabulary_extent extent;
	enum status st = vocabulary_extent(m->db, cut->term, cut->len, &extent);

	if (st != ST_OK || extent.documents <= FORMS_PREFIX_POSTINGS)
		return st;
	st = vocabulary_top(m->db, cut->term, cut->len, FORMS_OF_A_PREFIX, add_word, &h);
	if (st == ST_OK)
		st = h.st;
	out->instead = m->forms->bounded = st == ST_OK;
	return st;
}

/* --- the query --- */

static bool has_family(const struct maker *m, const struct query_phrase *p, const struct cut *c)
{
	return m->stems && !p->exact && !p->prefix && c->tokens == 1 && c->kind == TOKEN_WORD &&
	       c->len >= WORD_LEAST && c->len <= VOCABULARY_PREFIX_MAX;
}

static enum status make_for_phrase(
	struct maker *m, const struct query_node *leaf, const struct query_phrase *p, size_t number)
{
	struct phrase_forms *out = &m->forms->phrases[number];
	struct cut c = cut_phrase(p);

	if (!c.tokens || c.len > VOCABULARY_PREFIX_MAX)
		return ST_OK;
	/* FTS5 knows no choice within NEAR. */
	if (p->prefix || c.kind == TOKEN_LONE)
		return m->bound && leaf->distance < 0 ? bound_prefix(m, p, &c, out) : ST_OK;
	if (has_family(m, p, &c))
		return add_family(m, &c, out);
	return ST_OK;
}

void forms_unbound(struct forms *f)
{
	for (size_t i = 0; f && i < f->count; i++) {
		struct phrase_forms *p = &f->phrases[i];

		if (!p->instead)
			continue;
		for (size_t j = 0; j < p->count; j++)
			mem_free(p->texts[j]);
		mem_free(p->texts);
		*p = (struct phrase_forms){0};
	}
	if (f)
		f->bounded = false;
}

enum status forms_common(const struct query_phrase *p, int *bytes)
{
	struct maker m = {.db = NULL};
	struct cut c = cut_phrase(p);
	struct family f = {.m = &m, .word = &c};
	enum status st = stems_create(&m.stems);

	*bytes = -1;
	if (st != ST_OK || !has_family(&m, p, &c))
		goto out;
	size_t common = find_stems(&f);
	st = f.st;
	if (common)
		*bytes = (int)common;
out:
	stems_destroy(m.stems);
	return st;
}

enum status forms_frequency(struct db *db, const struct forms *f, const struct query_phrase *p,
	size_t phrase, int64_t *documents)
{
	struct cut c = cut_phrase(p);
	const struct phrase_forms *forms = forms_of(f, phrase);
	int64_t more;

	*documents = 0;
	if (p->prefix || c.tokens != 1 || c.kind != TOKEN_WORD || c.len > sizeof c.term)
		return ST_OK;
	enum status st = vocabulary_frequency(db, c.term, c.len, documents);
	for (size_t i = 0; st == ST_OK && forms && i < forms->count; i++) {
		st = vocabulary_frequency(db, forms->texts[i], strlen(forms->texts[i]), &more);
		*documents += more;
	}
	if (*documents < FREQUENT)
		*documents = 0;
	return st;
}

/* Below a negation words stand for themselves: a form too many would hide what is looked for. */
static enum status make_below(struct maker *m, const struct query_node *n)
{
	enum status st = ST_OK;

	if (n->kind == QUERY_NOT)
		return ST_OK;
	for (size_t i = 0; st == ST_OK && i < n->phrase_count; i++)
		st = make_for_phrase(m, n, &n->phrases[i], n->phrase + i);
	for (size_t i = 0; st == ST_OK && i < n->child_count; i++)
		st = make_below(m, n->children[i]);
	return st;
}

static enum status create(const struct query *q, struct forms **out)
{
	struct forms *f = mem_zalloc(sizeof *f);

	if (!f)
		return ST_NOMEM;
	f->count = q->phrase_count;
	f->phrases = mem_zalloc(f->count * sizeof *f->phrases);
	if (!f->phrases) {
		mem_free(f);
		return ST_NOMEM;
	}
	*out = f;
	return ST_OK;
}

enum status forms_create(struct db *db, const struct query *q, bool bound, struct forms **out)
{
	struct maker m = {.db = db, .bound = bound};
	enum status st;

	*out = NULL;
	if (!q->phrase_count)
		return ST_OK;
	st = create(q, &m.forms);
	if (st != ST_OK)
		return st;
	st = stems_create(&m.stems);
	if (st == ST_OK)
		st = make_below(&m, q->root);
	stems_destroy(m.stems);
	if (st != ST_OK && st != ST_CANCELED) {
		forms_destroy(m.forms);
		return st;
	}
	*out = m.forms;
	return ST_OK;
}
