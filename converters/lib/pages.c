/* pages: form feeds, joined words, notes; see pages.h. */
#include "pages.h"

#include "scan.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

enum {
	CHARACTER_MOST = 4,
	SOFT_HYPHEN = 0xad,
	HYPHEN = 0x2010,
	REPLACEMENT = 0xfffd,
};

void pages_init(struct pages *p, struct answer *out)
{
	p->out = out;
	p->begun = p->full = p->broken = p->empty_line = false;
	p->before = p->hyphen = 0;
	p->len = 0;
}

/* --- characters ------------------------------------------------------------------------------- */

static bool is_hyphen(uint32_t c)
{
	return c == '-' || c == SOFT_HYPHEN || c == HYPHEN;
}

/* Of any script; without the locale's tables everything beyond ASCII counts. */
static bool is_letter(uint32_t c, bool *upper)
{
	static locale_t tables;
	static bool asked;

	*upper = c >= 'A' && c <= 'Z';
	if (c < 0x80)
		return *upper || (c >= 'a' && c <= 'z');
	if (!asked)
		tables = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	asked = true;
	if (!tables)
		return true;
	*upper = iswupper_l((wint_t)c, tables) != 0;
	return iswalpha_l((wint_t)c, tables) != 0;
}

static void flush(struct pages *p)
{
	if (p->len && !answer_text(p->out, p->room, p->len))
		p->full = true;
	p->len = 0;
}

static void emit(struct pages *p, uint32_t c)
{
	if (p->len + CHARACTER_MOST > PAGES_ROOM)
		flush(p);
	if (c < 0x80)
		p->room[p->len++] = (char)c;
	else
		p->len += scan_utf8_put(c, p->room + p->len);
	p->empty_line = c == '\n' && (p->before == '\n' || p->before == '\f' || p->before == 0);
	p->before = c;
}

/* What was held back breaks no word. */
static void release(struct pages *p)
{
	uint32_t hyphen = p->hyphen;

	if (!hyphen)
		return;
	p->hyphen = 0;
	if (p->broken || hyphen != SOFT_HYPHEN) /* one within a line is not drawn */
		emit(p, hyphen == SOFT_HYPHEN ? '-' : hyphen);
	if (p->broken)
		emit(p, '\n');
	p->broken = false;
}

/* Whether the word goes on behind the line's end: with a letter that begins no name or sentence. */
static bool continues(const struct pages *p, uint32_t c)
{
	bool upper;

	return p->broken && is_letter(c, &upper) && !upper;
}

/* Layout is drawn with many; one blank, and one empty line, say as much. */
static bool is_one_too_many(const struct pages *p, uint32_t c)
{
	if (c == ' ')
		return p->broken || p->before == 0 || p->before == ' ' || p->before == '\n' ||
		       p->before == '\f';
	return c == '\n' && p->empty_line;
}

void pages_put(struct pages *p, uint32_t c)
{
	bool upper;

	if (c == 0 || p->full || is_one_too_many(p, c))
		return;
	if (p->hyphen && !p->broken && c == '\n') {
		p->broken = true;
		return;
	}
	if (p->hyphen && continues(p, c)) {
		p->hyphen = 0;
		p->broken = false;
	}
	release(p);
	if (is_hyphen(c) && is_letter(p->before, &upper))
		p->hyphen = c;
	else if (c != SOFT_HYPHEN)
		emit(p, c);
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* One character of UTF-8, at least a byte of it. */
static size_t get_utf8(const uint8_t *s, size_t n, uint32_t *c)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	*c = s[0];
	if (len == 1)
		return 1;
	if (len > n || scan_utf8(s, len) != len) {
		*c = REPLACEMENT;
		return 1;
	}
	*c &= (uint32_t)(0x7f >> len);
	for (size_t i = 1; i < len; i++)
		*c = *c << 6 | (s[i] & 0x3f);
	return len;
}

void pages_put_utf8(struct pages *p, const char *utf8, size_t n)
{
	const uint8_t *s = (const uint8_t *)utf8;
	uint32_t c;

	for (size_t at = 0; at < n && !p->full;) {
		at += get_utf8(s + at, n - at, &c);
		pages_put(p, c);
	}
}

bool pages_begin(struct pages *p)
{
	release(p);
	if (p->begun) {
		if (p->before != '\n')
			emit(p, '\n');
		emit(p, '\f');
	}
	p->begun = true;
	return !p->full;
}

void pages_note(struct pages *p, const char *utf8, size_t n)
{
	while (n && (uint8_t)utf8[n - 1] <= ' ')
		n--;
	while (n && (uint8_t)*utf8 <= ' ') {
		utf8++;
		n--;
	}
	if (n == 0)
		return;
	release(p);
	if (p->before && p->before != '\n' && p->before != '\f')
		emit(p, '\n');
	for (size_t at = 0; at < n && !p->full;) {
		uint32_t c;

		at += get_utf8((const uint8_t *)utf8 + at, n - at, &c);
		if (c == '\r')
			c = '\n';
		if (c != 0)
			emit(p, c);
	}
	emit(p, '\n');
}

bool pages_finish(struct pages *p)
{
	release(p);
	flush(p);
	return !p->full;
}
