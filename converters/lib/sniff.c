/* sniff: signatures at the front; see sniff.h. */
#include "sniff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct span {
	const uint8_t *p;
	size_t n;
};

static bool starts(const struct span *s, const char *word)
{
	size_t len = strlen(word);

	return s->n >= len && strncasecmp((const char *)s->p, word, len) == 0;
}

static void advance(struct span *s, size_t by)
{
	s->p += by;
	s->n -= by;
}

static void skip_blanks(struct span *s)
{
	while (s->n && isspace(*s->p))
		advance(s, 1);
}

/* Past `end`; false if it is not there. */
static bool skip_past(struct span *s, const char *end)
{
	const uint8_t *at = memmem(s->p, s->n, end, strlen(end));

	if (!at)
		return false;
	advance(s, (size_t)(at - s->p) + strlen(end));
	return true;
}

static struct span behind_mark(const uint8_t *p, size_t n)
{
	struct span s = {p, n < SNIFF_BYTES ? n : SNIFF_BYTES};

	if (starts(&s, "\xef\xbb\xbf"))
		advance(&s, 3);
	skip_blanks(&s);
	return s;
}

bool sniff_pdf(const uint8_t *p, size_t n)
{
	struct span s = behind_mark(p, n);

	return s.n >= 8 && memcmp(s.p, "%PDF-", 5) == 0 && isdigit(s.p[5]) && s.p[6] == '.';
}

bool sniff_html(const uint8_t *p, size_t n)
{
	static const char *const frame[] = {"<!doctype html", "<html", "<head", "<body"};
	struct span s = behind_mark(p, n);

	while (starts(&s, "<!--") || starts(&s, "<?xml")) {
		if (!skip_past(&s, s.p[1] == '!' ? "-->" : "?>"))
			return false;
		skip_blanks(&s);
	}
	for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
		size_t len = strlen(frame[i]);

		if (starts(&s, frame[i]) && (s.n == len || s.p[len] == '>' || isspace(s.p[len])))
			return true;
	}
	return false;
}
