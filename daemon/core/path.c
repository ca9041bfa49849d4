/* path: names as bytes: joining, folding, UTF-8 and base64; see path.h. */
#include "core/path.h"

#include "core/compose.h"

#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* --- paths --- */

void path_join(struct buf *out, const char *dir, const char *name)
{
	size_t n = strlen(dir);

	while (n > 0 && dir[n - 1] == '/')
		n--;
	while (*name == '/')
		name++;
	buf_add(out, dir, n);
	buf_addc(out, '/');
	buf_adds(out, name);
}

/* Appends the components of `path` to the absolute path that began at `start` of `out`. */
static void add_components(struct buf *out, size_t start, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (out->len > start && out->data[--out->len] != '/')
				;
		} else if (n && !(n == 1 && path[0] == '.')) {
			buf_addc(out, '/');
			buf_add(out, path, n);
		}
		path += n;
		path += *path == '/';
	}
}

void path_normalize(struct buf *out, const char *cwd, const char *path)
{
	size_t start = out->len;

	if (*path != '/')
		add_components(out, start, cwd);
	add_components(out, start, path);
	if (out->len == start)
		buf_addc(out, '/');
	else if (out->data)
		out->data[out->len] = '\0'; /* a ".." that ended it moved the length only */
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 0 && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && (path[n] == '\0' || path[n] == '/');
}

const char *path_base(const char *path)
{
	size_t end = strlen(path);

	while (end > 0 && path[end - 1] == '/')
		end--;
	if (end == 0)
		return path; /* "" or nothing but slashes */
	while (end > 0 && path[end - 1] != '/')
		end--;
	return path + end;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

void path_extension(const char *name, char out[17])
{
	const char *dot = strrchr(name, '.');
	size_t n = 0;

	out[0] = '\0';
	if (!dot || dot == name)
		return;
	for (const char *s = dot + 1; *s; s++) {
		char c = ascii_lower(*s);

		if (n == 16 || !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
			out[0] = '\0';
			return;
		}
		out[n++] = c;
	}
	out[n] = '\0';
}

/* --- UTF-8 --- */

/*
 * Decodes one character of the n >= 1 bytes at s by the table of well-formed sequences
 * (The Unicode Standard, table 3-7); returns its bytes, 0 if ill-formed.
 */
static size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *out)
{
	unsigned char low = 0x80, high = 0xBF; /* of the second byte */
	size_t len;

	if (s[0] < 0x80) {
		*out = s[0];
		return 1;
	}
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (n < len)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0; /* shorter form exists */
	else if (s[0] == 0xED)
		high = 0x9F; /* surrogates */
	else if (s[0] == 0xF0)
		low = 0x90; /* shorter form exists */
	else if (s[0] == 0xF4)
		high = 0x8F; /* above U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	*out = s[0] & (0x7FU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		*out = *out << 6 | (s[i] & 0x3F);
	}
	return len;
}

static void utf8_encode(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3F));
	bytes[0] = (char)(len == 1 ? c : (0xF00U >> len & 0xF0) | c);
	buf_add(out, bytes, len);
}

/* The bytes of plain ASCII that s begins with. */
static size_t ascii_run(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, s + i, sizeof word);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < n && (unsigned char)s[i] < 0x80)
		i++;
	return i;
}

bool utf8_valid(const char *s, size_t n)
{
	uint32_t c;

	for (size_t i = ascii_run(s, n); i < n; i += ascii_run(s + i, n - i)) {
		size_t len = utf8_decode((const unsigned char *)s + i, n - i, &c);

		if (!len)
			return false;
		i += len;
	}
	return true;
}

void utf8_add_lossy(struct buf *out, const char *s, size_t n)
{
	uint32_t c;
	size_t clean = 0; /* from here to i all is well-formed and not yet added */

	for (size_t i = ascii_run(s, n); i < n; i += ascii_run(s + i, n - i)) {
		size_t len = utf8_decode((const unsigned char *)s + i, n - i, &c);

		if (len) {
			i += len;
			continue;
		}
		buf_add(out, s + clean, i - clean);
		buf_add(out, replacement, sizeof replacement - 1);
		clean = ++i;
	}
	buf_add(out, s + clean, n - clean);
}

static const struct fold {
	uint32_t first, last, step;
	int32_t delta;
} folds[] = {
#define FOLD(first, last, step, delta) {first, last, step, delta},
#include "core/fold.tbl"
};

static uint32_t lower(uint32_t c)
{
	size_t low = 0, high = sizeof folds / sizeof *folds;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fold *f = &folds[middle];

		if (c < f->first)
			high = middle;
		else if (c > f->last)
			low = middle + 1;
		else
			return (c - f->first) % f->step ? c : (uint32_t)((int32_t)c + f->delta);
	}
	return c;
}

static const struct plain {
	uint32_t first, last, letter;
} plains[] = {
#define PLAIN(first, last, letter) {first, last, letter},
#include "core/plain.tbl"
};

static uint32_t plain(uint32_t c)
{
	size_t low = 0, high = sizeof plains / sizeof *plains;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct plain *p = &plains[middle];

		if (c < p->first)
			high = middle;
		else if (c > p->last)
			low = middle + 1;
		else
			return p->letter;
	}
	return c;
}

/* Whether it is one of the combining marks that unicode61 takes off a letter: U+0300 and on, a bit each. */
static bool is_dropped_mark(uint32_t c)
{
	static const uint64_t marks = UINT64_C(0x361F808029FDF);

	return c >= 0x300 && c < 0x300 + 64 && marks >> (c - 0x300) & 1;
}

static uint32_t fold(uint32_t c)
{
	enum { WIDE_FIRST = 0xFF01, WIDE_LAST = 0xFF5E, WIDE_BY = 0xFF01 - '!' };

	if (c >= WIDE_FIRST && c <= WIDE_LAST)
		c -= WIDE_BY;
	if (c < 0x80)
		return (unsigned char)ascii_lower((char)c);
	return plain(lower(c));
}

/* Most names are nothing else, and every one of them is folded when a path is looked for. */
static void add_ascii_folded(struct buf *out, const char *s, size_t n)
{
	if (!buf_reserve(out, n))
		return;
	for (size_t i = 0; i < n; i++)
		out->data[out->len + i] = ascii_lower(s[i]);
	out->len += n;
	out->data[out->len] = '\0';
}

void utf8_add_folded(struct buf *out, const char *s, size_t n)
{
	uint32_t c, last = 0; /* and where the last one was written */
	size_t at = 0;

	for (size_t i = 0; i < n;) {
		size_t len = ascii_run(s + i, n - i);

		if (len) {
			add_ascii_folded(out, s + i, len);
			last = 0;
			i += len;
			continue;
		}
		len = utf8_decode((const unsigned char *)s + i, n - i, &c);
		if (!len) {
			buf_add(out, replacement, sizeof replacement - 1);
			last = 0;
		} else if (!is_dropped_mark(c)) {
			uint32_t both = compose(last, c);

			if (both && !out->failed)
				out->len = at;
			at = out->len;
			last = both ? both : fold(c);
			utf8_encode(out, last);
		}
		i += len ? len : 1;
	}
}

/* --- base64: RFC 4648, section 4, padded --- */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, const void *bytes, size_t n)
{
	const unsigned char *s = bytes;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t three = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
				 (left > 2 ? s[i + 2] : 0);
		char four[4] = {
			base64_digits[three >> 18],
			base64_digits[three >> 12 & 63],
			left > 1 ? base64_digits[three >> 6 & 63] : '=',
			left > 2 ? base64_digits[three & 63] : '=',
		};
		buf_add(out, four, sizeof four);
	}
}

/* The value of a digit, -1 if it is none. */
static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Decodes the last or any other four digits; returns the bytes they stand for, 0 if they are not
 * valid.
 */
static size_t base64_quad(const char *s, bool last, char out[3])
{
	size_t pad = !last || s[3] != '=' ? 0 : s[2] != '=' ? 1 : 2;
	uint32_t three = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i < 4 - pad ? base64_value(s[i]) : 0;

		if (v < 0)
			return 0;
		three = three << 6 | (uint32_t)v;
	}
	if (three & ((1U << 8 * pad) - 1))
		return 0; /* bits that encode nothing must be 0, so that there is one way to write
			     it */
	out[0] = (char)(three >> 16);
	out[1] = (char)(three >> 8 & 255);
	out[2] = (char)(three & 255);
	return 3 - pad;
}

enum status base64_decode(const char *s, struct buf *out)
{
	size_t n = strlen(s), before = out->len;
	char three[3];

	if (n % 4)
		return ST_INVALID;
	for (size_t i = 0; i < n; i += 4) {
		size_t got = base64_quad(s + i, i + 4 == n, three);

		if (!got) {
			out->len = before;
			if (out->data)
				out->data[before] = '\0';
			return ST_INVALID;
		}
		buf_add(out, three, got);
	}
	return buf_status(out);
}
