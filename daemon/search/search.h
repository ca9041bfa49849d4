/*
 * search: one full-text search, from its JSON parameters to its JSON answer.
 *
 * Stages, a file each: request (JSON -> struct), parse (the user's query -> tree,
 * with positions in errors), plan (tree -> FTS5 expression, name expression and
 * filters), run (rows, rank, paging, totals), snippet (text and marks).
 * search_register adds the auxiliary functions to a connection: the store's
 * on-open hook.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "core/buf.h"
#include "core/caller.h"
#include "store/db.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>

/* Why a request was refused; becomes the JSON-RPC error. */
struct search_error {
	bool bad_query;	    /* -32000 bad_query with position; else -32602 */
	size_t position;    /* byte offset in the query */
	char message[256];  /* names the field, or what was expected */
};

struct search_request;

/* ST_INVALID with *error filled; unknown fields are refused by name.  Any thread. */
MUST_USE enum status search_request_parse(
	const cJSON *params, struct search_request **out, struct search_error *error);
void search_request_destroy(struct search_request *r);
/*
 * The memo key: canonical query, options and what the caller may see.  Relative dates resolve to
 * the UTC day `now_s`.
 */
MUST_USE enum status search_request_key(const struct search_request *r, const struct caller *caller,
	int64_t now_s, struct buf *out);
/* -1: not given, the ttl holds */
int64_t search_request_max_age_ms(const struct search_request *r);
int64_t search_request_sync_ms(const struct search_request *r);	   /* 0: not given */
int64_t search_request_timeout_ms(const struct search_request *r); /* default 2000 */

/* When to give up; `canceled` may be set by another thread at any time. */
struct search_stop {
	int64_t deadline_ms; /* monotonic */
	const atomic_bool *canceled;
};

struct search_outcome {
	int64_t clock;	/* of the snapshot that answered */
	bool partial;	/* stopped at the deadline; never kept in the memo */
};

/*
 * Runs on a reader thread's own connection, in one read transaction.  `json`
 * receives the members of the result object without braces: hits, total,
 * total_exact, rank_bounded, partial, cursor (if there is more) and clock; the
 * server adds cached, age_ms, took_ms and synced.  ST_CANCELED, ST_NOMEM, ST_IO, ST_CORRUPT.
 */
MUST_USE enum status search_run(struct db *db, const struct search_request *r,
	const struct caller *caller, const struct search_stop *stop, struct buf *json,
	struct search_outcome *outcome);

/* The on-open hook for db_on_open: rank and snippet functions. */
int search_register(sqlite3 *raw);

#endif
