/*
 * ooxml_text: running text in WordprocessingML, DrawingML, charts and comments; see ooxml.h.
 *
 * One table serves them all, by the names behind the prefixes, which producers
 * choose freely: what these markups call alike means alike.
 */
#include "ooxml.h"

#include <stdlib.h>
#include <string.h>

enum trait {
	PLAIN,
	SKIPPED, /* nothing inside is shown, or it is shown twice */
	TEXT,    /* whose characters count */
	PARAGRAPH,
	ROW,
	CELL,
	TAB,
	LINE,
	HYPHEN,
	BOX,     /* a text of its own, anchored in a paragraph */
	STRINGS, /* a chart's cached strings */
	VALUE,   /* one of them, or a number */
	PICTURE, /* may have an alternative text */
	LETTERING,
};

/* clang-format off */
/* Sorted by name. */
static const struct element {
	const char *name;
	enum trait trait;
} elements[] = {
	{"Fallback", SKIPPED}, /* the same once more, for older programs */
	{"author", SKIPPED},
	{"br", LINE},
	{"cNvPr", PICTURE},
	{"cr", LINE},
	{"delText", SKIPPED},
	{"docPr", PICTURE},
	{"instrText", SKIPPED},
	{"moveFrom", SKIPPED},
	{"noBreakHyphen", HYPHEN},
	{"p", PARAGRAPH},
	{"ptab", TAB},
	{"strCache", STRINGS},
	{"t", TEXT},
	{"tab", TAB},
	{"tc", CELL},
	{"text", TEXT},
	{"textpath", LETTERING},
	{"tr", ROW},
	{"txbxContent", BOX},
	{"v", VALUE},
};
/* clang-format on */

struct text {
	struct ooxml *x;
	int skipped, shown, cells, boxes, strings; /* elements open */
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct element *)row)->name);
}

static enum trait trait_of(const char *name)
{
	const struct element *found = bsearch(xml_local(name), elements,
		sizeof elements / sizeof elements[0], sizeof elements[0], compare);

	return found ? found->trait : PLAIN;
}

/* Words of an attribute, apart from those around. */
static void put_words(struct text *t, const char *words)
{
	if (!words || t->skipped)
		return;
	prose_break(t->x->prose, GAP_BLANK);
	prose_text(t->x->prose, words, strlen(words));
	prose_break(t->x->prose, GAP_BLANK);
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct text *t = ctx;
	struct prose *prose = t->x->prose;

	switch (trait_of(name)) {
	case PLAIN:
	case PARAGRAPH:
	case ROW:
		break;
	case SKIPPED:
		t->skipped++;
		break;
	case TEXT:
		t->shown++;
		break;
	case CELL:
		t->cells++;
		break;
	case TAB:
		prose_break(prose, GAP_TAB);
		break;
	case LINE:
		prose_break(prose, GAP_LINE);
		break;
	case HYPHEN:
		if (!t->skipped)
			prose_text(prose, "-", 1);
		break;
	case BOX:
		t->boxes++;
		prose_aside_open(prose);
		break;
	case STRINGS:
		t->strings++;
		break;
	case VALUE:
		t->shown += t->strings > 0;
		break;
	case PICTURE:
		put_words(t, xml_attribute_exact(atts, "descr"));
		break;
	case LETTERING:
		put_words(t, xml_attribute_exact(atts, "string"));
		break;
	}
}

static void on_close(void *ctx, const char *name)
{
	struct text *t = ctx;
	struct prose *prose = t->x->prose;

	switch (trait_of(name)) {
	case SKIPPED:
		t->skipped--;
		break;
	case TEXT:
		t->shown--;
		break;
	case PARAGRAPH:
		/* Paragraphs of a cell stay in its row. */
		prose_paragraph(prose, t->cells > 0 && t->boxes == 0 ? GAP_BLANK : GAP_LINE);
		break;
	case ROW:
		prose_paragraph(prose, GAP_LINE);
		break;
	case CELL:
		t->cells--;
		prose_break(prose, GAP_TAB);
		break;
	case BOX:
		t->boxes--;
		prose_aside_close(prose);
		break;
	case STRINGS:
		t->strings--;
		break;
	case VALUE:
		t->shown -= t->strings > 0;
		prose_break(prose, GAP_LINE);
		break;
	case PLAIN:
	case TAB:
	case LINE:
	case HYPHEN:
	case PICTURE:
	case LETTERING:
		break;
	}
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct text *t = ctx;

	if (t->shown && !t->skipped)
		prose_text(t->x->prose, utf8, n);
}

static bool enough(void *ctx)
{
	return prose_full(((struct text *)ctx)->x->prose);
}

int ooxml_text(struct ooxml *x, const char *member)
{
	static const struct xml_ops ops = {
		.open = on_open, .close = on_close, .text = on_text, .enough = enough};
	struct text t = {.x = x};
	int verdict = package_parse(x->package, member, &ops, &t);

	prose_paragraph(x->prose, GAP_PARAGRAPH);
	return verdict;
}
