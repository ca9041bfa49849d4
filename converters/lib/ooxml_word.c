/* ooxml_word: a text document and what belongs to it; see ooxml.h. */
#include "ooxml.h"
#include "ooxml_rels.h"

#include <string.h>

/* --- language --------------------------------------------------------------------------------- */

struct search {
	struct properties *properties;
	bool found;
};

static void on_style_open(void *ctx, const char *name, const char **atts)
{
	struct search *s = ctx;
	const char *value = xml_attribute(atts, "val");

	if (s->found || strcmp(xml_local(name), "lang") != 0 || !value)
		return;
	properties_add(s->properties, PROPERTY_LANGUAGE, value, strlen(value));
	s->found = true;
}

/* The defaults come first: behind them are the single styles. */
static void on_style_close(void *ctx, const char *name)
{
	struct search *s = ctx;

	if (strcmp(xml_local(name), "docDefaults") == 0)
		s->found = true;
}

static bool found(void *ctx)
{
	return ((struct search *)ctx)->found;
}

static int take_language(struct ooxml *x, const char *main)
{
	static const struct xml_ops ops = {
		.open = on_style_open, .close = on_style_close, .enough = found};
	struct search search = {.properties = x->properties};
	struct dictionary *relations;
	int verdict = relations_load(x->package, main, &relations);
	const char *styles;

	if (verdict != ANSWER_DONE)
		return verdict;
	styles = relations_kind(relations, "styles");
	if (styles && package_find(x->package, styles) >= 0)
		verdict = package_parse(x->package, styles, &ops, &search);
	dictionary_destroy(relations);
	return verdict;
}

int ooxml_word(struct ooxml *x, const char *main)
{
	static const char *const kinds[] = {"header", "footer", "footnotes", "endnotes", "comments",
		"diagramData", "chart", "package", "aFChunk", NULL};
	int verdict = ooxml_text(x, main);

	if (verdict == ANSWER_DONE)
		verdict = ooxml_related(x, main, kinds);
	return verdict == ANSWER_DONE ? take_language(x, main) : verdict;
}
