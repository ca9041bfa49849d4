/* decode: to UTF-8; see decode.h. */
#include "decode.h"

#include "scan.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>

enum { OUT = 32 * 1024, CHARACTER_MOST = 4 };

static const char replacement[] = "\xef\xbf\xbd";

/* Collects characters for the sink. */
struct pen {
	decode_sink *sink;
	void *ctx;
	size_t len;
	char out[OUT];
};

static bool pen_flush(struct pen *pen)
{
	size_t len = pen->len;

	pen->len = 0;
	return len == 0 || pen->sink(pen->ctx, pen->out, len);
}

static bool pen_put(struct pen *pen, uint32_t c)
{
	if (c == 0)
		return true;
	if (pen->len + CHARACTER_MOST > OUT && !pen_flush(pen))
		return false;
	pen->len += scan_utf8_put(c, pen->out + pen->len);
	return true;
}

/* --- UTF-16, UTF-32 --------------------------------------------------------------------------- */

static uint32_t load16(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static bool decode_utf16(struct pen *pen, const uint8_t *p, size_t n, bool big)
{
	for (; n >= 2; p += 2, n -= 2) {
		uint32_t c = load16(p, big);

		if (c >= 0xd800 && c < 0xdc00 && n >= 4) {
			uint32_t low = load16(p + 2, big);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				p += 2;
				n -= 2;
			}
		}
		if (!pen_put(pen, c))
			return false;
	}
	return true;
}

static bool decode_utf32(struct pen *pen, const uint8_t *p, size_t n, bool big)
{
	for (; n >= 4; p += 4, n -= 4) {
		uint32_t first = load16(p, big), second = load16(p + 2, big);

		if (!pen_put(pen, big ? first << 16 | second : second << 16 | first))
			return false;
	}
	return true;
}

/* --- UTF-8 with faults ------------------------------------------------------------------------ */

/* Well-formed runs go out as they lie; NULs are skipped, a faulty byte is replaced. */
static bool decode_utf8(const uint8_t *p, size_t n, decode_sink *sink, void *ctx)
{
	while (n) {
		size_t good = scan_utf8(p, n);

		for (size_t at = 0; at < good;) {
			const uint8_t *nul = memchr(p + at, 0, good - at);
			size_t end = nul ? (size_t)(nul - p) : good;

			if (end > at && !sink(ctx, (const char *)p + at, end - at))
				return false;
			at = end + (nul != NULL);
		}
		if (good == n)
			break;
		if (!sink(ctx, replacement, sizeof replacement - 1))
			return false;
		p += good + 1;
		n -= good + 1;
	}
	return true;
}

/* --- everything else, by iconv ---------------------------------------------------------------- */

/* The last descriptor, while nobody uses it: a sink may itself decode something. */
static struct kept {
	char name[64];
	iconv_t cd; /* NULL: none */
} kept;

/* A descriptor for `name`, freshly reset; false if iconv does not know it. */
static bool take_descriptor(const char *name, struct kept *out)
{
	if (kept.cd && strcmp(kept.name, name) == 0) {
		*out = kept;
		kept.cd = NULL;
		iconv(out->cd, NULL, NULL, NULL, NULL);
		return true;
	}
	snprintf(out->name, sizeof out->name, "%s", name);
	out->cd = iconv_open("UTF-8", name);
	return (intptr_t)out->cd != -1;
}

static void give_back(const struct kept *used)
{
	if (kept.cd)
		iconv_close(kept.cd);
	kept = *used;
}

/* iconv writes NUL for NUL; the pen's buffer is freed of them before it goes out. */
static void drop_nuls(struct pen *pen, size_t from)
{
	size_t to = from;

	for (size_t i = from; i < pen->len; i++)
		if (pen->out[i])
			pen->out[to++] = pen->out[i];
	pen->len = to;
}

/* False: the sink had enough. */
static bool decode_through(struct pen *pen, iconv_t cd, const uint8_t *bytes, size_t n)
{
	char *in;

	/* iconv takes what it only reads as not const. */
	memcpy(&in, &bytes, sizeof in);
	while (n) {
		char *out = pen->out + pen->len;
		size_t room = OUT - pen->len, from = pen->len;
		size_t r = iconv(cd, &in, &n, &out, &room);

		pen->len = OUT - room;
		drop_nuls(pen, from);
		if (r != (size_t)-1)
			break;
		if (errno == E2BIG) {
			if (!pen_flush(pen))
				return false;
			continue;
		}
		/* EILSEQ: no such character; EINVAL: cut at the end. */
		if (!pen_put(pen, 0xfffd))
			return false;
		in++;
		n--;
	}
	return true;
}

static bool decode_iconv(struct pen *pen, const char *name, const uint8_t *bytes, size_t n)
{
	struct kept used;

	if (!take_descriptor(name, &used))
		return decode_utf8(bytes, n, pen->sink, pen->ctx);
	bool more = decode_through(pen, used.cd, bytes, n);
	give_back(&used);
	return more;
}

bool decode_bytes(
	const struct charset *cs, const uint8_t *bytes, size_t n, decode_sink *sink, void *ctx)
{
	struct pen pen;
	bool big = strlen(cs->name) > 2 && strcmp(cs->name + strlen(cs->name) - 2, "BE") == 0;
	bool more;

	if (n == 0)
		return true;
	bytes += cs->skip;
	n -= cs->skip;
	if (cs->clean)
		return n == 0 || sink(ctx, (const char *)bytes, n);
	if (strcmp(cs->name, "UTF-8") == 0 || strcmp(cs->name, "US-ASCII") == 0)
		return decode_utf8(bytes, n, sink, ctx);
	pen.sink = sink;
	pen.ctx = ctx;
	pen.len = 0;
	if (strncmp(cs->name, "UTF-16", 6) == 0)
		more = decode_utf16(&pen, bytes, n, big);
	else if (strncmp(cs->name, "UTF-32", 6) == 0)
		more = decode_utf32(&pen, bytes, n, big);
	else
		more = decode_iconv(&pen, cs->name, bytes, n);
	return more && pen_flush(&pen);
}
