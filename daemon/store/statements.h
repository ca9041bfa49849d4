/*
 * statements: every SQL statement of the store, in one table, prepared on first use and kept by the connection.
 *
 * A struct statement is one use of such a statement: parameters are bound in order, the first error sticks, and
 * leaving the scope resets it on every path.  A statement that is already running (a callback that asks again) gets
 * a second preparation of its own, finalized when its scope ends.
 */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "core/buf.h"
#include "core/status.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

enum statement_id {
#define STATEMENT(name, sql) STMT_##name,
#include "store/db_statements.tbl"
	STATEMENT_COUNT
};

struct statements {
	sqlite3_stmt *kept[STATEMENT_COUNT];
	bool busy[STATEMENT_COUNT];
};

struct statement {
	struct db *db;
	sqlite3_stmt *raw; /* NULL: could not be prepared */
	enum statement_id id;
	bool own; /* a second preparation: finalized, not reset */
	int rc;	  /* SQLITE_OK, _ROW, _DONE, or the first error */
	int at;	  /* parameters bound so far */
};

void statement_finish(struct statement *s);
#define AUTO_STATEMENT __attribute__((cleanup(statement_finish))) struct statement

struct statement statement_start(struct db *db, enum statement_id id);

/* The next parameter.  Bytes must live until the statement is finished. */
void statement_int(struct statement *s, int64_t value);
void statement_int_or_null(struct statement *s, int64_t value); /* 0 is NULL */
void statement_null(struct statement *s);
void statement_text(struct statement *s, const char *text, size_t len);
void statement_string(struct statement *s, const char *text);	    /* NULL is NULL */
void statement_blob(struct statement *s, const void *bytes, size_t len); /* never NULL, however short */
void statement_blob_or_null(struct statement *s, const void *bytes, size_t len); /* 0 bytes: NULL */

/* Steps; true with a row to read. */
bool statement_row(struct statement *s);
/* What became of it so far; an error is logged, and spoils the transaction. */
MUST_USE enum status statement_status(struct statement *s);
/* Runs it to its end. */
MUST_USE enum status statement_run(struct statement *s);

int64_t statement_get_int(struct statement *s, int column);
/* NUL-terminated, valid until the next step; NULL for NULL, or for want of memory, which sticks. */
const char *statement_get_string(struct statement *s, int column);
/* *len bytes, "" if there are none. */
const void *statement_get_bytes(struct statement *s, int column, int *len);

/* Appends them; what memory it lacked, the buf tells. */
void statement_add_bytes(struct statement *s, int column, struct buf *out);

/* Prepares those that must not fail for want of memory later. */
MUST_USE enum status statements_prepare(struct db *db, const enum statement_id *ids, size_t count);
void statements_finish(struct db *db);

#endif
