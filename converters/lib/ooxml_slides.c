/* ooxml_slides: a presentation's slides in their order, each with its notes; see ooxml.h. */
#include "arena.h"
#include "ooxml.h"
#include "ooxml_rels.h"

#include <string.h>

struct order {
	struct arena ids; /* of relations, each with its NUL */
	struct properties *properties;
};

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct order *order = ctx;
	const char *language = xml_attribute_exact(atts, "lang");

	/* Of the text that no slide says more about; the first is the topmost level's. */
	if (language && strcmp(xml_local(name), "defRPr") == 0)
		properties_add(order->properties, PROPERTY_LANGUAGE, language, strlen(language));
	if (strcmp(xml_local(name), "sldId") != 0)
		return;
	/* Beside r:id there is a plain id, which is a number of no use. */
	for (; atts[0]; atts += 2)
		if (strchr(atts[0], ':') && strcmp(xml_local(atts[0]), "id") == 0)
			arena_add_string(&order->ids, atts[1]);
}

static int take_slide(struct ooxml *x, const char *member)
{
	static const char *const kinds[] = {
		"notesSlide", "comments", "diagramData", "chart", "package", NULL};
	int verdict;

	if (!member || package_find(x->package, member) < 0)
		return ANSWER_DONE;
	properties_page(x->properties);
	verdict = ooxml_text(x, member);
	return verdict == ANSWER_DONE ? ooxml_related(x, member, kinds) : verdict;
}

static int take_slides(
	struct ooxml *x, const struct order *order, const struct dictionary *relations)
{
	int verdict = ANSWER_DONE;

	for (size_t at = 0; at < arena_size(&order->ids) && verdict == ANSWER_DONE;) {
		const char *id = arena_at(&order->ids, at);

		verdict = take_slide(x, dictionary_value(relations, id, NULL));
		at += strlen(id) + 1;
	}
	return verdict;
}

int ooxml_slides(struct ooxml *x, const char *main)
{
	static const struct xml_ops ops = {.open = on_open};
	struct order order = {.properties = x->properties};
	struct dictionary *relations = NULL;
	int verdict = package_parse(x->package, main, &ops, &order);

	if (verdict == ANSWER_DONE)
		verdict = relations_load(x->package, main, &relations);
	if (verdict == ANSWER_DONE)
		verdict = take_slides(x, &order, relations);
	dictionary_destroy(relations);
	arena_finish(&order.ids);
	return verdict;
}
