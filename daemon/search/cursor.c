/* cursor: the end of a page as a string and back; see cursor.h. */
#include "search/cursor.h"

#include "core/mem.h"

#include <inttypes.h>
#include <string.h>

uint64_t cursor_check(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * 0x100000001b3;
	return h;
}

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

void cursor_add(struct buf *out, uint64_t check, enum sort sort, const struct hit *last)
{
	buf_addf(out, "%016" PRIx64 ".%016" PRIx64 ".", check, (uint64_t)last->id);
	switch (sort) {
	case SORT_RELEVANCE:
		buf_addf(out, "%016" PRIx64, bits_of(last->score));
		return;
	case SORT_TIME:
	case SORT_SIZE:
		buf_addf(out, "%016" PRIx64, (uint64_t)last->number);
		return;
	case SORT_NAME:
	case SORT_PATH:
		for (const char *s = last->text; *s; s++)
			buf_addf(out, "%02x", (unsigned)(unsigned char)*s);
		return;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Sixteen digits and then `end`; moves *s behind them. */
static bool read_word(const char **s, char end, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < 16; i++, ++*s) {
		int digit = hex_digit(**s);

		if (digit < 0)
			return false;
		*out = *out << 4 | (unsigned)digit;
	}
	return *(*s)++ == end;
}

static enum status read_text(const char *s, char **out)
{
	AUTO_BUF text = BUF_INIT;

	for (; *s; s += 2) {
		int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);

		if (low < 0 || (high | low) == 0)
			return ST_INVALID;
		buf_addc(&text, (char)(high << 4 | low));
	}
	*out = buf_take(&text);
	return *out ? ST_OK : ST_NOMEM;
}

enum status cursor_parse(const char *s, uint64_t check, enum sort sort, struct hit *out)
{
	uint64_t found, id, key;

	*out = (struct hit){0};
	if (!read_word(&s, '.', &found) || found != check || !read_word(&s, '.', &id))
		return ST_INVALID;
	out->id = (int64_t)id;
	if (sort == SORT_NAME || sort == SORT_PATH)
		return read_text(s, &out->text);
	if (!read_word(&s, '\0', &key))
		return ST_INVALID;
	out->score = sort == SORT_RELEVANCE ? double_of(key) : 0;
	out->number = sort == SORT_RELEVANCE ? 0 : (int64_t)key;
	return out->score == out->score ? ST_OK : ST_INVALID;
}
