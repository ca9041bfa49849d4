/*
 * frame: lines of JSON-RPC 2.0; see frame.h.
 *
 * cJSON is lenient where a server must not be: it passes ill-formed UTF-8 and
 * control characters, cuts strings at an escaped NUL, nests a thousand deep and
 * ignores what follows the value.  So every line is scanned before it is parsed.
 */
#include "serve/frame.h"

#include "core/mem.h"
#include "core/path.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { KEEP_ROOM = 64 * 1024 }; /* a splitter gives back the memory of a longer line */

/* --- splitting ---------------------------------------------------------------------------------- */

void frame_splitter_finish(struct frame_splitter *s)
{
	buf_finish(&s->pending);
	s->skipping = false;
}

struct sink {
	size_t max;
	bool (*line)(void *arg, const char *bytes, size_t n);
	bool (*too_long)(void *arg);
	void *arg;
};

static bool deliver(const struct sink *to, const char *bytes, size_t n)
{
	if (n > 0 && bytes[n - 1] == '\r')
		n--;
	if (n == 0)
		return true;
	return n > to->max ? to->too_long(to->arg) : to->line(to->arg, bytes, n);
}

static void forget(struct frame_splitter *s)
{
	if (s->pending.room > KEEP_ROOM)
		buf_finish(&s->pending);
	else
		buf_clear(&s->pending);
}

/* The n bytes up to a newline: the end of a pending line, or a line by themselves, which is not copied. */
static enum status end_line(
	struct frame_splitter *s, const char *bytes, size_t n, const struct sink *to, bool *go_on)
{
	if (s->skipping) {
		s->skipping = false;
		return ST_OK;
	}
	if (s->pending.len == 0) {
		*go_on = deliver(to, bytes, n);
		return ST_OK;
	}
	buf_add(&s->pending, bytes, n);
	enum status st = buf_status(&s->pending);
	if (st == ST_OK)
		*go_on = deliver(to, s->pending.data, s->pending.len);
	forget(s);
	return st;
}

/* Bytes without a newline.  One more than the limit may wait: it may turn out to be the CR. */
static enum status keep(
	struct frame_splitter *s, const char *bytes, size_t n, const struct sink *to, bool *go_on)
{
	if (s->skipping || n == 0)
		return ST_OK;
	if (n > to->max + 1 || s->pending.len > to->max + 1 - n) {
		s->skipping = true;
		forget(s);
		*go_on = to->too_long(to->arg);
		return ST_OK;
	}
	buf_add(&s->pending, bytes, n);
	return buf_status(&s->pending);
}

enum status frame_feed(struct frame_splitter *s, const char *bytes, size_t n, size_t max,
	bool (*line)(void *arg, const char *bytes, size_t n), bool (*too_long)(void *arg), void *arg)
{
	const struct sink to = {max, line, too_long, arg};
	const char *at = bytes, *end = bytes + n;
	enum status st = ST_OK;
	bool go_on = true;

	while (st == ST_OK && go_on && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline)
			st = end_line(s, at, (size_t)(newline - at), &to, &go_on);
		else
			st = keep(s, at, (size_t)(end - at), &to, &go_on);
		at = newline ? newline + 1 : end;
	}
	if (st != ST_OK || !go_on)
		frame_splitter_finish(s);
	return st;
}

/* --- checking and parsing ----------------------------------------------------------------------- */

/* From behind the opening quote to behind the closing one, or to the end; NULL at a control character. */
static const char *skip_string(const char *at, const char *end)
{
	while (at < end && *at != '"') {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at == '\\' && ++at == end)
			return end;
		at++;
	}
	return at < end ? at + 1 : end;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What is wrong with well-formed text; NULL: nothing. */
static const char *check_structure(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		char c = *at++;

		if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		else if (c == '"')
			at = skip_string(at, end);
		if (!at || ((unsigned char)c < 0x20 && !is_space(c)))
			return "a control character is not JSON";
		if (depth > FRAME_DEPTH_MAX)
			return "nested deeper than 32";
	}
	return NULL;
}

bool frame_check(const char *bytes, size_t n, const char **why)
{
	if (memchr(bytes, '\0', n))
		*why = "a NUL byte is not JSON";
	else if (!utf8_valid(bytes, n))
		*why = "not UTF-8";
	else
		*why = check_structure(bytes, bytes + n);
	return !*why;
}

bool frame_has_escaped_nul(const char *bytes, size_t n)
{
	static const char nul[] = "\\u0000";
	const char *at = bytes, *end = bytes + n;

	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		if ((size_t)(end - at) >= sizeof nul - 1 && memcmp(at, nul, sizeof nul - 1) == 0)
			return true;
		at += end - at > 1 ? 2 : 1;
	}
	return false;
}

cJSON *frame_parse(const char *bytes, size_t n)
{
	/* With a NUL behind them: cJSON before 1.7.18 may look one byte too far. */
	AUTO_FREE char *copy = mem_dup(bytes, n);

	return copy ? cJSON_ParseWithLengthOpts(copy, n + 1, NULL, 1) : NULL;
}

/* --- making ------------------------------------------------------------------------------------- */

static void add_escaped(struct buf *out, const char *s, size_t n)
{
	const char *at = s, *end = s + n;

	while (at < end) {
		const char *plain = at;

		while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\' && *at != 0x7f)
			at++;
		buf_add(out, plain, (size_t)(at - plain));
		if (at == end)
			break;
		if (*at == '"' || *at == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, *at);
		} else if (*at == '\n') {
			buf_adds(out, "\\n");
		} else {
			buf_addf(out, "\\u%04x", (unsigned)(unsigned char)*at);
		}
		at++;
	}
}

void frame_add_string(struct buf *out, const char *s, size_t n)
{
	AUTO_BUF lossy = BUF_INIT;

	buf_addc(out, '"');
	if (utf8_valid(s, n)) {
		add_escaped(out, s, n);
	} else {
		utf8_add_lossy(&lossy, s, n);
		if (lossy.failed)
			out->failed = true;
		else
			add_escaped(out, lossy.data, lossy.len);
	}
	buf_addc(out, '"');
}

void frame_add_path(struct buf *out, const char *key, const char *path, size_t n)
{
	buf_addf(out, "\"%s\":", key);
	frame_add_string(out, path, n);
	if (!utf8_valid(path, n)) {
		buf_addf(out, ",\"%s_b64\":\"", key);
		base64_add(out, path, n);
		buf_addc(out, '"');
	}
}

/* cJSON tries 15 digits first and takes 2^53 for the number two below it: ids come back as they were. */
static void add_number(struct buf *out, double n)
{
	if (n > -1e17 && n < 1e17 && n == (double)(int64_t)n)
		buf_addf(out, "%.0f", n);
	else if (isfinite(n))
		buf_addf(out, "%.17g", n);
	else
		buf_adds(out, "null");
}

void frame_add_json(struct buf *out, const cJSON *value)
{
	if (!value) {
		buf_adds(out, "null");
		return;
	}
	if (cJSON_IsNumber(value)) {
		add_number(out, value->valuedouble);
		return;
	}
	char *text = cJSON_PrintUnformatted(value);
	if (text)
		buf_adds(out, text);
	else
		out->failed = true;
	cJSON_free(text);
}

void frame_add_head(struct buf *out, const cJSON *id)
{
	buf_adds(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	frame_add_json(out, id);
}

void frame_add_result(struct buf *out, const cJSON *id, const char *result, size_t n)
{
	frame_add_head(out, id);
	buf_adds(out, ",\"result\":");
	buf_add(out, result, n);
	buf_adds(out, "}\n");
}

static void begin_error(struct buf *out, const cJSON *id, int code, const char *message)
{
	frame_add_head(out, id);
	buf_addf(out, ",\"error\":{\"code\":%d,\"message\":", code);
	frame_add_string(out, message, strlen(message));
}

void frame_add_error(
	struct buf *out, const cJSON *id, int code, const char *message, const cJSON *data)
{
	begin_error(out, id, code, message);
	if (data) {
		buf_adds(out, ",\"data\":");
		frame_add_json(out, data);
	}
	buf_adds(out, "}}\n");
}

static const struct {
	const char *word;
	bool retryable;
} codes[] = {
#define X(name, word, retryable) [RPC_CODE_##name] = {word, retryable},
	RPC_CODE_TABLE(X)
#undef X
};

const char *frame_code_word(enum rpc_code code)
{
	return codes[code].word;
}

static void add_coded(struct buf *out, const cJSON *id, int number, enum rpc_code code,
	const char *message, long position)
{
	begin_error(out, id, number, message);
	buf_addf(out, ",\"data\":{\"code\":\"%s\",\"retryable\":%s", codes[code].word,
		codes[code].retryable ? "true" : "false");
	if (position >= 0)
		buf_addf(out, ",\"position\":%ld", position);
	buf_adds(out, "}}}\n");
}

void frame_add_trawl_error(
	struct buf *out, const cJSON *id, enum rpc_code code, const char *message, long position)
{
	add_coded(out, id, RPC_TRAWL, code, message, position);
}

void frame_add_too_long(struct buf *out)
{
	add_coded(out, NULL, RPC_INVALID_REQUEST, RPC_CODE_TOO_LARGE,
		"the request is longer than 1 MiB", -1);
}

void frame_add_request(struct buf *out, const cJSON *id, const char *method, const cJSON *params)
{
	buf_adds(out, "{\"jsonrpc\":\"2.0\"");
	if (id) {
		buf_adds(out, ",\"id\":");
		frame_add_json(out, id);
	}
	buf_adds(out, ",\"method\":");
	frame_add_string(out, method, strlen(method));
	if (params) {
		buf_adds(out, ",\"params\":");
		frame_add_json(out, params);
	}
	buf_adds(out, "}\n");
}
