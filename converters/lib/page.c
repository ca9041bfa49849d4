/*
 * page: HTML into SAX calls, and these into text; see page.h.
 *
 * libxml2 parses in push mode: no tree is built.  Its stack of open elements is
 * kept short by starting a new parser between two chunks: text needs no nesting,
 * and a closing tag would otherwise search a stack of any depth.
 */
#include "page.h"

#include "alloc.h"
#include "decode.h"
#include "element.h"
#include "flow.h"
#include "iso_date.h"
#include "scan.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CHUNK = 8 * 1024,          /* bytes to the parser at once */
	DEPTH_MOST = 512,          /* open elements between two chunks */
	RENEWALS_MOST = 16 * 1024, /* parsers for one page */
	VALUE_MOST = 4096,         /* bytes kept of a title or a meta element */
};

/* One value out of the head, growing up to its bound. */
struct value {
	size_t len;
	char bytes[VALUE_MOST];
};

struct page {
	struct answer *out;
	struct flow flow;
	htmlParserCtxtPtr parser;
	int skipping; /* open elements whose content is no text */
	int verbatim; /* open elements that keep their blanks */
	int drawing;  /* open svg and math: their titles are not the page's */
	bool in_title;
	int renewals;
	struct value title, description, keywords;
};

/* --- values ----------------------------------------------------------------------------------- */

static const char *attribute(const xmlChar **atts, const char *name)
{
	for (; atts && atts[0]; atts += 2)
		if (atts[1] && strcasecmp((const char *)atts[0], name) == 0)
			return (const char *)atts[1];
	return NULL;
}

static void value_add(struct value *v, const char *s, size_t n)
{
	n = scan_utf8_floor((const uint8_t *)s, n, VALUE_MOST - v->len);
	memcpy(v->bytes + v->len, s, n);
	v->len += n;
}

/* --- meta elements ---------------------------------------------------------------------------- */

enum meaning { AUTHOR, DESCRIPTION, KEYWORDS, CREATED, LANGUAGE };

static const struct {
	const char *name; /* of name=, property= or http-equiv= */
	enum meaning meaning;
} metas[] = {
	{"author", AUTHOR},
	{"dc.creator", AUTHOR},
	{"dcterms.creator", AUTHOR},
	{"article:author", AUTHOR},
	{"description", DESCRIPTION},
	{"dc.description", DESCRIPTION},
	{"og:description", DESCRIPTION},
	{"keywords", KEYWORDS},
	{"dc.subject", KEYWORDS},
	{"date", CREATED},
	{"created", CREATED},
	{"dc.date", CREATED},
	{"dc.date.created", CREATED},
	{"dcterms.created", CREATED},
	{"dcterms.date", CREATED},
	{"article:published_time", CREATED},
	{"content-language", LANGUAGE},
	{"dc.language", LANGUAGE},
	{"language", LANGUAGE},
};

static void keep_meta(struct page *page, enum meaning meaning, const char *content)
{
	size_t n = strlen(content);
	int64_t when;

	switch (meaning) {
	case AUTHOR:
		answer_meta(page->out, "author", content, n);
		break;
	case DESCRIPTION:
		if (page->description.len == 0)
			value_add(&page->description, content, n);
		break;
	case KEYWORDS:
		if (page->keywords.len == 0)
			value_add(&page->keywords, content, n);
		break;
	case CREATED:
		if (iso_date_parse(content, n, &when))
			answer_meta_int(page->out, "created", when);
		break;
	case LANGUAGE:
		answer_meta(page->out, "lang", content, n);
		break;
	}
}

static void take_meta(struct page *page, const xmlChar **atts)
{
	const char *name = attribute(atts, "name"), *content = attribute(atts, "content");

	if (!name)
		name = attribute(atts, "property");
	if (!name)
		name = attribute(atts, "http-equiv");
	if (!name || !content)
		return;
	for (size_t i = 0; i < sizeof metas / sizeof metas[0]; i++)
		if (strcasecmp(name, metas[i].name) == 0)
			keep_meta(page, metas[i].meaning, content);
}

/* --- what the parser calls -------------------------------------------------------------------- */

static void take_language(struct page *page, const xmlChar **atts)
{
	const char *lang = attribute(atts, "lang");

	if (!lang)
		lang = attribute(atts, "xml:lang");
	if (lang)
		answer_meta(page->out, "lang", lang, strlen(lang));
}

static void take_picture(struct page *page, const xmlChar **atts)
{
	const char *alt = attribute(atts, "alt");

	if (!alt || page->skipping)
		return;
	flow_break(&page->flow, GAP_BLANK);
	flow_text(&page->flow, alt, strlen(alt));
	flow_break(&page->flow, GAP_BLANK);
}

/* A link that is the mark of a note, as EPUB, ARIA, pandoc and LibreOffice write it. */
static bool is_note_mark(const xmlChar *name, const xmlChar **atts)
{
	static const struct {
		const char *attribute, *value;
	} marks[] = {
		{"epub:type", "noteref"},
		{"role", "doc-noteref"},
		{"class", "footnote-ref"},
		{"class", "sdfootnoteanc"},
		{"class", "sdendnoteanc"},
	};

	if (strcasecmp((const char *)name, "a") != 0)
		return false;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		const char *value = attribute(atts, marks[i].attribute);

		if (value && strcmp(value, marks[i].value) == 0)
			return true;
	}
	return false;
}

static void start_element(void *ctx, const xmlChar *name, const xmlChar **atts)
{
	struct page *page = ctx;
	enum trait trait = element_trait((const char *)name);

	flow_break(&page->flow, element_gap(trait));
	switch (trait) {
	case SKIPPED:
		page->skipping++;
		break;
	case VERBATIM:
		page->verbatim++;
		break;
	case DRAWING:
		page->drawing++;
		break;
	case TITLE:
		page->in_title = page->drawing == 0 && page->skipping == 0;
		break;
	case META:
		take_meta(page, atts);
		break;
	case ROOT:
		take_language(page, atts);
		break;
	case PICTURE:
		take_picture(page, atts);
		break;
	case INLINE:
		/* It follows its word without a blank, and is none of it. */
		if (is_note_mark(name, atts))
			flow_break(&page->flow, GAP_BLANK);
		break;
	case LINE:
	case PARAGRAPH:
	case CELL:
		break;
	}
}

static void leave(int *open)
{
	if (*open > 0)
		(*open)--;
}

static void end_element(void *ctx, const xmlChar *name)
{
	struct page *page = ctx;
	enum trait trait = element_trait((const char *)name);

	flow_break(&page->flow, element_gap(trait));
	if (trait == SKIPPED)
		leave(&page->skipping);
	else if (trait == VERBATIM)
		leave(&page->verbatim);
	else if (trait == DRAWING)
		leave(&page->drawing);
	else if (trait == TITLE)
		page->in_title = false;
}

static void characters(void *ctx, const xmlChar *text, int len)
{
	struct page *page = ctx;
	const char *utf8 = (const char *)text;

	if (page->skipping)
		return;
	if (page->in_title)
		value_add(&page->title, utf8, (size_t)len);
	else if (page->verbatim)
		flow_verbatim(&page->flow, utf8, (size_t)len);
	else
		flow_text(&page->flow, utf8, (size_t)len);
}

/* --- the parser ------------------------------------------------------------------------------- */

static htmlSAXHandler handler = {
	.startElement = start_element,
	.endElement = end_element,
	.characters = characters,
	.ignorableWhitespace = characters,
	/* no cdataBlock: that is what scripts and styles come through */
};

static void parser_open(struct page *page)
{
	page->parser =
		htmlCreatePushParserCtxt(&handler, page, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!page->parser)
		alloc_failed();
	/* Not NOIMPLIED: without html and body around it, the parser takes the end of the first
	 * element for the page's. */
	htmlCtxtUseOptions(page->parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
						 HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
						 HTML_PARSE_IGNORE_ENC);
}

/* Too deep, or past what it takes for the page's end though something follows, as after an early
 * </html>. */
static bool parser_is_spent(const struct page *page)
{
	return page->parser->nameNr > DEPTH_MOST || page->parser->instate == XML_PARSER_EOF;
}

/* A new parser, inside of a body, goes on with what the old one has not consumed. */
static void parser_renew(struct page *page)
{
	static const char frame[] = "<html><body>";
	xmlParserInputPtr input = page->parser->input;
	size_t left = (size_t)(input->end - input->cur);
	char *rest = alloc_resize(NULL, left, 1);

	memcpy(rest, input->cur, left);
	htmlFreeParserCtxt(page->parser);
	page->skipping = page->verbatim = page->drawing = 0;
	page->in_title = false;
	parser_open(page);
	htmlParseChunk(page->parser, frame, sizeof frame - 1, 0);
	htmlParseChunk(page->parser, rest, (int)left, 0);
	free(rest);
}

/* `last` gets to the parser what it holds back.  False: this page has no end that a parser finds.
 */
static bool parser_feed(struct page *page, const char *utf8, size_t n, bool last)
{
	htmlParseChunk(page->parser, utf8, (int)n, last);
	while (parser_is_spent(page) && page->parser->input->cur < page->parser->input->end) {
		if (++page->renewals > RENEWALS_MOST)
			return false;
		parser_renew(page);
		if (last)
			htmlParseChunk(page->parser, NULL, 0, 1);
	}
	return true;
}

static bool feed(void *ctx, const char *utf8, size_t n)
{
	struct page *page = ctx;

	while (n && !page->flow.full) {
		size_t take = scan_utf8_floor((const uint8_t *)utf8, n, CHUNK);

		if (!parser_feed(page, utf8, take, false))
			return false;
		utf8 += take;
		n -= take;
	}
	return !page->flow.full;
}

/* --- encoding --------------------------------------------------------------------------------- */

/* Marks, well-formed UTF-8 and zero bytes speak for themselves; then the page's own word; then the
 * guess. */
bool page_charset(const uint8_t *bytes, size_t n, bool cut, struct charset *cs)
{
	struct charset declared;

	if (!charset_detect(bytes, n, cut, cs))
		return false;
	if (cs->clean || cs->skip || charset_is_wide(cs))
		return true;
	if (charset_declared(bytes, n, &declared) && strcmp(declared.name, "UTF-8") != 0)
		memcpy(cs->name, declared.name, sizeof cs->name);
	return true;
}

/* --- one page ----------------------------------------------------------------------------- */

/* Description and keywords are words of the page too: they follow its text. */
static void add_value(struct page *page, const char *key, const struct value *v)
{
	if (v->len == 0)
		return;
	answer_meta(page->out, key, v->bytes, v->len);
	flow_break(&page->flow, GAP_PARAGRAPH);
	flow_text(&page->flow, v->bytes, v->len);
}

struct page *page_create(void)
{
	return alloc_resize(NULL, 1, sizeof(struct page));
}

void page_destroy(struct page *page)
{
	free(page);
}

bool page_give(struct page *page, struct answer *out, const struct charset *cs,
	const uint8_t *bytes, size_t n)
{
	page->out = out;
	flow_init(&page->flow, out);
	page->skipping = page->verbatim = page->drawing = 0;
	page->in_title = false;
	page->renewals = 0;
	page->title.len = page->description.len = page->keywords.len = 0;
	parser_open(page);
	bool whole = decode_bytes(cs, bytes, n, feed, page) && parser_feed(page, NULL, 0, true);
	htmlFreeParserCtxt(page->parser);
	answer_meta(out, "title", page->title.bytes, page->title.len);
	add_value(page, "description", &page->description);
	add_value(page, "keywords", &page->keywords);
	return flow_finish(&page->flow) && whole;
}
