/* request: one document's request to a persistent converter; see request.h. */
#include "convert/request.h"

#include "core/path.h"

#include <string.h>

enum { REQUEST_HEAD = 5 }; /* type byte, u32 little-endian length */

static void add_json_string(struct buf *b, const char *s)
{
	size_t n = strlen(s), from = b->len;

	utf8_add_lossy(b, s, n);
	if (b->failed)
		return;
	/* Most names need no escape: look first, and build anew only where one does. */
	for (size_t i = from; i < b->len; i++)
		if ((unsigned char)b->data[i] < 0x20 || b->data[i] == '"' || b->data[i] == '\\')
			goto escape;
	return;

escape:;
	AUTO_BUF plain = BUF_INIT;
	buf_add(&plain, b->data + from, b->len - from);
	b->len = from;
	b->failed |= plain.failed;
	for (size_t i = 0; i < plain.len; i++) {
		char c = plain.data[i];

		if ((unsigned char)c < 0x20) {
			buf_addf(b, "\\u%04x", (unsigned)c);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_addc(b, '\\');
		buf_addc(b, c);
	}
}

static void put_u32(char *p, size_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> 8 * i & 0xff);
}

enum status request_make(
	struct buf *b, const char *name, const char *type, size_t limit, int64_t size)
{
	buf_clear(b);
	buf_add(b, "Q\0\0\0", REQUEST_HEAD);
	buf_adds(b, "{\"name\":\"");
	add_json_string(b, name);
	buf_adds(b, "\",\"type\":\"");
	add_json_string(b, type);
	buf_addf(b, "\",\"limit\":%zu,\"size\":%lld}", limit, (long long)size);
	if (buf_status(b) == ST_OK)
		put_u32(b->data + 1, b->len - REQUEST_HEAD);
	return buf_status(b);
}
