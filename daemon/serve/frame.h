/*
 * frame: lines of JSON-RPC 2.0, both directions: split, checked, made.
 *
 * Shared by the daemon and the command-line tool; includes nothing else of serve.
 * Not locked: one owner.
 */
#ifndef SERVE_FRAME_H
#define SERVE_FRAME_H

#include "core/buf.h"

#include <cjson/cJSON.h>

enum { FRAME_LINE_MAX = 1 << 20, FRAME_DEPTH_MAX = 32 };

/* JSON-RPC error codes of the standard. */
enum {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL = -32603,
	RPC_TRAWL = -32000 /* data.code says which */
};

/* data.code of RPC_TRAWL; second: whether trying again may help (data.retryable). */
#define RPC_CODE_TABLE(X)                                                                          \
	X(BAD_QUERY, "bad_query", 0)                                                               \
	X(TIMEOUT, "timeout", 1)                                                                   \
	X(BUSY, "busy", 1)                                                                         \
	X(PAUSED, "paused", 1)                                                                     \
	X(FULL, "full", 1)                                                                         \
	X(FORBIDDEN, "forbidden", 0)                                                               \
	X(NOT_FOUND, "not_found", 0)                                                               \
	X(CANCELED, "canceled", 1)                                                                 \
	X(TOO_LARGE, "too_large", 0)
enum rpc_code {
#define X(name, word, retryable) RPC_CODE_##name,
	RPC_CODE_TABLE(X)
#undef X
};
const char *frame_code_word(enum rpc_code code); /* static */

struct frame_splitter {
	struct buf pending; /* an unfinished line */
	bool skipping;	    /* inside a line that was too long: until its newline */
};
#define FRAME_SPLITTER_INIT {BUF_INIT, false}
void frame_splitter_finish(struct frame_splitter *s);

/*
 * Feeds bytes; calls `line` for each complete line, without its newline (a trailing CR goes too; empty lines are
 * passed over), and `too_long` once for a line over `max`, whose rest is skipped.  A false return stops and drops the rest (ST_OK).
 * The bytes live for the call, and no callback may finish the splitter.  ST_NOMEM.
 */
MUST_USE enum status frame_feed(struct frame_splitter *s, const char *bytes, size_t n, size_t max,
	bool (*line)(void *arg, const char *bytes, size_t n), bool (*too_long)(void *arg), void *arg);

/*
 * Whether n bytes are UTF-8 without NUL or bare control characters, and nest no deeper than FRAME_DEPTH_MAX; *why is a
 * static text when not.
 */
bool frame_check(const char *bytes, size_t n, const char **why);
/* Whether some string holds \u0000, where cJSON would cut it. */
bool frame_has_escaped_nul(const char *bytes, size_t n);
/* Parses after frame_check; NULL if it is not JSON, or has anything behind the value. */
cJSON *frame_parse(const char *bytes, size_t n);

/* Each appends one whole line with its newline.  `id` NULL is written as null; `result` is JSON text.  What finds no
 * memory sets out->failed. */
void frame_add_result(struct buf *out, const cJSON *id, const char *result, size_t n);
void frame_add_error(struct buf *out, const cJSON *id, int code, const char *message, const cJSON *data);
/* RPC_TRAWL with data {"code":…,"retryable":…} and, if position >= 0, "position". */
void frame_add_trawl_error(
	struct buf *out, const cJSON *id, enum rpc_code code, const char *message, long position);
/* RPC_INVALID_REQUEST with the code too_large, for a line that frame_feed passed over. */
void frame_add_too_long(struct buf *out);
/* A request or, with id NULL, a notification; `params` may be NULL. */
void frame_add_request(struct buf *out, const cJSON *id, const char *method, const cJSON *params);

/* Pieces of a line, for those who write their JSON directly. */
/* {"jsonrpc":"2.0","id":… without the rest. */
void frame_add_head(struct buf *out, const cJSON *id);
/* The value as JSON text; NULL is null. */
void frame_add_json(struct buf *out, const cJSON *value);
/* A JSON string of n bytes; ill-formed UTF-8 becomes U+FFFD. */
void frame_add_string(struct buf *out, const char *s, size_t n);
/* "path":lossy and, where the bytes are no UTF-8, ,"path_b64":"…"; no braces. */
void frame_add_path(struct buf *out, const char *key, const char *path, size_t n);

#endif
