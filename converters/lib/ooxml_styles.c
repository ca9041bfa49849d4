/*
 * ooxml_styles: which cells show dates, and how numbers look; see ooxml_cells.h.
 *
 * A cell's style names a number format: some of the built-in ones are dates or
 * percentages (ECMA-376 part 1, 18.8.30), others are so by what their code says.
 */
#include "alloc.h"
#include "ooxml_cells.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STYLES_MOST = 64 * 1024, /* Excel's own bound is 65,490 */
	DIGITS_SHOWN = 15,       /* of a double, those that mean something */
	PERCENT_SHOWN = 6,
	DAYS_TO_EPOCH = 25569, /* 1970-01-01, as Excel counts */
	DAYS_TO_1904 = 1462,
	DAY = 86400,
	LAST_DAY = 2958465, /* 9999-12-31 */
};

enum look { AS_WRITTEN, DATE, PERCENT };

struct styles {
	size_t format_count, style_count;
	bool in_cells, from_1904;
	struct {
		long id;
		enum look look;
	} formats[STYLES_MOST];
	uint8_t looks[STYLES_MOST]; /* by style: an enum look */
};

/* --- formats ---------------------------------------------------------------------------------- */

static enum look built_in_look(long id)
{
	static const struct {
		long first, last;
		enum look look;
	} built_in[] = {
		{9, 10, PERCENT}, {14, 22, DATE}, {27, 36, DATE}, {45, 47, DATE}, {50, 58, DATE}};

	for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
		if (id >= built_in[i].first && id <= built_in[i].last)
			return built_in[i].look;
	return AS_WRITTEN;
}

/* Quoted text, [colours] and escaped characters say nothing, but [h] does. */
static enum look code_look(const char *code)
{
	for (const char *p = code; *p; p++) {
		if (*p == '"') {
			p = strchr(p + 1, '"');
		} else if (*p == '[' && !strchr("hms", tolower((unsigned char)p[1]))) {
			p = strchr(p, ']');
		} else if (*p == '\\' || *p == '_' || *p == '*') {
			p += p[1] != '\0';
		} else if (strchr("dmyhs", tolower((unsigned char)*p))) {
			return DATE;
		} else if (*p == '%') {
			return PERCENT;
		}
		if (!p)
			break;
	}
	return AS_WRITTEN;
}

/* Formats of the workbook's own precede the styles; they are few, and looked up once a style. */
static enum look look_of(const struct styles *s, long id)
{
	enum { LOOKED_AT = 512 };

	for (size_t i = 0; i < s->format_count && i < LOOKED_AT; i++)
		if (s->formats[i].id == id)
			return s->formats[i].look;
	return built_in_look(id);
}

static void take_format(struct styles *s, const char **atts)
{
	const char *id = xml_attribute_exact(atts, "numFmtId");
	const char *code = xml_attribute_exact(atts, "formatCode");

	if (!id || !code || s->format_count == STYLES_MOST)
		return;
	s->formats[s->format_count].id = strtol(id, NULL, 10);
	s->formats[s->format_count++].look = code_look(code);
}

static void take_style(struct styles *s, const char **atts)
{
	const char *id = xml_attribute_exact(atts, "numFmtId");

	if (s->style_count < STYLES_MOST)
		s->looks[s->style_count++] =
			(uint8_t)(id ? look_of(s, strtol(id, NULL, 10)) : AS_WRITTEN);
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct styles *s = ctx;
	const char *local = xml_local(name);

	if (strcmp(local, "numFmt") == 0)
		take_format(s, atts);
	else if (strcmp(local, "cellXfs") == 0)
		s->in_cells = true;
	else if (strcmp(local, "xf") == 0 && s->in_cells)
		take_style(s, atts);
}

static void on_close(void *ctx, const char *name)
{
	struct styles *s = ctx;

	if (strcmp(xml_local(name), "cellXfs") == 0)
		s->in_cells = false;
}

int styles_load(struct ooxml *x, const char *member, struct styles **out)
{
	static const struct xml_ops ops = {.open = on_open, .close = on_close};
	static struct styles s;
	int verdict = ANSWER_DONE;

	s.format_count = s.style_count = 0;
	s.in_cells = s.from_1904 = false;
	if (member && package_find(x->package, member) >= 0)
		verdict = package_parse(x->package, member, &ops, &s);
	*out = &s;
	return verdict;
}

void styles_from_1904(struct styles *s)
{
	s->from_1904 = true;
}

/* --- showing ---------------------------------------------------------------------------------- */

static size_t show_date(const struct styles *s, double days, char out[NUMBER_ROOM])
{
	long whole = (long)days;
	long seconds = (long)((days - (double)whole) * DAY + 0.5);
	bool has_day = whole >= 1 || s->from_1904, has_time = seconds > 0 || !has_day;
	size_t len = 0;
	struct tm tm;

	if (s->from_1904)
		whole += DAYS_TO_1904;
	else if (whole < 61)
		whole += 1; /* to Excel, 1900 was a leap year */
	time_t when = (whole - DAYS_TO_EPOCH) * DAY + seconds;
	gmtime_r(&when, &tm);
	if (has_day)
		len = strftime(out, NUMBER_ROOM, "%Y-%m-%d", &tm);
	if (has_day && has_time)
		out[len++] = ' ';
	if (has_time)
		len += strftime(
			out + len, NUMBER_ROOM - len, tm.tm_sec ? "%H:%M:%S" : "%H:%M", &tm);
	return len;
}

size_t styles_show(const struct styles *s, size_t style, const char *number, char out[NUMBER_ROOM])
{
	enum look look = style < s->style_count ? s->looks[style] : AS_WRITTEN;
	size_t n = strlen(number);
	char *end;
	double value;

	/* A number of few digits is written as it is shown. */
	if (look == AS_WRITTEN && n <= DIGITS_SHOWN) {
		memcpy(out, number, n);
		return n;
	}
	value = strtod(number, &end);
	if (*end || end == number || !isfinite(value))
		return (size_t)snprintf(out, NUMBER_ROOM, "%.*s", NUMBER_ROOM - 1, number);
	if (look == DATE && value >= 0 && value < LAST_DAY)
		return show_date(s, value, out);
	if (look == PERCENT)
		return (size_t)snprintf(out, NUMBER_ROOM, "%.*g%%", PERCENT_SHOWN, 100 * value);
	return (size_t)snprintf(out, NUMBER_ROOM, "%.*g", DIGITS_SHOWN, value);
}
