/*
 * percolate_key: the words that a query cannot do without; see percolate_key.h.
 *
 * What is found here need only be true, not the most that could be said: an OR asks for a key of each branch, an AND
 * for those of its best one, and a negation for none.
 */
#include "search/percolate_key.h"

#include "search/forms.h"
#include "store/tokenizer.h"

#include <string.h>

struct finding {
	enum status st;
};

static void find(struct finding *f, const struct query_node *n, struct percolate_keys *out);

/* How much is gained by asking for these: the shortest word decides. */
static size_t worth(const struct percolate_keys *k)
{
	size_t least = 0;

	for (size_t i = 0; i < k->count; i++) {
		size_t own = 1 + 2 * (size_t)k->key[i].len - (k->key[i].kind == PERCOLATE_BY_PREFIX);

		if (i == 0 || own < least)
			least = own;
	}
	return least;
}

static void set_key(struct percolate_key *k, enum percolate_key_kind kind, const char *word, size_t len)
{
	k->kind = kind;
	if (len > PERCOLATE_WORD_MAX) {
		len = PERCOLATE_WORD_MAX;
		k->kind = PERCOLATE_BY_PREFIX;
	}
	k->len = (unsigned char)len;
	memcpy(k->word, word, len);
	k->word[len] = '\0';
}

/* --- text --- */

/* Each word of a phrase must be there; the last one of a run may go on in a text. */
static bool take_word(void *arg, const struct token *t)
{
	struct percolate_keys *best = arg, k = {.count = 1};
	bool lone = t->kind == TOKEN_LONE;

	set_key(&k.key[0], lone ? PERCOLATE_BY_PREFIX : PERCOLATE_BY_WORD, t->term, t->len);
	if (worth(&k) > worth(best))
		*best = k;
	return true;
}

struct last_word {
	struct percolate_keys *best;
	struct percolate_keys last; /* at most one: it is judged when another follows */
};

static bool take_word_but_last(void *arg, const struct token *t)
{
	struct last_word *w = arg;

	if (w->last.count && worth(&w->last) > worth(w->best))
		*w->best = w->last;
	w->last.count = 0;
	return take_word(&w->last, t);
}

/* All that it stands for begins alike: by so many bytes if not below 0. */
static void make_prefix(struct percolate_key *k, int bytes)
{
	k->kind = PERCOLATE_BY_PREFIX;
	if (bytes >= 0 && bytes < k->len)
		k->len = (unsigned char)bytes;
	k->word[k->len] = '\0';
}

static void find_phrase(struct finding *f, const struct query_phrase *p, struct percolate_keys *out)
{
	struct last_word w = {.best = out};
	int common;

	enum status st = forms_common(p, &common);
	if (st != ST_OK) {
		f->st = st;
		return;
	}
	if (common < 0 && !p->prefix) {
		tokenizer_cut(p->text, strlen(p->text), true, take_word, out);
		return;
	}
	tokenizer_cut(p->text, strlen(p->text), true, take_word_but_last, &w);
	if (w.last.count)
		make_prefix(&w.last.key[0], common);
	if (worth(&w.last) > worth(out))
		*out = w.last;
}

/* All phrases of a NEAR must be there. */
static void find_text(struct finding *f, const struct query_node *n, struct percolate_keys *out)
{
	for (size_t i = 0; i < n->phrase_count; i++) {
		struct percolate_keys k = {.count = 0};

		find_phrase(f, &n->phrases[i], &k);
		if (worth(&k) > worth(out))
			*out = k;
	}
}

/* --- the rest --- */

static void find_filter(const struct filter *filter, struct percolate_keys *out)
{
	if (filter->field == FIELD_NAME) {
		out->key[0] = (struct percolate_key){.kind = PERCOLATE_BY_NAME, .filter = filter};
		out->count = 1;
	}
	if (filter->field != FIELD_EXT)
		return;
	for (const char *item = filter->text; *item; item = filter_next_item(item)) {
		if (out->count == PERCOLATE_KEYS_MAX || strlen(item) > PERCOLATE_WORD_MAX) {
			out->count = 0;
			return;
		}
		set_key(&out->key[out->count++], PERCOLATE_BY_EXTENSION, item, strlen(item));
	}
}

static void find_any(struct finding *f, const struct query_node *n, struct percolate_keys *out)
{
	for (size_t i = 0; i < n->child_count; i++) {
		struct percolate_keys k = {.count = 0};

		find(f, n->children[i], &k);
		if (k.count == 0 || out->count + k.count > PERCOLATE_KEYS_MAX) {
			out->count = 0;
			return;
		}
		memcpy(&out->key[out->count], k.key, k.count * sizeof k.key[0]);
		out->count += k.count;
	}
}

static void find_all(struct finding *f, const struct query_node *n, struct percolate_keys *out)
{
	for (size_t i = 0; i < n->child_count; i++) {
		struct percolate_keys k = {.count = 0};

		find(f, n->children[i], &k);
		if (worth(&k) > worth(out))
			*out = k;
	}
}

static void find(struct finding *f, const struct query_node *n, struct percolate_keys *out)
{
	switch (n->kind) {
	case QUERY_AND:
		find_all(f, n, out);
		return;
	case QUERY_OR:
		find_any(f, n, out);
		return;
	case QUERY_NOT:
		return;
	case QUERY_TEXT:
		find_text(f, n, out);
		return;
	case QUERY_FILTER:
		find_filter(n->filter, out);
		return;
	}
}

/* The best of these goes in front. */
static void offer(const struct percolate_keys *k, struct percolate_keys out[PERCOLATE_GROUPS])
{
	if (worth(k) > worth(&out[0])) {
		out[1] = out[0];
		out[0] = *k;
	} else if (worth(k) > worth(&out[1])) {
		out[1] = *k;
	}
}

enum status percolate_keys_find(const struct query *q, struct percolate_keys out[PERCOLATE_GROUPS])
{
	struct finding f = {ST_OK};

	out[0].count = out[1].count = 0;
	if (q->root->kind != QUERY_AND) {
		find(&f, q->root, &out[0]);
		return f.st;
	}
	for (size_t i = 0; i < q->root->child_count; i++) {
		struct percolate_keys k = {.count = 0};

		find(&f, q->root->children[i], &k);
		offer(&k, out);
	}
	return f.st;
}
