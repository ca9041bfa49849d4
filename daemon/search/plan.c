/*
 * plan: choosing the way, and writing FTS5 expressions; see plan.h.  Conditions are in condition.c.
 */
#include "search/plan.h"

#include "core/log.h"
#include "core/mem.h"

#include <string.h>

/*
 * FTS5's parser has a stack of 100; "( a OR b AND c NOT" takes seven places of it for each bracket.
 */
enum { NEST_MAX = 12 };

void plan_match_finish(struct plan_match *m)
{
	buf_finish(&m->text);
	mem_free(m->phrases);
	*m = (struct plan_match){.text = BUF_INIT};
}

/* --- expressions --- */

struct writer {
	struct plan_match *out;
	const struct forms *forms; /* NULL: every phrase stands for itself alone */
	bool names;    /* over name_word */
	size_t nest;   /* open brackets now */
	bool negative; /* below a negation */
};

static void add_quoted(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"')
			buf_addc(out, '"');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void add_phrase(struct writer *w, const char *text, bool star, struct plan_phrase as)
{
	struct plan_match *m = w->out;
	struct plan_phrase *grown = mem_resize(m->phrases, m->count + 1, sizeof *grown);

	if (!grown) {
		m->text.failed = true;
		return;
	}
	m->phrases = grown;
	as.counts = !w->negative;
	as.ending = tokenizer_ending(text, strlen(text));
	grown[m->count++] = as;
	add_quoted(&m->text, text);
	if (star)
		buf_adds(&m->text, " *");
}

/* With the words that stand for it, in brackets. */
static void add_with_forms(struct writer *w, const struct query_phrase *p, size_t number)
{
	const struct phrase_forms *forms = forms_of(w->forms, number);
	struct buf *out = &w->out->text;
	/* In a text any character may follow a lone one of a script without spaces. */
	bool star = p->prefix || tokenizer_ending(p->text, strlen(p->text)) == TOKEN_LONE;
	bool itself = !forms || !forms->instead;

	if (forms) {
		buf_addc(out, '(');
		if (w->nest + 1 > w->out->nest)
			w->out->nest = w->nest + 1;
	}
	if (itself)
		add_phrase(w, p->text, star, (struct plan_phrase){.phrase = number, .weight = 1});
	for (size_t i = 0; forms && i < forms->count; i++) {
		if (i || itself)
			buf_adds(out, " OR ");
		add_phrase(w, forms->texts[i], false,
			(struct plan_phrase){.phrase = number, .weight = itself ? forms_weight : 1});
	}
	if (forms)
		buf_addc(out, ')');
}

static void add_leaf(struct writer *w, const struct query_node *n)
{
	struct buf *out = &w->out->text;

	if (n->title && !w->names)
		buf_adds(out, "title : ");
	if (n->distance >= 0)
		buf_adds(out, "NEAR(");
	for (size_t i = 0; i < n->phrase_count; i++) {
		if (i)
			buf_addc(out, ' ');
		add_with_forms(w, &n->phrases[i], n->phrase + i);
	}
	if (n->distance >= 0)
		buf_addf(out, ", %lld)", (long long)n->distance);
}

static void add_node(struct writer *w, const struct query_node *n);

static void add_bracketed(struct writer *w, const struct query_node *n)
{
	if (n->kind == QUERY_TEXT) {
		add_leaf(w, n);
		return;
	}
	if (++w->nest > w->out->nest)
		w->out->nest = w->nest;
	buf_addc(&w->out->text, '(');
	add_node(w, n);
	buf_addc(&w->out->text, ')');
	w->nest--;
}

/* "a AND (b OR c) NOT d": NOT binds closest, and a AND (b NOT d) is the same as (a AND b) NOT d. */
static void add_conjunction(struct writer *w, const struct query_node *const *parts, size_t count)
{
	bool first = true, outer = w->negative;

	for (size_t i = 0; i < count; i++) {
		if (parts[i]->kind == QUERY_NOT)
			continue;
		if (!first)
			buf_adds(&w->out->text, " AND ");
		first = false;
		add_bracketed(w, parts[i]);
	}
	w->negative = true;
	for (size_t i = 0; i < count; i++) {
		if (parts[i]->kind != QUERY_NOT)
			continue;
		buf_adds(&w->out->text, " NOT ");
		add_bracketed(w, parts[i]->children[0]);
	}
	w->negative = outer;
}

static const struct query_node *const *children_of(const struct query_node *n)
{
	return (const struct query_node *const *)n->children;
}

static void add_node(struct writer *w, const struct query_node *n)
{
	switch (n->kind) {
	case QUERY_TEXT:
		add_leaf(w, n);
		return;
	case QUERY_AND:
		add_conjunction(w, children_of(n), n->child_count);
		return;
	case QUERY_OR:
		for (size_t i = 0; i < n->child_count; i++) {
			if (i)
				buf_adds(&w->out->text, " OR ");
			add_node(w, n->children[i]);
		}
		return;
	case QUERY_NOT:
	case QUERY_FILTER:
		break;
	}
	BUG("not a text expression");
}

enum status plan_leaf(const struct forms *forms, const struct query_node *leaf, bool names,
	struct plan_match *out)
{
	struct writer w = {.out = out, .forms = forms, .names = names};

	add_leaf(&w, leaf);
	return buf_status(&out->text);
}

/*
 * Whether FTS5 can say it: every conjunction has something to subtract from, and no OR has a
 * negation.
 */
static bool expressible(const struct query_node *n);

static bool expressible_parts(const struct query_node *const *parts, size_t count)
{
	bool positive = false;

	for (size_t i = 0; i < count; i++) {
		bool negated = parts[i]->kind == QUERY_NOT;

		positive = positive || !negated;
		if (!expressible(negated ? parts[i]->children[0] : parts[i]))
			return false;
	}
	return positive;
}

static bool expressible(const struct query_node *n)
{
	switch (n->kind) {
	case QUERY_TEXT:
		return true;
	case QUERY_AND:
		return expressible_parts(children_of(n), n->child_count);
	case QUERY_OR:
		for (size_t i = 0; i < n->child_count; i++)
			if (!expressible(n->children[i]))
				return false;
		return true;
	case QUERY_NOT:
	case QUERY_FILTER:
		return false;
	}
	BUG("query kind");
}

/* --- the plan --- */

static void split(struct plan *p, const struct query_node *part)
{
	if (query_has_text(part))
		p->texts[p->text_count++] = part;
	else
		p->filters[p->filter_count++] = part;
}

static bool mixed(const struct plan *p)
{
	for (size_t i = 0; i < p->text_count; i++)
		if (query_has_filter(p->texts[i]))
			return true;
	return false;
}

/* Every leaf that names may match, joined by OR. */
static void add_names(struct plan *p, const struct query *q)
{
	struct writer w = {.out = &p->names, .forms = p->forms, .names = true};

	for (size_t i = 0; i < q->leaf_count; i++) {
		if (q->leaves[i]->title)
			continue;
		if (p->names.text.len)
			buf_adds(&p->names.text, " OR ");
		add_leaf(&w, q->leaves[i]);
	}
}

static void add_marks(struct plan *p, const struct query_node *n, bool negative)
{
	struct writer w = {.out = &p->marks, .forms = p->forms};

	if (n->kind == QUERY_NOT)
		negative = !negative;
	if (n->kind == QUERY_TEXT && !negative) {
		if (p->marks.text.len)
			buf_adds(&p->marks.text, " OR ");
		add_leaf(&w, n);
	}
	for (size_t i = 0; i < n->child_count; i++)
		add_marks(p, n->children[i], negative);
}

static void choose(struct plan *p)
{
	struct writer w = {.out = &p->match, .forms = p->forms};

	p->shape = PLAN_SETS;
	if (p->text_count == 0) {
		p->shape = PLAN_FILTERS;
		return;
	}
	if (mixed(p) || !expressible_parts(p->texts, p->text_count))
		return;
	/* A lone OR stands without brackets; beside others it needs them. */
	if (p->text_count == 1)
		add_node(&w, p->texts[0]);
	else
		add_conjunction(&w, p->texts, p->text_count);
	if (p->match.nest <= NEST_MAX)
		p->shape = PLAN_NATIVE;
}

enum status plan_create(const struct query *q, struct forms **forms, struct plan **out)
{
	struct plan *p = mem_zalloc(sizeof *p);
	struct forms *own = forms ? *forms : NULL;
	bool chain = q->root->kind == QUERY_AND;
	size_t parts = chain ? q->root->child_count : 1;

	*out = NULL;
	if (forms)
		*forms = NULL;
	if (!p) {
		forms_destroy(own);
		return ST_NOMEM;
	}
	p->forms = own;
	p->bounded = own && own->bounded;
	p->texts = mem_resize(NULL, parts, sizeof *p->texts);
	p->filters = mem_resize(NULL, parts, sizeof *p->filters);
	if (!p->texts || !p->filters)
		goto err;
	for (size_t i = 0; i < parts; i++)
		split(p, chain ? q->root->children[i] : q->root);
	p->negates_text = query_negates_text(q->root);
	choose(p);
	add_names(p, q);
	add_marks(p, q->root, false);
	if (p->match.text.failed || p->names.text.failed || p->marks.text.failed)
		goto err;
	*out = p;
	return ST_OK;

err:
	plan_destroy(p);
	return ST_NOMEM;
}

bool plan_ranks_one(const struct plan *p)
{
	for (size_t i = 1; i < p->marks.count; i++)
		if (p->marks.phrases[i].phrase != p->marks.phrases[0].phrase)
			return false;
	return p->marks.count > 0;
}

void plan_destroy(struct plan *p)
{
	if (!p)
		return;
	mem_free(p->texts);
	mem_free(p->filters);
	plan_match_finish(&p->match);
	plan_match_finish(&p->names);
	plan_match_finish(&p->marks);
	forms_destroy(p->forms);
	mem_free(p);
}
