/*
 * svg: trawl-convert-svg, the words of a drawing: its labels, titles and descriptions.
 *
 * pkg-config: expat libxml-2.0 libmagic libcjson uchardet
 */
#include "alloc.h"
#include "flow.h"
#include "scan.h"
#include "typing.h"
#include "xml.h"

#include <string.h>
#include <unistd.h>

enum { TITLE_MOST = 1024, ROOT_TITLE_DEPTH = 2 };

enum trait {
	PLAIN,
	WORDS, /* what is in it is text */
	SPAN,  /* the same, inside of a line */
	TITLE,
	SKIPPED
};

static const struct {
	const char *name;
	enum trait trait;
} elements[] = {
	{"desc", WORDS},
	{"foreignObject", WORDS},
	{"metadata", SKIPPED},
	{"script", SKIPPED},
	{"style", SKIPPED},
	{"text", WORDS},
	{"title", TITLE},
	{"tspan", SPAN},
};

struct drawing {
	struct flow flow;
	int depth;
	int words, skipped; /* such elements open */
	bool in_title;      /* of the drawing itself */
	size_t title_len;
	char title[TITLE_MOST];
};

static enum trait trait_of(const char *name)
{
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (strcmp(name, elements[i].name) == 0)
			return elements[i].trait;
	return PLAIN;
}

/* A span that has a place of its own begins a word, at least. */
static bool is_placed(const char **atts)
{
	return xml_attribute(atts, "x") || xml_attribute(atts, "y") || xml_attribute(atts, "dy");
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct drawing *d = ctx;
	enum trait trait = trait_of(xml_local(name));

	d->depth++;
	if (trait == WORDS || trait == TITLE) {
		flow_break(&d->flow, GAP_LINE);
		d->words++;
	} else if (trait == SPAN && is_placed(atts)) {
		flow_break(&d->flow, GAP_BLANK);
	} else if (trait == PLAIN && d->words) {
		flow_break(&d->flow, GAP_BLANK); /* HTML in a foreignObject */
	}
	d->in_title |= trait == TITLE && d->depth == ROOT_TITLE_DEPTH;
	d->skipped += trait == SKIPPED;
}

static void on_close(void *ctx, const char *name)
{
	struct drawing *d = ctx;
	enum trait trait = trait_of(xml_local(name));

	d->depth--;
	if (trait == WORDS || trait == TITLE) {
		flow_break(&d->flow, GAP_LINE);
		d->words--;
		d->in_title = false;
	}
	d->skipped -= trait == SKIPPED;
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct drawing *d = ctx;

	if (!d->words || d->skipped)
		return;
	flow_text(&d->flow, utf8, n);
	if (d->in_title) {
		n = scan_utf8_floor((const uint8_t *)utf8, n, sizeof d->title - d->title_len);
		memcpy(d->title + d->title_len, utf8, n);
		d->title_len += n;
	}
}

static bool is_full(void *ctx)
{
	const struct drawing *d = ctx;

	return d->flow.full;
}

static const char svg_type[] = "image/svg+xml";

/* The root element may lie behind more than is looked at to tell a type: then markup that is
 * nothing else is enough. */
static bool may_be_svg(const struct document *doc)
{
	const char *found = typing_of(doc);
	char first = 0;

	if (strcmp(found, svg_type) == 0)
		return true;
	return strcmp(doc->type, svg_type) == 0 && strcmp(found, "text/plain") == 0 &&
	       pread(doc->fd, &first, 1, 0) == 1 && first == '<';
}

static int convert_svg(const struct document *doc, struct answer *out)
{
	static const struct xml_ops ops = {.open = on_open,
		.close = on_close,
		.text = on_text,
		.enough = is_full,
		.own_entities = true};
	static struct drawing *d;

	if (!may_be_svg(doc))
		return convert_other(doc, out);
	if (!d)
		d = alloc_resize(NULL, 1, sizeof *d);
	flow_init(&d->flow, out);
	d->depth = d->words = d->skipped = 0;
	d->in_title = false;
	d->title_len = 0;
	answer_meta(out, "type", svg_type, sizeof svg_type - 1);
	int verdict = xml_read(doc, &ops, d, out);
	answer_meta(out, "title", d->title, d->title_len);
	flow_finish(&d->flow);
	return verdict;
}

static const struct converter_ops svg_converter = {
	.program = "trawl-convert-svg",
	.convert = convert_svg,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&svg_converter);
}
#endif
