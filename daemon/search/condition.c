/*
 * condition: filters as SQL conditions over file f, part p and document d; declared in plan.h.
 *
 * Of a part, its name, extension, size, type and what its document says are its own; path, root and
 * times are those of its file.  A directory has a name, path, root, time and type; all else is
 * false of it, and nothing is ever NULL, so that negations hold.
 */
#include "core/log.h"
#include "search/plan.h"
#include "store/parts.h"

#include <string.h>

enum { NS_PER_S = 1000000000 };


/* Seconds to nanoseconds; what the clock of files cannot hold is its end. */
static int64_t to_ns(int64_t s)
{
	if (s > INT64_MAX / NS_PER_S)
		return INT64_MAX;
	if (s < INT64_MIN / NS_PER_S)
		return INT64_MIN;
	return s * NS_PER_S;
}

/* Narrows by the index over names: what matches too much is fine, trawl_match decides. */
static void add_index(const struct filter *f, const struct plan_context *c, struct sql *out)
{
	sql_add(out, c->of_parts ? "p.id" : "f.id");
	sql_add(out, " IN (SELECT rowid");
	if (c->of_dirs) {
		sql_add(out, " - ");
		sql_int(out, DIR_FIRST);
	}
	sql_add(out, " FROM name_part WHERE name LIKE ");
	sql_string(out, f->like);
	if (c->of_dirs || c->of_parts || c->has_parts) {
		sql_add(out, c->of_dirs || c->of_parts ? " AND rowid > " : " AND rowid < ");
		sql_int(out, c->of_dirs ? DIR_FIRST : PART_FIRST);
	}
	sql_add(out, ") AND ");
}

/* trawl_match is false of NULL. */
static void add_match(
	struct filter *f, const struct plan_context *c, const char *of, struct sql *out)
{
	sql_add(out, "trawl_match(");
	sql_pointer(out, c->dirs, DIRS_POINTER);
	sql_add(out, ", ");
	sql_pointer(out, f, FILTER_POINTER);
	sql_add(out, of);
	sql_add(out, ")");
}

static void add_name(struct filter *f, const struct plan_context *c, struct sql *out)
{
	if (f->like && c->driving)
		add_index(f, c, out);
	add_match(f, c, c->of_parts ? ", f.dir, trawl_leaf(p.path)" : ", f.dir, f.name", out);
}

/* What a letter says of itself: few documents are one, and most need not be read as JSON for that. */
static void add_header(struct filter *f, const struct plan_context *c, struct sql *out)
{
	AUTO_BUF key = BUF_INIT;

	sql_add(out, "(coalesce(instr(d.meta, '\"");
	sql_add(out, field_name(f->field));
	sql_add(out, "\":'), 0) > 0 AND ");
	buf_addf(&key, ", 0, json_extract(d.meta, '$.%s')", field_name(f->field));
	if (key.failed)
		out->text.failed = true;
	else
		add_match(f, c, key.data, out);
	sql_add(out, ")");
}

/* ext:pdf,docx */
static void add_extensions(struct filter *f, const struct plan_context *c, struct sql *out)
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

/* Whether add_type's condition holds of a directory. */
static bool is_directory_type(const char *item)
{
	size_t len = strlen(item);

	if (len && item[len - 1] == '/')
		return strncmp(DIRECTORY_TYPE, item, len) == 0;
	return strcmp(item, DIRECTORY_TYPE) == 0 || strcmp(item, "inode") == 0 ||
	       strcmp(item, "directory") == 0;
}

static bool has_directory_type(const struct filter *f)
{
	for (const char *item = f->text; *item; item = filter_next_item(item))
		if (is_directory_type(item))
			return true;
	return false;
}

/* A file without a document has no type, so that the negation finds it; of a part, its container may say. */
static void add_types(struct filter *f, const struct plan_context *c, struct sql *out)
{
	const char *column = c->of_parts ? "coalesce(d.type, p.type)" : "d.type";

	if (c->of_dirs) {
		sql_add(out, has_directory_type(f) ? "1" : "0");
		return;
	}
	sql_add(out, "coalesce(");
	for (const char *item = f->text; *item; item = filter_next_item(item)) {
		if (item != f->text)
			sql_add(out, " OR ");
		add_type(item, column, out);
	}
	sql_add(out, ", 0)");
}

/* "de" is de, de-AT and de_AT. */
static void add_languages(struct filter *f, const struct plan_context *c, struct sql *out)
{
	(void)c;
	sql_add(out, "coalesce(");
	for (const char *item = f->text; *item; item = filter_next_item(item)) {
		if (item != f->text)
			sql_add(out, " OR ");
		sql_add(out, "instr(replace(lower(d.lang), '_', '-') || '-', ");
		sql_string(out, item);
		sql_add(out, " || '-') = 1");
	}
	sql_add(out, ", 0)");
}

static void add_times(struct filter *f, const struct plan_context *c, struct sql *out)
{
	const char *glue = "";

	if (f->from.kind != MOMENT_OPEN) {
		sql_add(out, "f.mtime_ns >= ");
		sql_int(out, to_ns(moment_resolve(f->from, c->now_s)));
		glue = " AND ";
	}
	if (f->until.kind != MOMENT_OPEN) {
		sql_add(out, glue);
		sql_add(out, "f.mtime_ns < ");
		sql_int(out, to_ns(moment_resolve(f->until, c->now_s)));
	}
}

static void add_path(struct filter *f, const struct plan_context *c, struct sql *out)
{
	add_match(f, c, ", f.dir, f.name", out);
}

static void add_part(struct filter *f, const struct plan_context *c, struct sql *out)
{
	add_match(f, c, ", 0, p.path", out);
}

static void add_author(struct filter *f, const struct plan_context *c, struct sql *out)
{
	add_match(f, c, ", 0, d.author", out);
}

static void add_root(struct filter *f, const struct plan_context *c, struct sql *out)
{
	(void)c;
	sql_add(out, "EXISTS (SELECT 1 FROM dir x JOIN root r ON r.id = x.root"
		     " WHERE x.id = f.dir AND trawl_fold(r.name) = ");
	sql_string(out, f->text);
	sql_add(out, ")");
}

static void add_size(struct filter *f, const struct plan_context *c, struct sql *out)
{
	sql_add(out, c->of_parts ? "p.size BETWEEN " : "f.size BETWEEN ");
	sql_int(out, f->min);
	sql_add(out, " AND ");
	sql_int(out, f->max);
}

/* Fields, and the places that have such a thing at all. */
static const struct {
	void (*add)(struct filter *f, const struct plan_context *c, struct sql *out);
	enum { EVERY_PLACE, FILES_AND_PARTS, PARTS_ONLY } of;
} fields[FIELD_NONE] = {
	[FIELD_NAME] = {add_name, EVERY_PLACE},
	[FIELD_PATH] = {add_path, EVERY_PLACE},
	[FIELD_PART] = {add_part, PARTS_ONLY},
	[FIELD_EXT] = {add_extensions, FILES_AND_PARTS},
	[FIELD_TYPE] = {add_types, EVERY_PLACE},
	[FIELD_LANG] = {add_languages, FILES_AND_PARTS},
	[FIELD_AUTHOR] = {add_author, FILES_AND_PARTS},
	[FIELD_FROM] = {add_header, FILES_AND_PARTS},
	[FIELD_TO] = {add_header, FILES_AND_PARTS},
	[FIELD_CC] = {add_header, FILES_AND_PARTS},
	[FIELD_SUBJECT] = {add_header, FILES_AND_PARTS},
	[FIELD_ROOT] = {add_root, EVERY_PLACE},
	[FIELD_SIZE] = {add_size, FILES_AND_PARTS},
	[FIELD_MODIFIED] = {add_times, EVERY_PLACE},
};

static void add_filter(struct filter *f, const struct plan_context *c, struct sql *out)
{
	BUG_UNLESS(f->field < FIELD_NONE && fields[f->field].add);
	if ((c->of_dirs && fields[f->field].of != EVERY_PLACE) ||
		(!c->of_parts && fields[f->field].of == PARTS_ONLY))
		sql_add(out, "0");
	else
		fields[f->field].add(f, c, out);
}

void plan_places(const struct plan_context *c, struct sql *out)
{
	/* A root's own directory, and one that is detached, has no parent. */
	if (c->of_dirs)
		sql_add(out, "(SELECT id, parent AS dir, name, mode, uid, gid, acl, mtime_ns, NULL AS document"
			     " FROM dir WHERE parent IS NOT NULL) f");
	/* From the part to its files, never the other way: most files have no part. */
	else if (c->of_parts)
		sql_add(out, "part p CROSS JOIN file f ON f.document = p.container"
			     " LEFT JOIN document d ON d.id = p.document");
	else
		sql_add(out, "file f LEFT JOIN document d ON d.id = f.document");
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
