/*
 * ooxml_sheets: a workbook's sheets in their order, row by row; see ooxml.h.
 *
 * Rows and cells without a value leave no trace, however many there are.
 */
#include "alloc.h"
#include "arena.h"
#include "ooxml.h"
#include "ooxml_cells.h"
#include "ooxml_rels.h"

#include <stdlib.h>
#include <string.h>

/* --- the workbook ----------------------------------------------------------------------------- */

struct workbook {
	struct arena sheets; /* of each, its name and its relation's id, each with its NUL */
	bool from_1904;
};

static void take_sheet(struct workbook *book, const char **atts)
{
	const char *name = xml_attribute_exact(atts, "name"), *id = NULL;

	for (; atts[0]; atts += 2)
		if (strchr(atts[0], ':') && strcmp(xml_local(atts[0]), "id") == 0)
			id = atts[1];
	if (!id)
		return;
	arena_add_string(&book->sheets, name ? name : "");
	arena_add_string(&book->sheets, id);
}

static void on_book_open(void *ctx, const char *name, const char **atts)
{
	struct workbook *book = ctx;
	const char *local = xml_local(name);

	if (strcmp(local, "sheet") == 0) {
		take_sheet(book, atts);
	} else if (strcmp(local, "workbookPr") == 0) {
		const char *value = xml_attribute_exact(atts, "date1904");

		book->from_1904 = value && (value[0] == '1' || value[0] == 't');
	}
}

/* --- one sheet -------------------------------------------------------------------------------- */

enum trait { PLAIN, ROW, CELL, VALUE, TEXT, PHONETIC, HEADER };
enum cell { NUMBER, SHARED, STRING, BOOLEAN };

/* clang-format off */
static const struct {
	const char *name;
	enum trait trait;
} elements[] = {
	{"c", CELL}, {"row", ROW}, {"v", VALUE}, {"t", TEXT}, {"rPh", PHONETIC},
	{"oddHeader", HEADER}, {"oddFooter", HEADER}, {"evenHeader", HEADER}, {"evenFooter", HEADER},
	{"firstHeader", HEADER}, {"firstFooter", HEADER},
};
/* clang-format on */

struct sheet {
	struct ooxml *x;
	const struct strings *strings;
	const struct styles *styles;
	enum cell cell;
	size_t style;
	enum trait open; /* whose characters come */
	int phonetic;
	size_t len;
	char value[512]; /* a number, or a header; what is longer is cut */
};

static enum trait trait_of(const char *name)
{
	const char *local = xml_local(name);

	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (strcmp(local, elements[i].name) == 0)
			return elements[i].trait;
	return PLAIN;
}

static void open_cell(struct sheet *s, const char **atts)
{
	static const struct {
		const char *name;
		enum cell cell;
	} types[] = {{"s", SHARED}, {"str", STRING}, {"inlineStr", STRING}, {"e", STRING},
		{"d", STRING}, {"b", BOOLEAN}, {"n", NUMBER}};
	const char *type = xml_attribute_exact(atts, "t");
	const char *style = xml_attribute_exact(atts, "s");

	s->cell = NUMBER;
	s->style = style ? strtoul(style, NULL, 10) : 0;
	for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(type, types[i].name) == 0)
			s->cell = types[i].cell;
	prose_break(s->x->prose, GAP_TAB);
}

static void on_sheet_open(void *ctx, const char *name, const char **atts)
{
	struct sheet *s = ctx;
	enum trait trait = trait_of(name);

	switch (trait) {
	case PLAIN:
		break;
	case ROW:
		prose_break(s->x->prose, GAP_LINE);
		break;
	case CELL:
		open_cell(s, atts);
		break;
	case PHONETIC:
		s->phonetic++;
		break;
	case VALUE:
	case TEXT:
	case HEADER:
		s->open = trait;
		s->len = 0;
		break;
	}
}

static void show_value(struct sheet *s)
{
	char shown[NUMBER_ROOM];
	const char *string = shown;
	size_t n = 0;

	s->value[s->len] = '\0';
	if (s->cell == SHARED)
		string = strings_at(s->strings, strtoul(s->value, NULL, 10), &n);
	else if (s->cell == BOOLEAN)
		n = strlen(string = s->value[0] == '1' ? "TRUE" : "FALSE");
	else if (s->len < NUMBER_ROOM)
		n = styles_show(s->styles, s->style, s->value, shown);
	prose_text(s->x->prose, string, n);
}

/* Text between codes: &L, &P, &14, &"Arial,Bold", &K01+000; && is a mere ampersand. */
static void show_header(struct sheet *s)
{
	prose_break(s->x->prose, GAP_LINE);
	for (size_t i = 0; i < s->len; i++) {
		if (s->value[i] != '&' || i + 1 == s->len || s->value[i + 1] == '&') {
			i += s->value[i] == '&';
			prose_text(s->x->prose, i < s->len ? s->value + i : "", i < s->len);
			continue;
		}
		i++;
		if (s->value[i] == '"')
			while (i + 1 < s->len && s->value[++i] != '"')
				;
		else if (s->value[i] == 'K')
			i += 6;
		else
			while (i + 1 < s->len && s->value[i] >= '0' && s->value[i] <= '9' &&
				s->value[i + 1] >= '0' && s->value[i + 1] <= '9')
				i++;
		prose_break(s->x->prose, GAP_BLANK);
	}
	prose_break(s->x->prose, GAP_LINE);
}

static void on_sheet_close(void *ctx, const char *name)
{
	struct sheet *s = ctx;
	enum trait trait = trait_of(name);

	if (trait == VALUE && s->cell != STRING && s->len)
		show_value(s);
	else if (trait == HEADER)
		show_header(s);
	else if (trait == PHONETIC)
		s->phonetic--;
	if (trait == s->open)
		s->open = PLAIN;
}

static void on_sheet_text(void *ctx, const char *utf8, size_t n)
{
	struct sheet *s = ctx;
	size_t room = sizeof s->value - 1 - s->len;

	if (s->open == PLAIN || s->phonetic)
		return;
	if (s->open == TEXT || (s->open == VALUE && s->cell == STRING)) {
		prose_text(s->x->prose, utf8, n);
		return;
	}
	n = n < room ? n : room;
	memcpy(s->value + s->len, utf8, n);
	s->len += n;
}

static bool enough(void *ctx)
{
	return prose_full(((struct sheet *)ctx)->x->prose);
}

static int take_sheet_member(struct sheet *s, const char *name, const char *member)
{
	static const char *const kinds[] = {
		"comments", "threadedComment", "drawing", "package", NULL};
	static const struct xml_ops ops = {.open = on_sheet_open,
		.close = on_sheet_close,
		.text = on_sheet_text,
		.enough = enough};
	struct ooxml *x = s->x;
	int verdict;

	if (!member || package_find(x->package, member) < 0)
		return ANSWER_DONE;
	properties_page(x->properties);
	prose_paragraph(x->prose, GAP_PARAGRAPH);
	prose_text(x->prose, name, strlen(name));
	prose_paragraph(x->prose, GAP_LINE);
	s->open = PLAIN;
	s->phonetic = 0;
	verdict = package_parse(x->package, member, &ops, s);
	prose_paragraph(x->prose, GAP_PARAGRAPH);
	return verdict == ANSWER_DONE ? ooxml_related(x, member, kinds) : verdict;
}

/* --- all of them ------------------------------------------------------------------------------ */

static int take_sheets(
	struct sheet *s, const struct workbook *book, const struct dictionary *relations)
{
	int verdict = ANSWER_DONE;

	for (size_t at = 0; at < arena_size(&book->sheets) && verdict == ANSWER_DONE;) {
		const char *name = arena_at(&book->sheets, at);
		const char *id = name + strlen(name) + 1;

		verdict = take_sheet_member(s, name, dictionary_value(relations, id, NULL));
		at += strlen(name) + strlen(id) + 2;
	}
	return verdict;
}

static int take_workbook(
	struct ooxml *x, const struct workbook *book, const struct dictionary *relations)
{
	struct sheet s = {.x = x};
	struct styles *styles;
	struct strings *strings;
	int verdict = styles_load(x, relations_kind(relations, "styles"), &styles);

	if (verdict != ANSWER_DONE)
		return verdict;
	if (book->from_1904)
		styles_from_1904(styles);
	verdict = strings_load(x, relations_kind(relations, "sharedStrings"), &strings);
	if (verdict != ANSWER_DONE)
		return verdict;
	s.styles = styles;
	s.strings = strings;
	verdict = take_sheets(&s, book, relations);
	strings_destroy(strings);
	return verdict;
}

int ooxml_sheets(struct ooxml *x, const char *main)
{
	static const struct xml_ops ops = {.open = on_book_open};
	struct workbook book = {0};
	struct dictionary *relations = NULL;
	int verdict = package_parse(x->package, main, &ops, &book);

	if (verdict == ANSWER_DONE)
		verdict = relations_load(x->package, main, &relations);
	if (verdict == ANSWER_DONE)
		verdict = take_workbook(x, &book, relations);
	dictionary_destroy(relations);
	arena_finish(&book.sheets);
	return verdict;
}
