/* query: the tree of a query; see query.h. */
#include "search/query.h"

#include "core/log.h"
#include "core/mem.h"

#include <string.h>

enum status query_node_create(enum query_kind kind, struct query_node **out)
{
	struct query_node *n = mem_zalloc(sizeof *n);

	*out = n;
	if (!n)
		return ST_NOMEM;
	n->kind = kind;
	n->distance = -1;
	return ST_OK;
}

void query_node_destroy(struct query_node *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->child_count; i++)
		query_node_destroy(n->children[i]);
	for (size_t i = 0; i < n->phrase_count; i++)
		mem_free(n->phrases[i].text);
	mem_free(n->children);
	mem_free(n->phrases);
	filter_destroy(n->filter);
	mem_free(n);
}

enum status query_node_add(struct query_node *parent, struct query_node **child)
{
	struct query_node *c = *child;
	bool dissolve = c->kind == parent->kind && c->kind != QUERY_NOT;
	size_t more = dissolve ? c->child_count : 1;
	struct query_node **grown;

	*child = NULL;
	grown = mem_resize(parent->children, parent->child_count + more, sizeof *grown);
	if (!grown) {
		query_node_destroy(c);
		return ST_NOMEM;
	}
	parent->children = grown;
	if (!dissolve) {
		grown[parent->child_count++] = c;
		return ST_OK;
	}
	memcpy(grown + parent->child_count, c->children, more * sizeof *grown);
	parent->child_count += more;
	c->child_count = 0;
	query_node_destroy(c);
	return ST_OK;
}

enum status query_node_negate(struct query_node **node)
{
	struct query_node *n = *node, *negation;
	enum status st;

	if (n->kind == QUERY_NOT) {
		*node = n->children[0];
		n->child_count = 0;
		query_node_destroy(n);
		return ST_OK;
	}
	st = query_node_create(QUERY_NOT, &negation);
	if (st != ST_OK)
		return st;
	st = query_node_add(negation, node);
	if (st != ST_OK) {
		query_node_destroy(negation);
		return st;
	}
	*node = negation;
	return ST_OK;
}

enum status query_node_phrase(
	struct query_node *text, const char *s, size_t len, struct query_phrase **out)
{
	struct query_phrase *grown =
		mem_resize(text->phrases, text->phrase_count + 1, sizeof *grown);

	*out = NULL;
	if (!grown)
		return ST_NOMEM;
	text->phrases = grown;
	grown[text->phrase_count] = (struct query_phrase){.text = mem_dup(s, len)};
	if (!grown[text->phrase_count].text)
		return ST_NOMEM;
	*out = &grown[text->phrase_count++];
	return ST_OK;
}

static size_t count_leaves(const struct query_node *n)
{
	size_t sum = n->kind == QUERY_TEXT;

	for (size_t i = 0; i < n->child_count; i++)
		sum += count_leaves(n->children[i]);
	return sum;
}

static void number_leaves(struct query *q, struct query_node *n)
{
	if (n->kind == QUERY_TEXT) {
		n->leaf = q->leaf_count;
		n->phrase = q->phrase_count;
		q->phrase_count += n->phrase_count;
		q->leaves[q->leaf_count++] = n;
	}
	for (size_t i = 0; i < n->child_count; i++)
		number_leaves(q, n->children[i]);
}

enum status query_create(struct query_node **root, struct query **out)
{
	struct query *q = mem_zalloc(sizeof *q);

	*out = NULL;
	if (!q)
		goto err;
	q->leaves = mem_resize(NULL, count_leaves(*root), sizeof(struct query_node *));
	if (!q->leaves)
		goto err_after_alloc;
	q->root = *root;
	*root = NULL;
	number_leaves(q, q->root);
	*out = q;
	return ST_OK;

err_after_alloc:
	mem_free(q);
err:
	query_node_destroy(*root);
	*root = NULL;
	return ST_NOMEM;
}

void query_destroy(struct query *q)
{
	if (!q)
		return;
	query_node_destroy(q->root);
	mem_free(q->leaves);
	mem_free(q);
}

static bool has_kind(const struct query_node *n, enum query_kind kind)
{
	if (n->kind == kind)
		return true;
	for (size_t i = 0; i < n->child_count; i++)
		if (has_kind(n->children[i], kind))
			return true;
	return false;
}

bool query_has_text(const struct query_node *n)
{
	return has_kind(n, QUERY_TEXT);
}

bool query_has_filter(const struct query_node *n)
{
	return has_kind(n, QUERY_FILTER);
}

bool query_negates_text(const struct query_node *n)
{
	if (n->kind == QUERY_NOT)
		return query_has_text(n);
	for (size_t i = 0; i < n->child_count; i++)
		if (query_negates_text(n->children[i]))
			return true;
	return false;
}

static void key_text(const struct query_node *n, struct buf *out)
{
	if (n->title)
		buf_addc(out, '@');
	if (n->distance >= 0)
		buf_addf(out, "~%lld:", (long long)n->distance);
	for (size_t i = 0; i < n->phrase_count; i++) {
		const struct query_phrase *p = &n->phrases[i];

		/* Lengths, not quotes: no two queries have the same key. */
		buf_addf(out, "%s%s%zu:%s", p->exact ? "=" : "", p->prefix ? "*" : "",
			strlen(p->text), p->text);
	}
}

void query_key(const struct query_node *n, int64_t now_s, struct buf *out)
{
	static const char marks[] = {[QUERY_AND] = '&', [QUERY_OR] = '|', [QUERY_NOT] = '!'};

	switch (n->kind) {
	case QUERY_TEXT:
		key_text(n, out);
		return;
	case QUERY_FILTER:
		filter_key(n->filter, now_s, out);
		return;
	case QUERY_AND:
	case QUERY_OR:
	case QUERY_NOT:
		buf_addf(out, "(%c", marks[n->kind]);
		for (size_t i = 0; i < n->child_count; i++) {
			buf_addc(out, ' ');
			query_key(n->children[i], now_s, out);
		}
		buf_addc(out, ')');
		return;
	}
	BUG("query kind");
}
