/*
 * calendar: trawl-convert-calendar, what calendars (iCalendar) and address cards (vCard) say to
 * people.
 *
 * Both are made of folded lines (content_line.h).  A table names the properties
 * that hold words; identifiers, rules, time zones, alarms and pictures stay out.
 *
 * pkg-config: libmagic libcjson uchardet
 */
#include "alloc.h"
#include "content_line.h"
#include "decode.h"
#include "flow.h"
#include "lines.h"
#include "scan.h"

#include <string.h>
#include <strings.h>

enum { NAME_MOST = 512 /* bytes kept of what may become the title */ };

enum kind {
	WORDS,      /* text */
	STRUCTURED, /* parts with semicolons between them */
	PERSON,     /* an address, with a name in a parameter */
	OF_ALL,     /* a name of the whole calendar */
	OF_ONE,     /* a name of one entry: the title, if it is the only one */
};

static const struct {
	const char *name;
	enum kind kind;
} properties[] = {
	{"X-WR-CALNAME", OF_ALL},
	{"NAME", OF_ALL},
	{"SUMMARY", OF_ONE},
	{"FN", OF_ONE},
	{"DESCRIPTION", WORDS},
	{"X-WR-CALDESC", WORDS},
	{"LOCATION", WORDS},
	{"COMMENT", WORDS},
	{"CONTACT", WORDS},
	{"CATEGORIES", WORDS},
	{"RESOURCES", WORDS},
	{"URL", WORDS},
	{"NICKNAME", WORDS},
	{"TITLE", WORDS},
	{"ROLE", WORDS},
	{"TEL", WORDS},
	{"EMAIL", WORDS},
	{"NOTE", WORDS},
	{"LABEL", WORDS},
	{"N", STRUCTURED},
	{"ORG", STRUCTURED},
	{"ADR", STRUCTURED},
	{"ORGANIZER", PERSON},
	{"ATTENDEE", PERSON},
};

struct calendar {
	struct answer *out;
	struct flow flow;
	int skipping; /* depth of components that are not for people */
	size_t entries;
	bool named; /* by itself */
	size_t name_len;
	char name[NAME_MOST]; /* of the first entry */

	/* One line, unfolded; its memory is kept from document to document. */
	size_t len, room;
	char *line, *text;
	bool quoted; /* it is quoted-printable */
	bool soft;   /* it goes on in the next, without the `=` at its end */
};

/* --- what a property says --------------------------------------------------------------------- */

static bool to_flow(void *ctx, const char *utf8, size_t n)
{
	struct flow *flow = ctx;

	flow_text(flow, utf8, n);
	return !flow->full;
}

static void put_title(struct calendar *c, enum kind kind, const char *utf8, size_t n)
{
	if (kind == OF_ALL && !c->named) {
		answer_meta(c->out, "title", utf8, n);
		c->named = true;
	}
	if (kind == OF_ONE && c->name_len == 0) {
		c->name_len = scan_utf8_floor((const uint8_t *)utf8, n, sizeof c->name);
		memcpy(c->name, utf8, c->name_len);
	}
}

/* Bytes of vCard 2.1, in the charset that the line names, else in what they look like. */
static void put_quoted(struct calendar *c, const struct content_line *line, enum kind kind)
{
	struct content_span charset = content_line_parameter(line, "CHARSET");
	size_t n = content_line_unquote(line->value.p, line->value.n, c->text);
	const uint8_t *bytes = (const uint8_t *)c->text;
	struct charset cs = {.name = "WINDOWS-1252"};

	for (size_t i = 0; kind == STRUCTURED && i < n; i++)
		if (c->text[i] == ';')
			c->text[i] = ' ';
	if (scan_utf8(bytes, n) == n)
		cs = (struct charset){.name = "UTF-8"};
	else
		charset_by_name(charset.p, charset.n, &cs);
	decode_bytes(&cs, bytes, n, to_flow, &c->flow);
	if (strcmp(cs.name, "UTF-8") == 0 && !memchr(c->text, 0, n))
		put_title(c, kind, c->text, n);
}

static void put_value(struct calendar *c, const struct content_line *line, enum kind kind)
{
	flow_break(&c->flow, GAP_LINE);
	if (content_line_is_quoted_printable(line)) {
		put_quoted(c, line, kind);
		return;
	}
	size_t n = content_line_text(line, kind == STRUCTURED, c->text);
	flow_text(&c->flow, c->text, n);
	put_title(c, kind, c->text, n);
}

static void put_person(struct calendar *c, const struct content_line *line)
{
	struct content_span name = content_line_parameter(line, "CN"), address = line->value;

	if (address.n > 7 && strncasecmp(address.p, "mailto:", 7) == 0)
		address = (struct content_span){address.p + 7, address.n - 7};
	flow_break(&c->flow, GAP_LINE);
	flow_text(&c->flow, name.p, name.n);
	flow_break(&c->flow, GAP_BLANK);
	flow_text(&c->flow, address.p, address.n);
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_any(struct content_span word, const char *const *words)
{
	for (; *words; words++)
		if (word.n == strlen(*words) && strncasecmp(word.p, *words, word.n) == 0)
			return true;
	return false;
}

static void begin_component(struct calendar *c, struct content_span name)
{
	static const char *const skipped[] = {"VTIMEZONE", "VALARM", NULL};
	static const char *const entries[] = {"VEVENT", "VTODO", "VJOURNAL", "VCARD", NULL};

	c->skipping += c->skipping > 0 || is_any(name, skipped);
	c->entries += is_any(name, entries);
	flow_break(&c->flow, GAP_PARAGRAPH);
}

static void take_property(struct calendar *c, const struct content_line *line)
{
	for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
		if (!content_line_is(line, properties[i].name))
			continue;
		if (properties[i].kind == PERSON)
			put_person(c, line);
		else
			put_value(c, line, properties[i].kind);
		return;
	}
}

static void take_whole_line(struct calendar *c)
{
	struct content_line line;

	if (!content_line_parse(c->line, c->len, &line))
		return;
	if (content_line_is(&line, "BEGIN"))
		begin_component(c, line.value);
	else if (content_line_is(&line, "END"))
		c->skipping -= c->skipping > 0;
	else if (!c->skipping && line.value.n)
		take_property(c, &line);
}

/* What is longer than any text (a picture) is cut. */
static void append(struct calendar *c, const char *utf8, size_t n)
{
	n = scan_utf8_floor((const uint8_t *)utf8, n, LINES_LINE_MOST - c->len);
	if (c->len + n > c->room) {
		c->room = 2 * (c->len + n);
		c->line = alloc_resize(c->line, c->room, 1);
		c->text = alloc_resize(c->text, c->room, 1);
	}
	memcpy(c->line + c->len, utf8, n);
	c->len += n;
}

/* Whether lines of its text may end in the `=` that joins them to the next, in vCard 2.1. */
static bool may_be_soft(const char *utf8, size_t n)
{
	struct content_line line;

	return content_line_parse(utf8, n, &line) && content_line_is_quoted_printable(&line);
}

static bool take_line(void *ctx, const char *utf8, size_t n)
{
	struct calendar *c = ctx;
	bool folded = n > 0 && (*utf8 == ' ' || *utf8 == '\t');

	if (c->soft) {
		c->len--;
		append(c, utf8, n);
	} else if (folded) {
		append(c, utf8 + 1, n - 1);
	} else {
		take_whole_line(c);
		c->len = 0;
		append(c, utf8, n);
		c->quoted = may_be_soft(utf8, n);
	}
	c->soft = c->quoted && c->len > 0 && c->line[c->len - 1] == '=';
	return !c->flow.full;
}

/* --- one document ----------------------------------------------------------------------------- */

static bool is_calendar(const char *utf8, size_t n)
{
	return memmem(utf8, n, "BEGIN:V", strlen("BEGIN:V")) != NULL;
}

static int convert_calendar(const struct document *doc, struct answer *out)
{
	static const char *const types[] = {"text/calendar", "text/vcard", NULL};
	static const struct lines_ops ops = {
		.types = types, .is_one = is_calendar, .line = take_line};
	static struct calendar *c;

	if (!c) {
		c = alloc_resize(NULL, 1, sizeof *c);
		*c = (struct calendar){.line = NULL};
	}
	c->out = out;
	flow_init(&c->flow, out);
	c->skipping = 0;
	c->entries = c->name_len = c->len = 0;
	c->named = c->quoted = c->soft = false;
	int verdict = lines_read(doc, out, &ops, c);
	if (verdict != ANSWER_DONE || c->len == 0)
		return verdict;
	take_whole_line(c);
	if (!c->named && c->entries == 1)
		answer_meta(out, "title", c->name, c->name_len);
	flow_finish(&c->flow);
	return verdict;
}

static const struct converter_ops calendar_converter = {
	.program = "trawl-convert-calendar",
	.convert = convert_calendar,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&calendar_converter);
}
#endif
