/* buf: growing byte buffer; see buf.h. */
#include "core/buf.h"

#include "core/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void buf_finish(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

bool buf_reserve(struct buf *b, size_t n)
{
	if (b->failed)
		return false;
	if (b->data && b->room - b->len > n)
		return true;
	if (n > SIZE_MAX / 4 - b->len) {
		b->failed = true;
		return false;
	}
	size_t want = b->room ? b->room : FIRST_ROOM;
	while (want <= b->len + n)
		want *= 2;
	char *grown = mem_resize(b->data, want, 1);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->room = want;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (!buf_reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->failed = true;
	else if (buf_reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

enum status buf_status(const struct buf *b)
{
	return b->failed ? ST_NOMEM : ST_OK;
}

char *buf_take(struct buf *b)
{
	if (!b->data)
		buf_add(b, "", 0);
	if (b->failed) {
		buf_finish(b);
		return NULL;
	}
	char *data = b->data;
	*b = (struct buf)BUF_INIT;
	return data;
}
