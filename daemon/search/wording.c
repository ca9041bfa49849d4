/*
 * wording: a query as people read it; declared in query.h.
 *
 * For the eye: where a word can be misread it stands in quotes, but nobody parses this again.
 */
#include "core/log.h"
#include "search/query.h"

#include <string.h>
#include <strings.h>

static void add_quoted(const char *s, struct buf *out)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"')
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

/* --- filters --- */

static const char *noun(enum field field)
{
	switch (field) {
	case FIELD_EXT:
		return "extension";
	case FIELD_LANG:
		return "language";
	case FIELD_FROM:
		return "sender";
	case FIELD_TO:
		return "recipient";
	case FIELD_CC:
		return "recipient of a copy";
	case FIELD_TITLE:
	case FIELD_NAME:
	case FIELD_PATH:
	case FIELD_PART:
	case FIELD_TYPE:
	case FIELD_AUTHOR:
	case FIELD_SUBJECT:
	case FIELD_ROOT:
	case FIELD_SIZE:
	case FIELD_AFTER:
	case FIELD_BEFORE:
	case FIELD_MODIFIED:
	case FIELD_NONE:
		break;
	}
	return field_name(field);
}

static void add_list(const struct filter *f, struct buf *out)
{
	buf_addf(out, "%s ", noun(f->field));
	for (const char *item = f->text; *item; item = filter_next_item(item)) {
		if (item != f->text)
			buf_adds(out, " or ");
		buf_adds(out, item);
		if (f->field == FIELD_TYPE && item[strlen(item) - 1] == '/')
			buf_addc(out, '*');
	}
}

static void add_text(const struct filter *f, struct buf *out)
{
	const char *verb = f->field == FIELD_ROOT ? "is" : f->glob ? "is like" : "has";

	buf_addf(out, "%s %s ", noun(f->field), verb);
	add_quoted(f->text, out);
}

/* In the largest unit that does not round. */
static void add_bytes(int64_t n, struct buf *out)
{
	static const char *const names[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	for (; i < 4 && n && n % 1024 == 0; i++)
		n /= 1024;
	buf_addf(out, "%lld %s", (long long)n, names[i]);
}

/* size:>1M is kept as from 1 MiB and a byte on: the rounder of the two numbers is what was meant. */
static bool is_strict(int64_t bound, int64_t step)
{
	return bound % 1024 && (bound + step) % 1024 == 0 && bound + step > 0;
}

static void add_size(const struct filter *f, struct buf *out)
{
	bool above = is_strict(f->min, -1), below = f->max < INT64_MAX && is_strict(f->max, 1);

	if (f->min == f->max) {
		buf_adds(out, "size = ");
		add_bytes(f->min, out);
		return;
	}
	if (f->min > 0 || f->max == INT64_MAX) {
		buf_adds(out, above ? "size > " : "size >= ");
		add_bytes(f->min - above, out);
	}
	if (f->max == INT64_MAX)
		return;
	buf_adds(out, f->min > 0 ? " and " : "size ");
	buf_adds(out, below ? "< " : "<= ");
	add_bytes(f->max + below, out);
}

static void add_filter(const struct filter *f, struct buf *out)
{
	if (f->field == FIELD_MODIFIED) {
		buf_adds(out, "modified ");
		moment_print_span(f->from, f->until, out);
	} else if (f->field == FIELD_SIZE) {
		add_size(f, out);
	} else if (filter_is_list(f)) {
		add_list(f, out);
	} else {
		add_text(f, out);
	}
}

/* --- texts --- */

/* Letters, digits and what is not ASCII: nothing that could be taken for a sign. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!(*s & 0x80) && !(*s >= '0' && *s <= '9') &&
			!((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z'))
			return false;
	return true;
}

/* Whether one is the other but for one letter: another, one more, one less, or two in the wrong order. */
static bool is_near_miss(const char *s, size_t len, const char *name)
{
	size_t n = strlen(name), i = 0;

	if (n < 4 || len + 1 < n || len > n + 1)
		return false;
	while (i < len && i < n && (s[i] | 0x20) == name[i])
		i++;
	if (len != n)
		return strncasecmp(s + i + (len > n), name + i + (len < n), len > n ? n - i : len - i) == 0;
	if (i + 1 < n && (s[i] | 0x20) == name[i + 1] && (s[i + 1] | 0x20) == name[i])
		return strncasecmp(s + i + 2, name + i + 2, n - i - 2) == 0;
	return i < n && strncasecmp(s + i + 1, name + i + 1, n - i - 1) == 0;
}

/* What people try where there is another name for it. */
static const char *other_name(const char *s, size_t len)
{
	static const struct {
		const char *tried;
		enum field field;
	} names[] = {{"filename", FIELD_NAME}, {"file", FIELD_NAME}, {"dir", FIELD_PATH},
		{"folder", FIELD_PATH}, {"in", FIELD_PATH}, {"mime", FIELD_TYPE},
		{"filetype", FIELD_TYPE}, {"kind", FIELD_TYPE}, {"extension", FIELD_EXT},
		{"language", FIELD_LANG}, {"date", FIELD_MODIFIED}, {"mtime", FIELD_MODIFIED},
		{"since", FIELD_AFTER}, {"until", FIELD_BEFORE}, {"sender", FIELD_FROM},
		{"recipient", FIELD_TO}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].tried) == len && strncasecmp(names[i].tried, s, len) == 0)
			return field_name(names[i].field);
	for (int f = 0; f < FIELD_NONE; f++)
		if (is_near_miss(s, len, field_name((enum field)f)))
			return field_name((enum field)f);
	return NULL;
}

/* A word such as "auhtor:curie" is searched for as it stands; but perhaps a field was meant. */
static void add_hint(const struct query_phrase *p, struct buf *out)
{
	size_t len = strcspn(p->text, ":");
	const char *other;

	if (p->quoted || !p->text[len] || !p->text[len + 1] || strchr(":/\\", p->text[len + 1]))
		return;
	other = other_name(p->text, len);
	if (other)
		buf_addf(out, " (words, for no field is called %.*s; there is %s:)", (int)len,
			p->text, other);
}

static void add_phrase(const struct query_phrase *p, struct buf *out)
{
	if (!p->quoted && is_plain(p->text))
		buf_adds(out, p->text);
	else
		add_quoted(p->text, out);
	if (p->prefix)
		buf_addc(out, '*');
	add_hint(p, out);
}

static void add_leaf(const struct query_node *n, struct buf *out)
{
	if (n->title)
		buf_adds(out, "title has ");
	if (n->distance >= 0)
		buf_adds(out, "NEAR(");
	for (size_t i = 0; i < n->phrase_count; i++) {
		if (i)
			buf_addc(out, ' ');
		add_phrase(&n->phrases[i], out);
	}
	if (n->distance >= 0)
		buf_addf(out, ", %lld)", (long long)n->distance);
}

/* --- the tree --- */

static void add_node(const struct query_node *n, struct buf *out);

static void add_operand(const struct query_node *n, struct buf *out)
{
	bool brackets = n->kind == QUERY_AND || n->kind == QUERY_OR;

	if (brackets)
		buf_addc(out, '(');
	add_node(n, out);
	if (brackets)
		buf_addc(out, ')');
}

static void add_node(const struct query_node *n, struct buf *out)
{
	switch (n->kind) {
	case QUERY_TEXT:
		add_leaf(n, out);
		return;
	case QUERY_FILTER:
		add_filter(n->filter, out);
		return;
	case QUERY_NOT:
		buf_adds(out, "NOT ");
		add_operand(n->children[0], out);
		return;
	case QUERY_AND:
	case QUERY_OR:
		for (size_t i = 0; i < n->child_count; i++) {
			if (i)
				buf_adds(out, n->kind == QUERY_AND ? " AND " : " OR ");
			add_operand(n->children[i], out);
		}
		return;
	}
	BUG("query kind");
}

void query_print(const struct query *q, struct buf *out)
{
	add_node(q->root, out);
}
