/* only: conditions for a few rows; see only.h. */
#include "search/only.h"

enum { FEW = 4 };

/* Few are values, so that the statement is the same for the next ones and is kept; for many it is not worth a place. */
static void add_list(const int64_t *rows, size_t count, struct sql *out)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			sql_add(out, ",");
		if (count <= FEW)
			sql_int(out, rows[i]);
		else
			buf_addf(&out->text, "%lld", (long long)rows[i]);
	}
}

static void add_in(const char *column, const int64_t *rows, size_t count, struct sql *out)
{
	sql_add(out, " AND ");
	sql_add(out, column);
	sql_add(out, " IN (");
	add_list(rows, count, out);
	sql_add(out, ")");
}

void only_add_files(const struct only *o, const char *column, struct sql *out)
{
	if (o)
		add_in(column, o->files, o->file_count, out);
}

void only_add_dirs(const struct only *o, const char *column, struct sql *out)
{
	if (o)
		add_in(column, o->dirs, o->dir_count, out);
}

void only_add_documents(const struct only *o, const char *column, struct sql *out)
{
	if (!o)
		return;
	sql_add(out, " AND ");
	sql_add(out, column);
	sql_add(out, " IN (SELECT document FROM file WHERE id IN (");
	add_list(o->files, o->file_count, out);
	sql_add(out, ") UNION SELECT p.document FROM file f CROSS JOIN part p ON p.container = f.document"
		     " WHERE f.id IN (");
	add_list(o->files, o->file_count, out);
	sql_add(out, "))");
}

void only_add_names(const struct only *o, bool has_parts, const char *column, struct sql *out)
{
	if (!o)
		return;
	sql_add(out, " AND ");
	sql_add(out, column);
	sql_add(out, " IN (SELECT id FROM file WHERE id IN (");
	add_list(o->files, o->file_count, out);
	sql_add(out, ") UNION SELECT id + (1 << 41) FROM dir WHERE id IN (");
	add_list(o->dirs, o->dir_count, out);
	sql_add(out, ")");
	if (has_parts) {
		sql_add(out, " UNION SELECT p.id FROM file f CROSS JOIN part p ON p.container = f.document"
			     " WHERE f.id IN (");
		add_list(o->files, o->file_count, out);
		sql_add(out, ")");
	}
	sql_add(out, ")");
}
