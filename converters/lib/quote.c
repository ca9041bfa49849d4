/* quote: bytes of any kind to JSON; see quote.h. */
#include "quote.h"

#include "scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

/* The character at *at, which is not ASCII, or U+FFFD for a byte that is none; steps over it and
 * returns the length written. */
static size_t put_character(char *out, const uint8_t *p, size_t n, size_t *at)
{
	size_t len = p[*at] >= 0xf0 ? 4 : p[*at] >= 0xe0 ? 3 : 2;

	if (*at + len > n || scan_utf8(p + *at, len) != len) {
		(*at)++;
		return scan_utf8_put(0xfffd, out);
	}
	memcpy(out, p + *at, len);
	*at += len;
	return len;
}

size_t quote_value(char *out, const char *value, size_t n)
{
	const uint8_t *p = (const uint8_t *)value;
	size_t len = 0;

	out[len++] = '"';
	n = scan_utf8_floor(p, n, QUOTE_VALUE_MOST);
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

/* What is kept of a path that is too long: its end, which names the document. */
static const char *path_end(const char *path, size_t *n)
{
	size_t cut = *n > QUOTE_PATH_MOST ? *n - QUOTE_PATH_MOST : 0;

	while (cut && cut < *n && ((uint8_t)path[cut] & 0xc0) == 0x80)
		cut++;
	*n -= cut;
	return path + cut;
}

size_t quote_path(char *out, const char *path)
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
