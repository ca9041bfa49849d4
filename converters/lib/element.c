/* element: the table of HTML's elements; see element.h. */
#include "element.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* Sorted by name. */
static const struct element {
	const char *name;
	enum trait trait;
} elements[] = {
	{"address", PARAGRAPH}, {"area", PICTURE}, {"article", PARAGRAPH}, {"aside", PARAGRAPH},
	{"blockquote", PARAGRAPH}, {"body", PARAGRAPH}, {"br", LINE}, {"button", LINE},
	{"caption", PARAGRAPH}, {"center", PARAGRAPH}, {"dd", LINE}, {"details", PARAGRAPH},
	{"dialog", PARAGRAPH}, {"dir", PARAGRAPH}, {"div", LINE}, {"dl", PARAGRAPH}, {"dt", LINE},
	{"fieldset", PARAGRAPH}, {"figcaption", PARAGRAPH}, {"figure", PARAGRAPH},
	{"footer", PARAGRAPH}, {"form", PARAGRAPH}, {"frame", LINE}, {"h1", PARAGRAPH},
	{"h2", PARAGRAPH}, {"h3", PARAGRAPH}, {"h4", PARAGRAPH}, {"h5", PARAGRAPH},
	{"h6", PARAGRAPH}, {"head", PARAGRAPH}, {"header", PARAGRAPH}, {"hgroup", PARAGRAPH},
	{"hr", PARAGRAPH}, {"html", ROOT}, {"img", PICTURE}, {"input", PICTURE}, {"legend", LINE},
	{"li", LINE}, {"listing", VERBATIM}, {"main", PARAGRAPH}, {"math", DRAWING},
	{"menu", PARAGRAPH}, {"meta", META}, {"nav", PARAGRAPH}, {"noframes", PARAGRAPH},
	{"noscript", SKIPPED}, {"ol", PARAGRAPH}, {"optgroup", LINE}, {"option", LINE},
	{"p", PARAGRAPH}, {"plaintext", VERBATIM}, {"pre", VERBATIM}, {"script", SKIPPED},
	{"search", PARAGRAPH}, {"section", PARAGRAPH}, {"select", LINE}, {"style", SKIPPED},
	{"summary", LINE}, {"svg", DRAWING}, {"table", PARAGRAPH}, {"tbody", LINE}, {"td", CELL},
	{"template", SKIPPED}, {"textarea", VERBATIM}, {"tfoot", LINE}, {"th", CELL},
	{"thead", LINE}, {"title", TITLE}, {"tr", LINE}, {"ul", PARAGRAPH}, {"xmp", VERBATIM},
};
/* clang-format on */

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct element *)row)->name);
}

enum trait element_trait(const char *name)
{
	const struct element *found = bsearch(
		name, elements, sizeof elements / sizeof elements[0], sizeof elements[0], compare);

	return found ? found->trait : INLINE;
}

enum flow_gap element_gap(enum trait trait)
{
	static const enum flow_gap gaps[] = {
		[INLINE] = GAP_NONE,
		[LINE] = GAP_LINE,
		[PARAGRAPH] = GAP_PARAGRAPH,
		[CELL] = GAP_TAB,
		[SKIPPED] = GAP_BLANK,
		[VERBATIM] = GAP_PARAGRAPH,
		[TITLE] = GAP_BLANK,
		[DRAWING] = GAP_BLANK,
		[META] = GAP_NONE,
		[ROOT] = GAP_PARAGRAPH,
		[PICTURE] = GAP_NONE,
	};

	return gaps[trait];
}
