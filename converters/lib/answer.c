/* answer: what is wanted of text, metadata, parts and the verdict; see answer.h. */
#include "answer.h"

#include "alloc.h"
#include "quote.h"
#include "scan.h"
#include "wire.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	META_MOST = 64 * 1024,
	VERDICT_ROOM = QUOTE_VALUE_ROOM + 64,
	KEYS = 32,
};

struct answer {
	/* of the document being answered */
	uint64_t left; /* bytes of text still wanted */
	bool truncated, full;
	const char *reroute;
	char detail[QUOTE_VALUE_MOST];
	const char *keys[KEYS];
	size_t key_count;
	size_t meta_len;
	uint64_t parts;

	char meta[META_MOST];
	struct wire wire;
};

struct answer *answer_create(int fd, bool framed)
{
	struct answer *a = alloc_resize(NULL, 1, sizeof *a);

	wire_init(&a->wire, fd, framed);
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
	a->key_count = a->meta_len = 0;
	a->parts = 0;
	wire_forget(&a->wire);
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
	wire_bytes(&a->wire, 'T', utf8, n);
	return !a->full;
}

void answer_truncated(struct answer *a)
{
	a->truncated = true;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* `"key":` with what separates it from the pair before; false if the key is taken or nothing more
 * fits. */
static bool meta_open(struct answer *a, const char *key)
{
	for (size_t i = 0; i < a->key_count; i++)
		if (strcmp(a->keys[i], key) == 0)
			return false;
	if (a->key_count == KEYS || a->meta_len + strlen(key) + QUOTE_VALUE_ROOM + 8 > META_MOST)
		return false;
	a->keys[a->key_count++] = key;
	a->meta_len +=
		(size_t)sprintf(a->meta + a->meta_len, "%c\"%s\":", a->meta_len ? ',' : '{', key);
	return true;
}

void answer_meta(struct answer *a, const char *key, const char *value, size_t n)
{
	char quoted[QUOTE_VALUE_ROOM];
	size_t len = quote_value(quoted, value, n);

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

/* The payload of D and F; `out` holds VERDICT_ROOM. */
static size_t put_verdict(char *out, int verdict, const char *detail, bool truncated)
{
	char quoted[QUOTE_VALUE_ROOM];
	size_t n = quote_value(quoted, detail, strlen(detail));

	return (size_t)sprintf(out, "{\"status\":%d%s%.*s%s}", verdict, n ? ",\"detail\":" : "",
		(int)n, quoted, truncated ? ",\"truncated\":true" : "");
}

/* --- parts ------------------------------------------------------------------------------------ */

static void put_part(
	struct answer *a, const char *path, const char *type, int64_t size, const int64_t *created)
{
	char json[QUOTE_PATH_ROOM + QUOTE_VALUE_ROOM + 128], quoted[QUOTE_VALUE_ROOM];
	size_t len = (size_t)sprintf(json, "{\"part\":");
	size_t type_len = type ? quote_value(quoted, type, strlen(type)) : 0;

	a->parts++;
	if (!a->wire.framed) {
		fprintf(stderr, "part: %s\n", path);
		return;
	}
	len += quote_path(json + len, path);
	if (type_len)
		len += (size_t)sprintf(json + len, ",\"type\":%.*s", (int)type_len, quoted);
	if (size >= 0)
		len += (size_t)sprintf(json + len, ",\"size\":%" PRId64, size);
	if (created)
		len += (size_t)sprintf(json + len, ",\"created\":%" PRId64, *created);
	json[len++] = '}';
	wire_record(&a->wire, 'P', json, len);
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
	if (a->wire.framed)
		wire_bytes(&a->wire, 'B', bytes, n);
}

void answer_part_fail(struct answer *a, int verdict, const char *why, ...)
{
	char detail[QUOTE_VALUE_MOST], json[VERDICT_ROOM];
	va_list ap;

	assert(a->parts && verdict != ANSWER_DONE);
	va_start(ap, why);
	vsnprintf(detail, sizeof detail, why, ap);
	va_end(ap);
	if (a->wire.framed)
		wire_record(&a->wire, 'F', json, put_verdict(json, verdict, detail, false));
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
	char done[VERDICT_ROOM];

	if (a->reroute) {
		wire_forget(&a->wire);
		wire_record(&a->wire, 'R', a->reroute, strlen(a->reroute));
		wire_flush(&a->wire);
		return;
	}
	if (a->meta_len) {
		a->meta[a->meta_len++] = '}';
		wire_record(&a->wire, 'M', a->meta, a->meta_len);
	}
	wire_record(&a->wire, 'D', done, put_verdict(done, verdict, a->detail, a->truncated));
	wire_flush(&a->wire);
}

int answer_end(struct answer *a, int verdict)
{
	if (a->wire.framed) {
		end_framed(a, verdict);
		return verdict;
	}
	if (a->reroute) {
		fprintf(stderr, "this is %s\n", a->reroute);
		return ANSWER_DAMAGED;
	}
	wire_flush(&a->wire);
	if (a->detail[0])
		fprintf(stderr, "%s\n", a->detail);
	if (a->truncated)
		fputs("the text was cut at the limit\n", stderr);
	return verdict;
}
