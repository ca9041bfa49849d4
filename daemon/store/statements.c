/* statements: prepared once, used in scopes; see statements.h. */
#include "store/statements.h"

#include "core/log.h"
#include "store/connection.h"

static const char *const texts[] = {
#define STATEMENT(name, sql) [STMT_##name] = (sql),
#include "store/db_statements.tbl"
};

static const char *const names[] = {
#define STATEMENT(name, sql) [STMT_##name] = #name,
#include "store/db_statements.tbl"
};

static int prepare(struct db *db, enum statement_id id, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v3(
		db->raw, texts[id], -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

	/* Our own SQL is right, so a plain error means that the schema is not what its version says. */
	return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

struct statement statement_start(struct db *db, enum statement_id id)
{
	struct statement s = {.db = db, .id = id, .rc = SQLITE_OK};
	struct statements *all = &db->statements;

	BUG_UNLESS(db->raw);
	if (all->busy[id]) {
		s.own = true;
		s.rc = prepare(db, id, &s.raw);
		return s;
	}
	if (!all->kept[id])
		s.rc = prepare(db, id, &all->kept[id]);
	s.raw = all->kept[id];
	all->busy[id] = s.raw != NULL;
	return s;
}

void statement_finish(struct statement *s)
{
	if (!s->raw)
		return;
	if (s->own) {
		sqlite3_finalize(s->raw);
	} else {
		/* The result repeats an error that was seen when stepping. */
		(void)sqlite3_reset(s->raw);
		(void)sqlite3_clear_bindings(s->raw);
		s->db->statements.busy[s->id] = false;
	}
	s->raw = NULL;
}

/* Whether the next parameter can be bound: counts it. */
static bool next(struct statement *s)
{
	s->at++;
	return s->raw && s->rc == SQLITE_OK;
}

void statement_int(struct statement *s, int64_t value)
{
	if (next(s))
		s->rc = sqlite3_bind_int64(s->raw, s->at, value);
}

void statement_null(struct statement *s)
{
	if (next(s))
		s->rc = sqlite3_bind_null(s->raw, s->at);
}

void statement_int_or_null(struct statement *s, int64_t value)
{
	if (value)
		statement_int(s, value);
	else
		statement_null(s);
}

void statement_text(struct statement *s, const char *text, size_t len)
{
	if (next(s))
		s->rc = sqlite3_bind_text64(s->raw, s->at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

void statement_string(struct statement *s, const char *text)
{
	if (next(s))
		s->rc = sqlite3_bind_text(s->raw, s->at, text, -1, SQLITE_STATIC);
}

void statement_blob(struct statement *s, const void *bytes, size_t len)
{
	if (next(s))
		s->rc = sqlite3_bind_blob64(s->raw, s->at, len ? bytes : "", len, SQLITE_STATIC);
}

void statement_blob_or_null(struct statement *s, const void *bytes, size_t len)
{
	if (len)
		statement_blob(s, bytes, len);
	else
		statement_null(s);
}

bool statement_row(struct statement *s)
{
	if (!s->raw || (s->rc != SQLITE_OK && s->rc != SQLITE_ROW))
		return false;
	s->rc = sqlite3_step(s->raw);
	return s->rc == SQLITE_ROW;
}

enum status statement_status(struct statement *s)
{
	if (s->rc == SQLITE_OK || s->rc == SQLITE_ROW || s->rc == SQLITE_DONE)
		return ST_OK;
	return db_trouble(s->db, db_status(s->db, s->rc, names[s->id]));
}

enum status statement_run(struct statement *s)
{
	while (statement_row(s))
		;
	return statement_status(s);
}

int64_t statement_get_int(struct statement *s, int column)
{
	return sqlite3_column_int64(s->raw, column);
}

const char *statement_get_string(struct statement *s, int column)
{
	if (sqlite3_column_type(s->raw, column) == SQLITE_NULL)
		return NULL;
	/* A BLOB read as text keeps its bytes and gets a NUL behind them. */
	const unsigned char *text = sqlite3_column_text(s->raw, column);
	if (!text)
		s->rc = SQLITE_NOMEM;
	return (const char *)text;
}

const void *statement_get_bytes(struct statement *s, int column, int *len)
{
	const void *bytes = sqlite3_column_blob(s->raw, column);

	*len = sqlite3_column_bytes(s->raw, column);
	return bytes ? bytes : "";
}

void statement_add_bytes(struct statement *s, int column, struct buf *out)
{
	int len;
	const void *bytes = statement_get_bytes(s, column, &len);

	buf_add(out, bytes, (size_t)len);
}

enum status statements_prepare(struct db *db, const enum statement_id *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_STATEMENT s = statement_start(db, ids[i]);
		enum status st = statement_status(&s);

		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

void statements_finish(struct db *db)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		BUG_UNLESS(!db->statements.busy[i]);
		sqlite3_finalize(db->statements.kept[i]);
		db->statements.kept[i] = NULL;
	}
}
