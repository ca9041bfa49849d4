/*
 * fb2: one XML file of description, bodies and pictures; see fb2.h.
 *
 * Notes are a body of their own behind the text, and stay there.
 */
#include "fb2.h"

#include "properties.h"

#include <stdlib.h>
#include <string.h>

enum trait {
	PLAIN,
	INFO, /* of the book itself: properties are inside */
	BODY,
	PARAGRAPH,
	LINE,
	CELL,
	PERSON,
	NAME, /* a part of a person's */
	VALUE,
	DATE,
	SERIES,
};

/* clang-format off */
/* Sorted by name. */
static const struct element {
	const char *name;
	enum trait trait;
	enum property property;
} elements[] = {
	{"annotation", VALUE, PROPERTY_DESCRIPTION},
	{"author", PERSON, PROPERTY_AUTHOR},
	{"body", BODY, 0},
	{"book-title", VALUE, PROPERTY_TITLE},
	{"cite", PARAGRAPH, 0},
	{"date", DATE, PROPERTY_CREATED},
	{"empty-line", PARAGRAPH, 0},
	{"epigraph", PARAGRAPH, 0},
	{"first-name", NAME, 0},
	{"keywords", VALUE, PROPERTY_KEYWORDS},
	{"lang", VALUE, PROPERTY_LANGUAGE},
	{"last-name", NAME, 0},
	{"middle-name", NAME, 0},
	{"p", LINE, 0},
	{"poem", PARAGRAPH, 0},
	{"publish-info", INFO, 0},
	{"publisher", VALUE, PROPERTY_PUBLISHER},
	{"section", PARAGRAPH, 0},
	{"sequence", SERIES, PROPERTY_SERIES},
	{"stanza", PARAGRAPH, 0},
	{"subtitle", PARAGRAPH, 0},
	{"table", PARAGRAPH, 0},
	{"td", CELL, 0},
	{"text-author", LINE, 0},
	{"th", CELL, 0},
	{"title", PARAGRAPH, 0},
	{"title-info", INFO, 0},
	{"tr", LINE, 0},
	{"translator", PERSON, PROPERTY_NONE},
	{"v", LINE, 0},
};
/* clang-format on */

struct level {
	enum trait trait;
	enum property property; /* whose value the characters are */
	enum property person;   /* whose value a name is */
	bool named;             /* a part of it was there */
	bool info, body;
};

struct book {
	struct answer *out;
	struct prose prose;
	struct properties properties;
	int depth;
	struct level levels[XML_DEPTH_MOST + 1]; /* [0]: around the document */
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct element *)row)->name);
}

static const struct element *find(const char *name)
{
	static const struct element plain = {"", PLAIN, PROPERTY_NONE};
	const struct element *found = bsearch(xml_local(name), elements,
		sizeof elements / sizeof elements[0], sizeof elements[0], compare);

	return found ? found : &plain;
}

/* --- description ------------------------------------------------------------------------------ */

static void open_value(struct book *b, struct level *now, enum property which)
{
	if (!now->info || now->person != PROPERTY_NONE)
		return;
	now->property = which;
	properties_open(&b->properties, which);
}

/* The machine's form of a date, where there is one, else what is written. */
static void open_date(struct book *b, struct level *now, const char **atts)
{
	const char *value = xml_attribute_exact(atts, "value");

	if (now->info && value)
		properties_add(&b->properties, PROPERTY_CREATED, value, strlen(value));
	else
		open_value(b, now, PROPERTY_CREATED);
}

static void take_series(struct book *b, const struct level *now, const char **atts)
{
	const char *name = xml_attribute_exact(atts, "name");

	if (now->info && name)
		properties_add(&b->properties, PROPERTY_SERIES, name, strlen(name));
}

static void open_name(struct book *b, struct level *now)
{
	if (!now->info || now->person == PROPERTY_NONE)
		return;
	now->property = now->person;
	if (now->named)
		properties_text(&b->properties, now->property, " ", 1);
	now[-1].named = true;
}

static void open_description(
	struct book *b, struct level *now, const struct element *element, const char **atts)
{
	switch ((int)element->trait) {
	case PERSON:
		now->person = element->property;
		if (now->info && element->property != PROPERTY_NONE)
			properties_open(&b->properties, element->property);
		break;
	case NAME:
		open_name(b, now);
		break;
	case VALUE:
		open_value(b, now, element->property);
		break;
	case DATE:
		open_date(b, now, atts);
		break;
	case SERIES:
		take_series(b, now, atts);
		break;
	default:
		break;
	}
}

/* Paragraphs of an annotation are words apart. */
static void close_description(struct book *b, const struct level *now)
{
	if (now->property == PROPERTY_NONE)
		return;
	if (now->trait == LINE)
		properties_text(&b->properties, now->property, " ", 1);
	else if (now->trait == VALUE || now->trait == DATE)
		properties_close(&b->properties, now->property);
}

/* --- the text --------------------------------------------------------------------------------- */

static enum flow_gap gap_of(enum trait trait)
{
	static const enum flow_gap gaps[] = {[PARAGRAPH] = GAP_PARAGRAPH,
		[LINE] = GAP_LINE,
		[CELL] = GAP_TAB,
		[BODY] = GAP_PARAGRAPH,
		[VALUE] = GAP_PARAGRAPH, /* an annotation of a section */
		[DATE] = GAP_LINE,
		[SERIES] = GAP_NONE};

	return gaps[trait];
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct book *b = ctx;
	const struct element *element = find(name);
	struct level *now = &b->levels[b->depth + 1];

	*now = b->levels[b->depth++];
	now->trait = element->trait;
	now->info |= element->trait == INFO;
	now->body |= element->trait == BODY;
	if (now->body)
		prose_break(&b->prose, gap_of(element->trait));
	else
		open_description(b, now, element, atts);
}

static void on_close(void *ctx, const char *name)
{
	struct book *b = ctx;
	const struct level *now = &b->levels[b->depth--];

	(void)name;
	if (now->body)
		prose_break(&b->prose, gap_of(now->trait));
	else
		close_description(b, now);
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct book *b = ctx;
	const struct level *now = &b->levels[b->depth];

	if (now->body)
		prose_text(&b->prose, utf8, n);
	else if (now->property != PROPERTY_NONE)
		properties_text(&b->properties, now->property, utf8, n);
}

static bool enough(void *ctx)
{
	return prose_full(&((struct book *)ctx)->prose);
}

static const struct xml_ops handler = {.open = on_open,
	.close = on_close,
	.text = on_text,
	.enough = enough,
	.html_entities = true};

/* --- documents -------------------------------------------------------------------------------- */

static struct book *begin(struct answer *out)
{
	static struct book b;

	b.out = out;
	b.depth = 0;
	b.levels[0] = (struct level){.property = PROPERTY_NONE, .person = PROPERTY_NONE};
	prose_begin(&b.prose, out);
	properties_begin(&b.properties);
	answer_meta(out, "type", "application/x-fictionbook+xml",
		strlen("application/x-fictionbook+xml"));
	return &b;
}

static int finish(struct book *b, int verdict)
{
	if (verdict != ANSWER_DONE)
		return verdict;
	properties_finish(&b->properties, b->out, &b->prose);
	return ANSWER_DONE;
}

int fb2_convert(const struct document *doc, struct answer *out)
{
	struct book *b = begin(out);

	return finish(b, xml_read(doc, &handler, b, out));
}

int fb2_convert_member(struct package *package, const char *member, struct answer *out)
{
	struct book *b = begin(out);

	return finish(b, package_parse(package, member, &handler, b));
}
