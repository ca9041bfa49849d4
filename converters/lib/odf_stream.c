/*
 * odf_stream: elements and what they mean; see odf_stream.h.
 *
 * That depends on those around them: a `level` for each open one holds what it
 * passes on to those inside.  Names are taken with their prefix, which all
 * producers write as the standard does.
 */
#include "odf_stream.h"

#include <stdlib.h>
#include <string.h>

enum trait {
	PLAIN,     /* text as around it */
	SKIPPED,   /* nothing inside is text of the document */
	REGION,    /* paragraphs inside are the document's */
	PARAGRAPH, /* whose characters count */
	HEADING,
	ROW,
	CELL,
	TABLE,
	SHEETS,
	SLIDE,
	COMMENT,
	BLANK,
	TAB,
	LINE,
	META,     /* properties are inside */
	PROPERTY, /* of the document, or of a comment */
	STATISTIC,
	DEFAULTS, /* of the language, among others */
	LANGUAGE,
};

/* clang-format off */
/* Sorted by name. */
static const struct element {
	const char *name;
	enum trait trait;
	enum property property;
} elements[] = {
	{"dc:creator", PROPERTY, PROPERTY_EDITOR},
	{"dc:date", PROPERTY, PROPERTY_MODIFIED},
	{"dc:description", PROPERTY, PROPERTY_DESCRIPTION},
	{"dc:language", PROPERTY, PROPERTY_LANGUAGE},
	{"dc:subject", PROPERTY, PROPERTY_SUBJECT},
	{"dc:title", PROPERTY, PROPERTY_TITLE},
	{"draw:page", SLIDE, 0},
	{"math:annotation", SKIPPED, 0},
	{"meta:creation-date", PROPERTY, PROPERTY_CREATED},
	{"meta:creator-initials", SKIPPED, 0},
	{"meta:date-string", SKIPPED, 0},
	{"meta:document-statistic", STATISTIC, 0},
	{"meta:initial-creator", PROPERTY, PROPERTY_AUTHOR},
	{"meta:keyword", PROPERTY, PROPERTY_KEYWORDS},
	{"office:annotation", COMMENT, 0},
	{"office:binary-data", SKIPPED, 0},
	{"office:body", REGION, 0},
	{"office:event-listeners", SKIPPED, 0},
	{"office:meta", META, 0},
	{"office:spreadsheet", SHEETS, 0},
	{"presentation:date-time-decl", PARAGRAPH, 0},
	{"presentation:footer-decl", PARAGRAPH, 0},
	{"presentation:header-decl", PARAGRAPH, 0},
	{"style:default-style", DEFAULTS, 0},
	{"style:footer", REGION, 0},
	{"style:footer-first", REGION, 0},
	{"style:footer-left", REGION, 0},
	{"style:header", REGION, 0},
	{"style:header-first", REGION, 0},
	{"style:header-left", REGION, 0},
	{"style:text-properties", LANGUAGE, 0},
	{"svg:desc", PARAGRAPH, 0},
	{"svg:title", PARAGRAPH, 0},
	{"table:covered-table-cell", CELL, 0},
	{"table:table", TABLE, 0},
	{"table:table-cell", CELL, 0},
	{"table:table-row", ROW, 0},
	{"table:tracked-changes", SKIPPED, 0},
	{"text:endnote-citation", SKIPPED, 0},
	{"text:footnote-citation", SKIPPED, 0},
	{"text:h", HEADING, 0},
	{"text:line-break", LINE, 0},
	{"text:note-citation", SKIPPED, 0},
	{"text:p", PARAGRAPH, 0},
	{"text:page-count", SKIPPED, 0}, /* of no page, where the text is not laid out */
	{"text:page-number", SKIPPED, 0},
	{"text:s", BLANK, 0},
	{"text:script", SKIPPED, 0},
	{"text:sheet-name", SKIPPED, 0},
	{"text:tab", TAB, 0},
	{"text:tracked-changes", SKIPPED, 0},
};
/* clang-format on */

struct level {
	enum trait trait;
	enum property property; /* that the characters are; PROPERTY_NONE: none */
	bool skipped, region, meta, sheets, defaults;
	bool cell;      /* paragraphs part cells, not lines */
	bool paragraph; /* characters count */
	bool aside;     /* this one began an aside */
};

struct odf {
	struct prose *prose;
	struct properties *properties;
	int depth;
	bool embedded;                           /* its sheets and slides are not the document's */
	struct level levels[XML_DEPTH_MOST + 1]; /* [0]: around the document */
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct element *)row)->name);
}

static const struct element *find(const char *name)
{
	static const struct element plain = {"", PLAIN, PROPERTY_NONE};
	const struct element *found = bsearch(
		name, elements, sizeof elements / sizeof elements[0], sizeof elements[0], compare);

	return found ? found : &plain;
}

/* --- elements --------------------------------------------------------------------------------- */

static void open_aside(struct odf *o, struct level *now)
{
	now->aside = true;
	prose_aside_open(o->prose);
}

/* On a word of a paragraph, or on a cell, before its text. */
static void open_comment(struct odf *o, struct level *now)
{
	if (!now->region)
		return;
	open_aside(o, now);
	now->paragraph = now->cell = false;
}

/* One inside of another is a note or a text box. */
static void open_paragraph(struct odf *o, struct level *now)
{
	if (!now->region)
		return;
	if (now->paragraph)
		open_aside(o, now);
	now->paragraph = true;
}

static void close_paragraph(struct odf *o, const struct level *now)
{
	enum flow_gap gap = now->trait == HEADING ? GAP_PARAGRAPH : GAP_LINE;

	if (!now->region)
		return;
	if (now->aside)
		prose_aside_close(o->prose);
	else if (now->cell)
		prose_break(o->prose, GAP_BLANK);
	else
		prose_paragraph(o->prose, gap);
}

static void open_table(struct odf *o, const struct level *now, const char **atts)
{
	const char *name = xml_attribute_exact(atts, "table:name");

	if (!now->region)
		return;
	prose_paragraph(o->prose, GAP_PARAGRAPH);
	if (!now->sheets)
		return;
	if (!o->embedded)
		properties_page(o->properties);
	if (name)
		prose_text(o->prose, name, strlen(name));
	prose_paragraph(o->prose, GAP_LINE);
}

static void open_slide(struct odf *o)
{
	if (!o->embedded)
		properties_page(o->properties);
	prose_paragraph(o->prose, GAP_PARAGRAPH);
}

/* A comment says who and when as the document does, which is no text of either. */
static void open_property(struct odf *o, struct level *now, enum property which)
{
	if (!now->meta)
		return;
	now->property = which;
	properties_open(o->properties, which);
}

static void take_statistic(struct odf *o, const struct level *now, const char **atts)
{
	const char *pages = xml_attribute_exact(atts, "meta:page-count");

	if (now->meta && pages)
		properties_pages(o->properties, strtol(pages, NULL, 10));
}

static void take_language(struct odf *o, const struct level *now, const char **atts)
{
	const char *language = xml_attribute_exact(atts, "fo:language");
	const char *country = xml_attribute_exact(atts, "fo:country");

	if (!now->defaults || !language || !strcmp(language, "zxx") || !strcmp(language, "none"))
		return;
	properties_open(o->properties, PROPERTY_LANGUAGE);
	properties_text(o->properties, PROPERTY_LANGUAGE, language, strlen(language));
	if (country && strcmp(country, "none") != 0) {
		properties_text(o->properties, PROPERTY_LANGUAGE, "-", 1);
		properties_text(o->properties, PROPERTY_LANGUAGE, country, strlen(country));
	}
	properties_close(o->properties, PROPERTY_LANGUAGE);
}

/* What those inside are to know. */
static void mark(struct level *now)
{
	switch ((int)now->trait) {
	case SKIPPED:
		now->skipped = true;
		break;
	case REGION:
		now->region = true;
		break;
	case SHEETS:
		now->sheets = true;
		break;
	case META:
		now->meta = true;
		break;
	case DEFAULTS:
		now->defaults = true;
		break;
	case CELL:
		now->cell = true;
		break;
	case ROW:
		now->cell = false;
		break;
	default:
		break;
	}
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct odf *o = ctx;
	const struct element *element = find(name);
	struct level *now = &o->levels[o->depth + 1];

	*now = o->levels[o->depth++];
	now->trait = element->trait;
	now->aside = false;
	if (now->skipped)
		return;
	mark(now);
	switch ((int)now->trait) {
	case PARAGRAPH:
	case HEADING:
		open_paragraph(o, now);
		break;
	case TABLE:
		open_table(o, now, atts);
		break;
	case SLIDE:
		open_slide(o);
		break;
	case COMMENT:
		open_comment(o, now);
		break;
	case BLANK:
		prose_break(o->prose, GAP_BLANK);
		break;
	case TAB:
		prose_break(o->prose, GAP_TAB);
		break;
	case LINE:
		prose_break(o->prose, GAP_LINE);
		break;
	case PROPERTY:
		open_property(o, now, element->property);
		break;
	case STATISTIC:
		take_statistic(o, now, atts);
		break;
	case LANGUAGE:
		take_language(o, now, atts);
		break;
	default:
		break;
	}
}

static void on_close(void *ctx, const char *name)
{
	struct odf *o = ctx;
	const struct level *now = &o->levels[o->depth--];

	(void)name;
	if (now->skipped)
		return;
	if (now->trait == PARAGRAPH || now->trait == HEADING)
		close_paragraph(o, now);
	else if (now->trait == COMMENT && now->aside)
		prose_aside_close(o->prose);
	else if (now->trait == CELL)
		prose_break(o->prose, GAP_TAB);
	else if (now->trait == ROW)
		prose_paragraph(o->prose, GAP_LINE);
	else if (now->trait == TABLE && now->region)
		prose_paragraph(o->prose, GAP_PARAGRAPH);
	else if (now->trait == PROPERTY && now->property != PROPERTY_NONE)
		properties_close(o->properties, now->property);
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct odf *o = ctx;
	const struct level *now = &o->levels[o->depth];

	if (now->skipped)
		return;
	if (now->paragraph)
		prose_text(o->prose, utf8, n);
	else if (now->property != PROPERTY_NONE)
		properties_text(o->properties, now->property, utf8, n);
}

static bool enough(void *ctx)
{
	return prose_full(((struct odf *)ctx)->prose);
}

const struct xml_ops odf_stream_ops = {
	.open = on_open, .close = on_close, .text = on_text, .enough = enough};

struct odf *odf_stream_begin(struct prose *prose, struct properties *properties, bool embedded)
{
	static struct odf o;

	o.prose = prose;
	o.properties = properties;
	o.embedded = embedded;
	o.depth = 0;
	o.levels[0] = (struct level){.property = PROPERTY_NONE};
	return &o;
}
