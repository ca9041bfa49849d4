/*
 * answer: gathering, cutting and sending; see answer.h.
 *
 * Small pieces of text, and of a part's bytes, are gathered in `stage` under one
 * open T or B record; a piece of DIRECT bytes or more is sent from where it lies,
 * behind what is staged, in the same system call.
 */
#include "answer.h"

#include "alloc.h"
#include "scan.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	STAGE = 256 * 1024,
	DIRECT = 64 * 1024,
	RECORD_MOST = 8 * 1024 * 1024, /* the contract allows 16 MiB */
	HEADER = 5,                    /* type byte, u32 little-endian length */
	META_MOST = 64 * 1024,
	VALUE_MOST = 4096,           /* bytes of one metadata value or detail */
	VALUE_ROOM = 3 * VALUE_MOST, /* the same, escaped */
	PATH_MOST = 4096,            /* bytes of a part's path */
	PATH_ROOM = 6 * PATH_MOST,   /* the same, escaped */
	KEYS = 16,
	NO_RECORD = -1,
};

struct answer {
	int fd;
	bool framed;

	/* of the document being answered */
	uint64_t left; /* bytes of text still wanted */
	bool truncated, full;
	const char *reroute;
	char detail[VALUE_MOST];
	const char *keys[KEYS];
	size_t key_count;
	size_t meta_len;
	size_t stage_len;
	ptrdiff_t record; /* where in `stage` the open record begins */
	char record_type; /* of it: T or B */
	uint64_t parts;

	char meta[META_MOST];
	char stage[STAGE];
};

struct answer *answer_create(int fd, bool framed)
{
	struct answer *a = alloc_resize(NULL, 1, sizeof *a);

	a->fd = fd;
	a->framed = framed;
	answer_begin(a, 0);
	return a;
}

void answer_destroy(struct answer *a)
{
	free(a);
}

void answer_begin(struct answer *a, uint64_t limit)
{
	a->left = limit;
	a->truncated = a->full = false;
	a->reroute = NULL;
	a->detail[0] = '\0';
	a->key_count = a->meta_len = a->stage_len = 0;
	a->record = NO_RECORD;
	a->parts = 0;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* The worker that hung up is not told, nor is anybody else. */
_Noreturn static void reader_is_gone(void)
{
	exit(EX_IOERR);
}

static ssize_t send_some(const struct answer *a, struct iovec *iov, size_t count)
{
	if (!a->framed)
		return writev(a->fd, iov, (int)count);
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t sent = sendmsg(a->fd, &msg, MSG_NOSIGNAL);
	/* The fuzzers' and tests' reader is a file. */
	return sent < 0 && errno == ENOTSOCK ? writev(a->fd, iov, (int)count) : sent;
}

static void send_all(const struct answer *a, struct iovec *iov, size_t count)
{
	while (count) {
		ssize_t sent = send_some(a, iov, count);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			reader_is_gone();
		size_t done = (size_t)sent;
		while (count && done >= iov->iov_len) {
			done -= iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
}

static void put_header(char *at, char type, size_t len)
{
	at[0] = type;
	for (int i = 0; i < 4; i++)
		at[1 + i] = (char)(uint8_t)(len >> (8 * i));
}

static void close_record(struct answer *a)
{
	if (a->record == NO_RECORD)
		return;
	put_header(a->stage + a->record, a->record_type, a->stage_len - (size_t)a->record - HEADER);
	a->record = NO_RECORD;
}

static void flush(struct answer *a)
{
	struct iovec iov = {.iov_base = a->stage, .iov_len = a->stage_len};

	close_record(a);
	if (a->stage_len)
		send_all(a, &iov, 1);
	a->stage_len = 0;
}

/* A whole small record. */
static void put_record(struct answer *a, char type, const char *payload, size_t len)
{
	close_record(a);
	if (a->stage_len + HEADER + len > STAGE)
		flush(a);
	put_header(a->stage + a->stage_len, type, len);
	memcpy(a->stage + a->stage_len + HEADER, payload, len);
	a->stage_len += HEADER + len;
}

/* Bytes of a record that may go on: T or B. */
static void put_staged(struct answer *a, char type, const char *bytes, size_t n)
{
	if (a->record_type != type)
		close_record(a);
	if (a->stage_len + HEADER + n > STAGE)
		flush(a);
	if (a->framed && a->record == NO_RECORD) {
		a->record = (ptrdiff_t)a->stage_len;
		a->record_type = type;
		a->stage_len += HEADER;
	}
	memcpy(a->stage + a->stage_len, bytes, n);
	a->stage_len += n;
}

static void put_direct(struct answer *a, char type, const char *bytes, size_t n)
{
	while (n) {
		char header[HEADER];
		size_t take = n < RECORD_MOST ? n : RECORD_MOST;
		struct iovec iov[] = {
			{.iov_base = a->stage, .iov_len = a->stage_len},
			{.iov_base = header, .iov_len = a->framed ? HEADER : 0},
			{.iov_len = take},
		};

		/* writev takes what it only reads as not const. */
		memcpy(&iov[2].iov_base, &bytes, sizeof bytes);
		close_record(a);
		put_header(header, type, take);
		send_all(a, iov, 3);
		a->stage_len = 0;
		bytes += take;
		n -= take;
	}
}

static void put_bytes(struct answer *a, char type, const char *bytes, size_t n)
{
	if (n >= DIRECT)
		put_direct(a, type, bytes, n);
	else if (n)
		put_staged(a, type, bytes, n);
}

/* --- text ------------------------------------------------------------------------------------- */

bool answer_text(struct answer *a, const char *utf8, size_t n)
{
	if (a->full || n == 0)
		return !a->full;
	if (n > a->left) {
		n = scan_utf8_floor((const uint8_t *)utf8, n, (size_t)a->left);
		a->truncated = a->full = true;
	}
	a->left -= n;
	put_bytes(a, 'T', utf8, n);
	return !a->full;
}

void answer_truncated(struct answer *a)
{
	a->truncated = true;
}

/* --- metadata --------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

/* The character at *at, which is not ASCII, or U+FFFD for a byte that is none; steps over it and
 * returns the length written. */
static size_t put_character(char *out, const uint8_t *p, size_t n, size_t *at)
{
	size_t good = 4;

	while (good > 0 && (*at + good > n || scan_utf8(p + *at, good) != good))
		good--;
	memcpy(out, p + *at, good);
	*at += good ? good : 1;
	return good ? good : scan_utf8_put(0xfffd, out);
}

/* A JSON string of the value, in quotes: blanks and control bytes folded, ill-formed bytes
 * replaced, VALUE_MOST bytes read at most.  `out` holds VALUE_ROOM + 2; returns the length, 0 if
 * nothing but blanks is there. */
static size_t put_json_string(char *out, const char *value, size_t n)
{
	const uint8_t *p = (const uint8_t *)value;
	size_t len = 0;

	out[len++] = '"';
	n = scan_utf8_floor(p, n, VALUE_MOST);
	for (size_t at = 0; at < n;) {
		if (is_blank(p[at])) {
			while (at < n && is_blank(p[at]))
				at++;
			if (at < n && len > 1)
				out[len++] = ' ';
			continue;
		}
		if (p[at] < 0x80) {
			if (p[at] == '"' || p[at] == '\\')
				out[len++] = '\\';
			out[len++] = (char)p[at++];
			continue;
		}
		len += put_character(out + len, p, n, &at);
	}
	out[len++] = '"';
	return len > 2 ? len : 0;
}

/* `"key":` with what separates it from the pair before; false if the key is taken or nothing more
 * fits. */
static bool meta_open(struct answer *a, const char *key)
{
	for (size_t i = 0; i < a->key_count; i++)
		if (strcmp(a->keys[i], key) == 0)
			return false;
	if (a->key_count == KEYS || a->meta_len + strlen(key) + VALUE_ROOM + 8 > META_MOST)
		return false;
	a->keys[a->key_count++] = key;
	a->meta_len +=
		(size_t)sprintf(a->meta + a->meta_len, "%c\"%s\":", a->meta_len ? ',' : '{', key);
	return true;
}

void answer_meta(struct answer *a, const char *key, const char *value, size_t n)
{
	char quoted[VALUE_ROOM + 2];
	size_t len = put_json_string(quoted, value, n);

	if (len == 0 || !meta_open(a, key))
		return;
	memcpy(a->meta + a->meta_len, quoted, len);
	a->meta_len += len;
}

void answer_meta_int(struct answer *a, const char *key, int64_t value)
{
	if (meta_open(a, key))
		a->meta_len += (size_t)sprintf(a->meta + a->meta_len, "%" PRId64, value);
}

/* The payload of D and F; `out` holds VALUE_ROOM + 64. */
static size_t put_verdict(char *out, int verdict, const char *detail, bool truncated)
{
	char quoted[VALUE_ROOM + 2];
	size_t n = put_json_string(quoted, detail, strlen(detail));

	return (size_t)sprintf(out, "{\"status\":%d%s%.*s%s}", verdict, n ? ",\"detail\":" : "",
		(int)n, quoted, truncated ? ",\"truncated\":true" : "");
}

/* --- parts ------------------------------------------------------------------------------------ */

/* What is kept of a path that is too long: its end, which names the document. */
static const char *path_end(const char *path, size_t *n)
{
	size_t cut = *n > PATH_MOST ? *n - PATH_MOST : 0;

	while (cut && cut < *n && ((uint8_t)path[cut] & 0xc0) == 0x80)
		cut++;
	*n -= cut;
	return path + cut;
}

/* A JSON string of the path, in quotes, every byte of it kept that is UTF-8.  `out` holds PATH_ROOM
 * + 2. */
static size_t put_json_path(char *out, const char *path)
{
	size_t n = strlen(path), len = 0;
	const uint8_t *p = (const uint8_t *)path_end(path, &n);

	out[len++] = '"';
	for (size_t at = 0; at < n;) {
		if (p[at] >= 0x80) {
			len += put_character(out + len, p, n, &at);
			continue;
		}
		if (p[at] < ' ' || p[at] == 0x7f) {
			len += (size_t)sprintf(out + len, "\\u%04x", p[at++]);
			continue;
		}
		if (p[at] == '"' || p[at] == '\\')
			out[len++] = '\\';
		out[len++] = (char)p[at++];
	}
	out[len++] = '"';
	return len;
}

static void put_part(
	struct answer *a, const char *path, const char *type, int64_t size, const int64_t *created)
{
	char json[PATH_ROOM + VALUE_ROOM + 128], quoted[VALUE_ROOM + 2];
	size_t len = (size_t)sprintf(json, "{\"part\":");
	size_t type_len = type ? put_json_string(quoted, type, strlen(type)) : 0;

	a->parts++;
	if (!a->framed) {
		fprintf(stderr, "part: %s\n", path);
		return;
	}
	len += put_json_path(json + len, path);
	if (type_len)
		len += (size_t)sprintf(json + len, ",\"type\":%.*s", (int)type_len, quoted);
	if (size >= 0)
		len += (size_t)sprintf(json + len, ",\"size\":%" PRId64, size);
	if (created)
		len += (size_t)sprintf(json + len, ",\"created\":%" PRId64, *created);
	json[len++] = '}';
	put_record(a, 'P', json, len);
}

void answer_part(struct answer *a, const char *path, const char *type, int64_t size)
{
	put_part(a, path, type, size, NULL);
}

void answer_part_dated(
	struct answer *a, const char *path, const char *type, int64_t size, int64_t created)
{
	put_part(a, path, type, size, &created);
}

void answer_part_bytes(struct answer *a, const void *bytes, size_t n)
{
	assert(a->parts);
	if (a->framed)
		put_bytes(a, 'B', bytes, n);
}

void answer_part_fail(struct answer *a, int verdict, const char *why, ...)
{
	char detail[VALUE_MOST], json[VALUE_ROOM + 64];
	va_list ap;

	assert(a->parts && verdict != ANSWER_DONE);
	va_start(ap, why);
	vsnprintf(detail, sizeof detail, why, ap);
	va_end(ap);
	if (a->framed)
		put_record(a, 'F', json, put_verdict(json, verdict, detail, false));
	else
		fprintf(stderr, "part failed: %s\n", detail);
}

uint64_t answer_part_count(const struct answer *a)
{
	return a->parts;
}

/* --- the verdict ------------------------------------------------------------------------------ */

int answer_reroute(struct answer *a, const char *mime)
{
	a->reroute = mime;
	return ANSWER_DONE;
}

int answer_fail(struct answer *a, int verdict, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	vsnprintf(a->detail, sizeof a->detail, why, ap);
	va_end(ap);
	return verdict;
}

static void end_framed(struct answer *a, int verdict)
{
	char done[VALUE_ROOM + 64];

	if (a->reroute) {
		a->stage_len = 0;
		a->record = NO_RECORD;
		put_record(a, 'R', a->reroute, strlen(a->reroute));
		flush(a);
		return;
	}
	if (a->meta_len) {
		a->meta[a->meta_len++] = '}';
		put_record(a, 'M', a->meta, a->meta_len);
	}
	put_record(a, 'D', done, put_verdict(done, verdict, a->detail, a->truncated));
	flush(a);
}

int answer_end(struct answer *a, int verdict)
{
	if (a->framed) {
		end_framed(a, verdict);
		return verdict;
	}
	if (a->reroute) {
		fprintf(stderr, "this is %s\n", a->reroute);
		return ANSWER_DAMAGED;
	}
	flush(a);
	if (a->detail[0])
		fprintf(stderr, "%s\n", a->detail);
	if (a->truncated)
		fputs("the text was cut at the limit\n", stderr);
	return verdict;
}
