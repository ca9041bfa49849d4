/* ooxml: which kind of document, its properties and its parts; see ooxml.h. */
#include "ooxml.h"

#include "ooxml_rels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- properties ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum property property;
} names[] = {
	{"title", PROPERTY_TITLE},
	{"creator", PROPERTY_AUTHOR},
	{"lastModifiedBy", PROPERTY_EDITOR},
	{"subject", PROPERTY_SUBJECT},
	{"description", PROPERTY_DESCRIPTION},
	{"keywords", PROPERTY_KEYWORDS},
	{"category", PROPERTY_KEYWORDS},
	{"language", PROPERTY_LANGUAGE},
	{"created", PROPERTY_CREATED},
	{"modified", PROPERTY_MODIFIED},
};

struct core {
	struct properties *properties;
	enum property open;
};

static enum property property_of(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(xml_local(name), names[i].name) == 0)
			return names[i].property;
	return PROPERTY_NONE;
}

static void on_core_open(void *ctx, const char *name, const char **atts)
{
	struct core *core = ctx;

	(void)atts;
	core->open = property_of(name);
	if (core->open != PROPERTY_NONE)
		properties_open(core->properties, core->open);
}

static void on_core_close(void *ctx, const char *name)
{
	struct core *core = ctx;

	(void)name;
	if (core->open != PROPERTY_NONE)
		properties_close(core->properties, core->open);
	core->open = PROPERTY_NONE;
}

static void on_core_text(void *ctx, const char *utf8, size_t n)
{
	struct core *core = ctx;

	if (core->open != PROPERTY_NONE)
		properties_text(core->properties, core->open, utf8, n);
}

/* Pages of a text are counted by the program that saved it. */
struct counts {
	bool in_pages;
	char digits[16];
	size_t len;
};

static void on_counts_open(void *ctx, const char *name, const char **atts)
{
	struct counts *counts = ctx;

	(void)atts;
	counts->in_pages = strcmp(xml_local(name), "Pages") == 0;
}

static void on_counts_close(void *ctx, const char *name)
{
	(void)name;
	((struct counts *)ctx)->in_pages = false;
}

static void on_counts_text(void *ctx, const char *utf8, size_t n)
{
	struct counts *counts = ctx;

	for (size_t i = 0; counts->in_pages && i < n && counts->len + 1 < sizeof counts->digits;
		i++)
		counts->digits[counts->len++] = utf8[i];
}

static int take_core(struct ooxml *x, const char *member)
{
	static const struct xml_ops ops = {
		.open = on_core_open, .close = on_core_close, .text = on_core_text};
	struct core core = {.properties = x->properties, .open = PROPERTY_NONE};

	if (!member || package_find(x->package, member) < 0)
		return ANSWER_DONE;
	return package_parse(x->package, member, &ops, &core);
}

static int take_counts(struct ooxml *x, const char *member)
{
	static const struct xml_ops ops = {
		.open = on_counts_open, .close = on_counts_close, .text = on_counts_text};
	struct counts counts = {0};
	int verdict;

	if (!member || package_find(x->package, member) < 0)
		return ANSWER_DONE;
	verdict = package_parse(x->package, member, &ops, &counts);
	if (counts.len)
		properties_pages(x->properties, strtol(counts.digits, NULL, 10));
	return verdict;
}

/* --- what a member leads to ------------------------------------------------------------------- */

static bool part_bytes(void *ctx, const uint8_t *bytes, size_t n)
{
	answer_part_bytes(ctx, bytes, n);
	return true;
}

/* A document inside of this one.  That it is damaged is its own matter. */
static int send_part(struct ooxml *x, const char *member)
{
	int64_t at = package_find(x->package, member);
	const char *name = strchr(member, '/');
	int verdict;

	answer_part(x->out, name ? name + 1 : member, NULL, -1);
	verdict = package_read(x->package, at, part_bytes, x->out);
	if (verdict == ANSWER_DONE || verdict == ANSWER_LIMIT)
		return verdict;
	answer_part_fail(x->out, verdict, "its bytes are damaged");
	return ANSWER_DONE;
}

static int take_related(struct ooxml *x, const struct entry *to)
{
	static const char *const drawn[] = {"chart", "diagramData", "package", NULL};
	int verdict;

	if (package_find(x->package, to->value) < 0)
		return ANSWER_DONE;
	if (strcmp(to->word, "package") == 0 || strcmp(to->word, "aFChunk") == 0)
		return send_part(x, to->value);
	verdict = ooxml_text(x, to->value);
	if (verdict == ANSWER_DONE && strcmp(to->word, "drawing") == 0)
		verdict = ooxml_related(x, to->value, drawn);
	return verdict;
}

int ooxml_related(struct ooxml *x, const char *member, const char *const *kinds)
{
	struct dictionary *relations;
	int verdict = relations_load(x->package, member, &relations);

	if (verdict != ANSWER_DONE)
		return verdict;
	for (; *kinds; kinds++)
		for (size_t i = 0; i < dictionary_count(relations) && verdict == ANSWER_DONE; i++) {
			struct entry to = dictionary_at(relations, i);

			if (strcmp(to.word, *kinds) == 0 && !prose_full(x->prose))
				verdict = take_related(x, &to);
		}
	dictionary_destroy(relations);
	return verdict;
}

/* --- which kind ------------------------------------------------------------------------------- */

static const struct kind {
	const char *root, *type;
	int (*convert)(struct ooxml *x, const char *main);
} kinds[] = {
	{"document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		ooxml_word},
	{"presentation",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation",
		ooxml_slides},
	{"workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		ooxml_sheets},
};

struct root {
	const struct kind *kind;
	bool seen;
};

static void on_root_open(void *ctx, const char *name, const char **atts)
{
	struct root *root = ctx;

	(void)atts;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !root->seen; i++)
		if (strcmp(xml_local(name), kinds[i].root) == 0)
			root->kind = &kinds[i];
	root->seen = true;
}

static bool root_seen(void *ctx)
{
	return ((struct root *)ctx)->seen;
}

/* A template or a macro document is called what its name says. */
static void say_type(struct ooxml *x, const struct kind *kind)
{
	bool of_office = strncmp(x->doc->type, "application/vnd.openxml", 23) == 0 ||
			 strncmp(x->doc->type, "application/vnd.ms-", 19) == 0;
	const char *type = of_office ? x->doc->type : kind->type;

	answer_meta(x->out, "type", type, strlen(type));
}

static int convert_main(struct ooxml *x, const char *main)
{
	static const struct xml_ops ops = {.open = on_root_open, .enough = root_seen};
	struct root root = {0};
	int verdict = package_parse(x->package, main, &ops, &root);

	if (verdict != ANSWER_DONE)
		return verdict;
	if (!root.kind)
		return answer_fail(
			x->out, ANSWER_DAMAGED, "%s is no kind of document that is known", main);
	say_type(x, root.kind);
	return root.kind->convert(x, main);
}

int ooxml_convert(struct ooxml *x)
{
	struct dictionary *relations;
	int verdict = relations_load(x->package, "", &relations);
	const char *main;

	if (verdict != ANSWER_DONE)
		return verdict;
	main = relations_kind(relations, "officeDocument");
	if (!main)
		verdict = answer_fail(x->out, ANSWER_DAMAGED, "it does not say where its text is");
	if (verdict == ANSWER_DONE)
		verdict = take_core(x, relations_kind(relations, "core-properties"));
	if (verdict == ANSWER_DONE)
		verdict = convert_main(x, main);
	if (verdict == ANSWER_DONE)
		verdict = take_counts(x, relations_kind(relations, "extended-properties"));
	dictionary_destroy(relations);
	return verdict;
}
