/* sql: statement text with its values; see sql.h. */
#include "search/sql.h"

#include "core/mem.h"
#include "store/kept.h"

struct sql_value {
	enum { VALUE_SLOT, VALUE_INT, VALUE_STRING, VALUE_POINTER } kind;
	int64_t number;
	const char *string; /* POINTER: its type */
	void *pointer;
};

void sql_finish(struct sql *s)
{
	buf_finish(&s->text);
	mem_free(s->values);
	*s = (struct sql)SQL_INIT;
}

void sql_add(struct sql *s, const char *text)
{
	buf_adds(&s->text, text);
}

static void add_value(struct sql *s, struct sql_value v)
{
	struct sql_value *grown = mem_resize(s->values, s->count + 1, sizeof *grown);

	if (!grown) {
		s->text.failed = true;
		return;
	}
	s->values = grown;
	s->values[s->count++] = v;
	buf_addf(&s->text, "?%zu", s->count);
}

void sql_int(struct sql *s, int64_t value)
{
	add_value(s, (struct sql_value){.kind = VALUE_INT, .number = value});
}

void sql_string(struct sql *s, const char *value)
{
	add_value(s, (struct sql_value){.kind = VALUE_STRING, .string = value});
}

void sql_pointer(struct sql *s, void *value, const char *type)
{
	add_value(s, (struct sql_value){.kind = VALUE_POINTER, .string = type, .pointer = value});
}

int sql_slot(struct sql *s)
{
	add_value(s, (struct sql_value){.kind = VALUE_SLOT});
	return (int)s->count;
}

void sql_range(struct sql *s, const char *column, int64_t first, int64_t last)
{
	sql_add(s, " AND ");
	sql_add(s, column);
	sql_add(s, " >= ");
	sql_int(s, first);
	sql_add(s, " AND ");
	sql_add(s, column);
	sql_add(s, " <= ");
	sql_int(s, last);
}

static int bind(sqlite3_stmt *stmt, int at, const struct sql_value *v)
{
	switch (v->kind) {
	case VALUE_SLOT:
		return SQLITE_OK;
	case VALUE_INT:
		return sqlite3_bind_int64(stmt, at, v->number);
	case VALUE_STRING:
		return sqlite3_bind_text(stmt, at, v->string, -1, SQLITE_STATIC);
	case VALUE_POINTER:
		return sqlite3_bind_pointer(stmt, at, v->pointer, v->string, NULL);
	}
	return SQLITE_MISUSE;
}

int sql_prepare(const struct sql *s, sqlite3 *raw, sqlite3_stmt **out)
{
	int rc;

	*out = NULL;
	if (buf_status(&s->text) != ST_OK)
		return SQLITE_NOMEM;
	rc = kept_take(raw, s->text.data, out);
	for (size_t i = 0; rc == SQLITE_OK && i < s->count; i++)
		rc = bind(*out, (int)i + 1, &s->values[i]);
	if (rc != SQLITE_OK) {
		kept_give(*out);
		*out = NULL;
	}
	return rc;
}
