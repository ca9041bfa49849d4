/*
 * condition: filters as SQL conditions over file f, part p and document d; declared in plan.h.
 *
 * Of a part, its name, extension, size and type are its own; path, root and times are those of its file.
 */
#include "core/log.h"
#include "search/plan.h"
#include "store/parts.h"

#include <string.h>

enum {
	GRAM = 3,	     /* characters that the index over names needs */
	PATTERN_MAX = 1024, /* longer ones are not worth asking it */
	NS_PER_S = 1000000000,
};

/* Seconds to nanoseconds; what the clock of files cannot hold is its end. */
static int64_t to_ns(int64_t s)
{
	if (s > INT64_MAX / NS_PER_S)
		return INT64_MAX;
	if (s < INT64_MIN / NS_PER_S)
		return INT64_MIN;
	return s * NS_PER_S;
}

/*
 * Whether some part of the text between wildcards is long enough for the index.  LIKE has
 * wildcards of its own.
 */
static bool indexable(const struct filter *f)
{
	size_t run = 0;

	for (const char *s = f->text; *s; s++) {
		if (strchr("*?%_", *s))
			run = 0;
		else if ((*s & 0xc0) != 0x80 && ++run == GRAM)
			return strlen(f->text) <= PATTERN_MAX;
	}
	return false;
}

/*
 * Narrows by the index over names: a pattern that matches too much is fine, trawl_match decides.
 * The folded text's * and ? become % and _ in SQL, so that the value stays the filter's own.
 */
static void add_index(const struct filter *f, const struct plan_context *c, struct sql *out)
{
	sql_add(out, c->of_parts ? "p.id" : "f.id");
	sql_add(out, " IN (SELECT rowid FROM name_part WHERE name LIKE '%' || ");
	sql_add(out, f->glob ? "replace(replace(" : "");
	sql_string(out, f->text);
	sql_add(out, f->glob ? ", '*', '%'), '?', '_')" : "");
	sql_add(out, " || '%'");
	if (c->has_parts) {
		sql_add(out, c->of_parts ? " AND rowid > " : " AND rowid < ");
		sql_int(out, PART_FIRST);
	}
	sql_add(out, ") AND ");
}

static void add_match(struct filter *f, const struct plan_context *c, struct sql *out)
{
	if (f->field == FIELD_NAME && c->driving && indexable(f))
		add_index(f, c, out);
	sql_add(out, "trawl_match(");
	sql_pointer(out, c->dirs, DIRS_POINTER);
	sql_add(out, ", ");
	sql_pointer(out, f, FILTER_POINTER);
	bool own = c->of_parts && f->field == FIELD_NAME;
	sql_add(out, own ? ", f.dir, trawl_leaf(p.path))" : ", f.dir, f.name)");
}

/* ext:pdf,docx */
static void add_extensions(const struct filter *f, const struct plan_context *c, struct sql *out)
{
	sql_add(out, c->of_parts ? "p.ext IN (" : "f.ext IN (");
	for (const char *item = f->text; *item; item = filter_next_item(item)) {
		if (item != f->text)
			sql_add(out, ", ");
		sql_string(out, item);
	}
	sql_add(out, ")");
}

/*
 * "text/plain" is that type, "text/" and "text/ *" what begins so, "pdf" and "text" one of a
 * type's two halves.
 */
static void add_type(const char *item, const char *column, struct sql *out)
{
	const char *before = "lower(", *between = ") = ", *after = "";

	if (!strchr(item, '/')) {
		before = "instr('/' || lower(";
		between = ") || '/', '/' || ";
		after = " || '/') > 0";
	} else if (item[strlen(item) - 1] == '/') {
		before = "instr(lower(";
		between = "), ";
		after = ") = 1";
	}
	sql_add(out, before);
	sql_add(out, column);
	sql_add(out, between);
	sql_string(out, item);
	sql_add(out, after);
}

/* A file without a document has no type, so that the negation finds it; of a part, its container may say. */
static void add_types(const struct filter *f, const struct plan_context *c, struct sql *out)
{
	const char *column = c->of_parts ? "coalesce(d.type, p.type)" : "d.type";

	sql_add(out, "coalesce(");
	for (const char *item = f->text; *item; item = filter_next_item(item)) {
		if (item != f->text)
			sql_add(out, " OR ");
		add_type(item, column, out);
	}
	sql_add(out, ", 0)");
}

static void add_times(const struct filter *f, int64_t now_s, struct sql *out)
{
	const char *glue = "";

	if (f->from.kind != MOMENT_OPEN) {
		sql_add(out, "f.mtime_ns >= ");
		sql_int(out, to_ns(moment_resolve(f->from, now_s)));
		glue = " AND ";
	}
	if (f->until.kind != MOMENT_OPEN) {
		sql_add(out, glue);
		sql_add(out, "f.mtime_ns < ");
		sql_int(out, to_ns(moment_resolve(f->until, now_s)));
	}
}

static void add_filter(struct filter *f, const struct plan_context *c, struct sql *out)
{
	switch (f->field) {
	case FIELD_NAME:
	case FIELD_PATH:
		add_match(f, c, out);
		return;
	case FIELD_EXT:
		add_extensions(f, c, out);
		return;
	case FIELD_TYPE:
		add_types(f, c, out);
		return;
	case FIELD_AUTHOR:
		sql_add(out, "coalesce(instr(trawl_fold(d.author), ");
		sql_string(out, f->text);
		sql_add(out, ") > 0, 0)");
		return;
	case FIELD_ROOT:
		sql_add(out, "EXISTS (SELECT 1 FROM dir x JOIN root r ON r.id = x.root"
			     " WHERE x.id = f.dir AND trawl_fold(r.name) = ");
		sql_string(out, f->text);
		sql_add(out, ")");
		return;
	case FIELD_SIZE:
		sql_add(out, c->of_parts ? "p.size BETWEEN " : "f.size BETWEEN ");
		sql_int(out, f->min);
		sql_add(out, " AND ");
		sql_int(out, f->max);
		return;
	case FIELD_MODIFIED:
		add_times(f, c->now_s, out);
		return;
	case FIELD_TITLE:
	case FIELD_AFTER:
	case FIELD_BEFORE:
	case FIELD_NONE:
		break;
	}
	BUG("not a filter");
}

void plan_places(const struct plan_context *c, struct sql *out)
{
	/* From the part to its files, never the other way: most files have no part. */
	sql_add(out, c->of_parts ? "part p CROSS JOIN file f ON f.document = p.container"
				   " LEFT JOIN document d ON d.id = p.document"
				 : "file f LEFT JOIN document d ON d.id = f.document");
}

static void add_joined(const struct query_node *n, const char *glue, const struct plan_context *c,
	struct sql *out)
{
	for (size_t i = 0; i < n->child_count; i++) {
		if (i)
			sql_add(out, glue);
		plan_condition(n->children[i], c, out);
	}
}

void plan_condition(const struct query_node *n, const struct plan_context *c, struct sql *out)
{
	sql_add(out, n->kind == QUERY_NOT ? "NOT (" : "(");
	switch (n->kind) {
	case QUERY_AND:
		add_joined(n, " AND ", c, out);
		break;
	case QUERY_OR:
		add_joined(n, " OR ", c, out);
		break;
	case QUERY_NOT:
		plan_condition(n->children[0], c, out);
		break;
	case QUERY_FILTER:
		add_filter(n->filter, c, out);
		break;
	case QUERY_TEXT:
		BUG("text among filters");
	}
	sql_add(out, ")");
}
