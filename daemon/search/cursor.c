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

void cursor_finish(struct cursor *c)
{
	hit_finish(&c->last);
	mem_free(c->idf);
	*c = (struct cursor){0};
}

/* --- writing --- */

static void add_word(struct buf *out, uint64_t word)
{
	buf_addf(out, "%016" PRIx64 ".", word);
}

static void add_key(struct buf *out, enum sort sort, const struct hit *last)
{
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

/* The total with its two flags below it. */
static uint64_t pack_total(const struct cursor *c)
{
	return (uint64_t)c->total << 2 | (uint64_t)c->total_exact << 1 | c->rank_bounded;
}

void cursor_add(struct buf *out, uint64_t check, enum sort sort, const struct cursor *c)
{
	add_word(out, check);
	add_word(out, (uint64_t)c->last.id);
	add_word(out, (uint64_t)c->newest);
	add_word(out, (uint64_t)c->oldest);
	add_word(out, (uint64_t)c->now_s);
	add_word(out, pack_total(c));
	add_word(out, bits_of(c->average));
	for (size_t i = 0; i < c->idf_count; i++)
		add_word(out, bits_of(c->idf[i]));
	add_key(out, sort, &c->last);
}

/* --- reading --- */

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

static bool read_number(const char **s, int64_t *out)
{
	uint64_t word;

	if (!read_word(s, '.', &word))
		return false;
	*out = (int64_t)word;
	return true;
}

/* Neither infinite nor no number at all. */
static bool read_double(const char **s, char end, double *out)
{
	uint64_t word;

	if (!read_word(s, end, &word))
		return false;
	*out = double_of(word);
	return *out - *out == 0;
}

static bool read_total(const char **s, struct cursor *out)
{
	uint64_t word;

	if (!read_word(s, '.', &word))
		return false;
	out->total = (int64_t)(word >> 2);
	out->total_exact = word & 2;
	out->rank_bounded = word & 1;
	return true;
}

static enum status read_idf(const char **s, size_t count, struct cursor *out)
{
	if (!count)
		return ST_OK;
	out->idf = mem_resize(NULL, count, sizeof *out->idf);
	if (!out->idf)
		return ST_NOMEM;
	for (; out->idf_count < count; out->idf_count++)
		if (!read_double(s, '.', &out->idf[out->idf_count]))
			return ST_INVALID;
	return ST_OK;
}

static enum status read_key(const char *s, enum sort sort, struct hit *out)
{
	uint64_t word;

	if (sort == SORT_NAME || sort == SORT_PATH)
		return read_text(s, &out->text);
	if (sort == SORT_RELEVANCE)
		return read_double(&s, '\0', &out->score) ? ST_OK : ST_INVALID;
	if (!read_word(&s, '\0', &word))
		return ST_INVALID;
	out->number = (int64_t)word;
	return ST_OK;
}

enum status cursor_parse(
	const char *s, uint64_t check, enum sort sort, size_t idf_count, struct cursor *out)
{
	uint64_t found;
	enum status st = ST_INVALID;

	*out = (struct cursor){0};
	if (!read_word(&s, '.', &found) || found != check || !read_number(&s, &out->last.id) ||
		!read_number(&s, &out->newest) || !read_number(&s, &out->oldest) ||
		!read_number(&s, &out->now_s) || !read_total(&s, out) ||
		!read_double(&s, '.', &out->average) || out->average < 1)
		return ST_INVALID;
	st = read_idf(&s, idf_count, out);
	if (st == ST_OK)
		st = read_key(s, sort, &out->last);
	if (st != ST_OK)
		cursor_finish(out);
	return st;
}
