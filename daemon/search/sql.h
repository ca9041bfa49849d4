/*
 * sql: a statement under construction, with the values of its parameters.
 *
 * Values go in beside the text that names them, so that no user's byte ever
 * becomes SQL.  Memory trouble is kept until sql_prepare.
 */
#ifndef SEARCH_SQL_H
#define SEARCH_SQL_H

#include "core/buf.h"

#include <sqlite3.h>
#include <stdint.h>

struct sql {
	struct buf text;
	struct sql_value *values;
	size_t count;
};

#define SQL_INIT {BUF_INIT, NULL, 0}
#define AUTO_SQL __attribute__((cleanup(sql_finish))) struct sql

void sql_finish(struct sql *s);
void sql_add(struct sql *s, const char *text);
/* Each appends a parameter; text and pointers must outlive the prepared statement. */
void sql_int(struct sql *s, int64_t value);
void sql_string(struct sql *s, const char *value);
void sql_pointer(struct sql *s, void *value, const char *type);
/* " AND column >= first AND column <= last". */
void sql_range(struct sql *s, const char *column, int64_t first, int64_t last);
/* A parameter that the caller binds before each run; returns its number. */
int sql_slot(struct sql *s);
/* An SQLite result code.  The statement goes back with kept_give, or ends with sqlite3_finalize. */
int sql_prepare(const struct sql *s, sqlite3 *raw, sqlite3_stmt **out);

#endif
