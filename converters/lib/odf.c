/*
 * odf: one handler for all the streams of a document; see odf.h.
 *
 * What an element means depends on those around it: a `level` for each open
 * one holds what it passes on to those inside.  Names are taken with their
 * prefix, which all producers write as the standard does.
 */
#include "odf.h"

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
	{"text:s", BLANK, 0},
	{"text:script", SKIPPED, 0},
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

/* A comment says who and when as the document does. */
static void open_property(struct odf *o, struct level *now, enum property which)
{
	now->skipped = !now->meta;
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
	switch (element->trait) {
	case PLAIN:
		break;
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
	case PARAGRAPH:
	case HEADING:
		open_paragraph(o, now);
		break;
	case CELL:
		now->cell = true;
		break;
	case ROW:
		now->cell = false;
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
	else if (now->trait == PROPERTY)
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

static const struct xml_ops handler = {
	.open = on_open, .close = on_close, .text = on_text, .enough = enough};

static struct odf *begin(struct prose *prose, struct properties *properties)
{
	static struct odf o;

	o.prose = prose;
	o.properties = properties;
	o.levels[0] = (struct level){.property = PROPERTY_NONE};
	return &o;
}

/* --- encryption ------------------------------------------------------------------------------- */

static void on_manifest_open(void *ctx, const char *name, const char **atts)
{
	bool *encrypted = ctx;

	(void)atts;
	if (strcmp(xml_local(name), "encryption-data") == 0)
		*encrypted = true;
}

static bool enough_manifest(void *ctx)
{
	return *(bool *)ctx;
}

static int check_manifest(struct package *package, struct answer *out)
{
	static const struct xml_ops ops = {.open = on_manifest_open, .enough = enough_manifest};
	bool encrypted = false;
	int verdict = ANSWER_DONE;

	if (package_find(package, "META-INF/manifest.xml") >= 0)
		verdict = package_parse(package, "META-INF/manifest.xml", &ops, &encrypted);
	if (encrypted)
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	return verdict;
}

/* --- documents -------------------------------------------------------------------------------- */

static int parse(struct package *package, struct odf *o, const char *member)
{
	o->depth = 0;
	return package_parse(package, member, &handler, o);
}

static int parse_if_there(struct package *package, struct odf *o, const char *member)
{
	return package_find(package, member) < 0 ? ANSWER_DONE : parse(package, o, member);
}

static bool is_embedded(const char *name)
{
	static const char end[] = "/content.xml";
	size_t n = name ? strlen(name) : 0;

	return n > sizeof end - 1 && strcmp(name + n - (sizeof end - 1), end) == 0;
}

/* A package of styles alone has no content. */
static int parse_content(struct package *package, struct odf *o)
{
	if (package_find(package, "content.xml") < 0 && package_find(package, "styles.xml") >= 0)
		return ANSWER_DONE;
	return parse(package, o, "content.xml");
}

/* Charts, and other documents inside of this one. */
static int parse_embedded(struct package *package, struct odf *o)
{
	int verdict = ANSWER_DONE;

	o->embedded = true;
	for (int64_t i = 0; i < package_count(package) && verdict == ANSWER_DONE; i++)
		if (is_embedded(package_name(package, i)))
			verdict = parse(package, o, package_name(package, i));
	o->embedded = false;
	return verdict;
}

int odf_convert(struct package *package, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	struct odf *o = begin(prose, properties);
	int verdict = check_manifest(package, out);

	if (verdict == ANSWER_DONE)
		verdict = parse_content(package, o);
	if (verdict == ANSWER_DONE)
		verdict = parse_if_there(package, o, "styles.xml");
	if (verdict == ANSWER_DONE)
		verdict = parse_embedded(package, o);
	if (verdict == ANSWER_DONE)
		verdict = parse_if_there(package, o, "meta.xml");
	return verdict;
}

int odf_convert_flat(const struct document *doc, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	struct odf *o = begin(prose, properties);

	o->depth = 0;
	return xml_read(doc, &handler, o, out);
}
