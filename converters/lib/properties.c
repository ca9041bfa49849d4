/* properties: values within bounds; see properties.h. */
#include "properties.h"

#include "iso_date.h"
#include "scan.h"

#include <string.h>

static const struct {
	const char *key;
	bool several; /* values are joined */
	bool words;   /* of the text too */
	bool date;
} kinds[] = {
	[PROPERTY_TITLE] = {.key = "title"},
	[PROPERTY_AUTHOR] = {.key = "author", .several = true},
	[PROPERTY_EDITOR] = {.key = "editor"},
	[PROPERTY_SUBJECT] = {.key = "subject", .several = true, .words = true},
	[PROPERTY_DESCRIPTION] = {.key = "description", .words = true},
	[PROPERTY_KEYWORDS] = {.key = "keywords", .several = true, .words = true},
	[PROPERTY_LANGUAGE] = {.key = "lang"},
	[PROPERTY_CREATED] = {.key = "created", .date = true},
	[PROPERTY_MODIFIED] = {.key = "modified", .date = true},
	[PROPERTY_PUBLISHER] = {.key = "publisher"},
	[PROPERTY_SERIES] = {.key = "series", .words = true},
};

void properties_begin(struct properties *p)
{
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		p->values[i].len = p->values[i].from = 0;
		p->values[i].closed = p->values[i].another = false;
	}
	p->pages = 0;
}

static void append(struct properties *p, enum property which, const char *utf8, size_t n)
{
	size_t len = p->values[which].len;

	n = scan_utf8_floor((const uint8_t *)utf8, n, PROPERTY_BYTES - len);
	memcpy(p->values[which].bytes + len, utf8, n);
	p->values[which].len += n;
}

void properties_open(struct properties *p, enum property which)
{
	if (!kinds[which].several)
		return;
	p->values[which].another = p->values[which].len > 0;
	p->values[which].closed = false;
}

static size_t leading_blanks(const char *s, size_t n)
{
	size_t at = 0;

	while (at < n && (s[at] == ' ' || (s[at] >= '\t' && s[at] <= '\r')))
		at++;
	return at;
}

void properties_text(struct properties *p, enum property which, const char *utf8, size_t n)
{
	if (p->values[which].closed)
		return;
	if (p->values[which].len == 0 || p->values[which].another) {
		size_t blanks = leading_blanks(utf8, n);

		utf8 += blanks;
		n -= blanks;
	}
	if (n && p->values[which].another) {
		if (p->values[which].len + 2 > PROPERTY_BYTES)
			return;
		append(p, which, ", ", 2);
		p->values[which].from = p->values[which].len;
		p->values[which].another = false;
	}
	append(p, which, utf8, n);
}

/* Whether the last value is one of those before it. */
static bool said_before(const struct properties *p, enum property which)
{
	size_t from = p->values[which].from, n = p->values[which].len - from;
	const char *all = p->values[which].bytes, *last = all + from;

	/* A comma stands before the last, so there always is a next one. */
	for (const char *at = all; n && at + n + 2 <= last;) {
		if (memcmp(at, last, n) == 0 && memcmp(at + n, ", ", 2) == 0)
			return true;
		at = memmem(at, (size_t)(last - at), ", ", 2);
		at += 2;
	}
	return false;
}

void properties_close(struct properties *p, enum property which)
{
	if (said_before(p, which)) {
		p->values[which].len = p->values[which].from - 2;
		p->values[which].from =
			0; /* as good as any: it is compared at its own close only */
	}
	p->values[which].closed = p->values[which].len > 0;
}

void properties_add(struct properties *p, enum property which, const char *utf8, size_t n)
{
	properties_open(p, which);
	properties_text(p, which, utf8, n);
	properties_close(p, which);
}

void properties_page(struct properties *p)
{
	p->pages++;
}

void properties_pages(struct properties *p, int64_t pages)
{
	p->pages = pages;
}

void properties_tell(const struct properties *p, struct answer *out)
{
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		const char *value = p->values[i].bytes;
		size_t n = p->values[i].len;
		int64_t when;

		if (!kinds[i].date)
			answer_meta(out, kinds[i].key, value, n);
		else if (iso_date_parse(value, n, &when))
			answer_meta_int(out, kinds[i].key, when);
	}
	if (p->values[PROPERTY_AUTHOR].len == 0)
		answer_meta(out, "author", p->values[PROPERTY_EDITOR].bytes,
			p->values[PROPERTY_EDITOR].len);
	if (p->pages > 0)
		answer_meta_int(out, "pages", p->pages);
}

bool properties_have_words(const struct properties *p)
{
	for (int i = 0; i < PROPERTY_COUNT; i++)
		if (kinds[i].words && p->values[i].len)
			return true;
	return false;
}

void properties_add_words(const struct properties *p, struct prose *prose)
{
	for (int i = 0; i < PROPERTY_COUNT; i++) {
		if (!kinds[i].words)
			continue;
		prose_paragraph(prose, GAP_PARAGRAPH);
		prose_text(prose, p->values[i].bytes, p->values[i].len);
	}
}

void properties_finish(const struct properties *p, struct answer *out, struct prose *prose)
{
	properties_tell(p, out);
	properties_add_words(p, prose);
	prose_finish(prose);
}
