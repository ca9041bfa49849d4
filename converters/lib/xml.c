/* xml: expat within bounds; see xml.h. */
#include "xml.h"

#include "alloc.h"
#include "scan.h"

#include <errno.h>
#include <expat.h>
#include <iconv.h>
#include <libxml/HTMLparser.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PIECE = 32 * 1024, /* bytes to the parser at once */
	FAULT_MOST = 160,
};

struct xml {
	XML_Parser parser;
	const struct xml_ops *ops;
	void *ctx;
	int depth;
	size_t unseen; /* bytes given to the parser since it last called */
	bool done;     /* the rest is not wanted */
	bool failed;
	char fault[FAULT_MOST];
};

const char *xml_local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *xml_attribute(const char **atts, const char *local)
{
	for (; atts[0]; atts += 2)
		if (strcmp(xml_local(atts[0]), local) == 0)
			return atts[1];
	return NULL;
}

const char *xml_attribute_exact(const char **atts, const char *name)
{
	for (; atts[0]; atts += 2)
		if (strcmp(atts[0], name) == 0)
			return atts[1];
	return NULL;
}

/* --- faults ----------------------------------------------------------------------------------- */

/* From within a call of the parser's: it ends behind this element. */
static void give_up(struct xml *x, const char *why)
{
	if (x->failed)
		return;
	x->failed = true;
	snprintf(x->fault, sizeof x->fault, "%s", why);
	XML_StopParser(x->parser, XML_FALSE);
}

static void take_fault(struct xml *x)
{
	enum XML_Error code = XML_GetErrorCode(x->parser);

	if (code == XML_ERROR_NO_MEMORY)
		alloc_failed();
	if (x->failed)
		return;
	x->failed = true;
	snprintf(x->fault, sizeof x->fault, "line %lu: %s",
		(unsigned long)XML_GetCurrentLineNumber(x->parser), XML_ErrorString(code));
}

/* --- what the parser calls -------------------------------------------------------------------- */

static void XMLCALL on_open(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct xml *x = ctx;

	x->unseen = 0;
	if (++x->depth > XML_DEPTH_MOST) {
		give_up(x, "its elements nest too deep");
		return;
	}
	if (x->ops->open)
		x->ops->open(x->ctx, name, atts);
}

static void XMLCALL on_close(void *ctx, const XML_Char *name)
{
	struct xml *x = ctx;

	x->unseen = 0;
	x->depth--;
	if (x->ops->close && !x->failed)
		x->ops->close(x->ctx, name);
}

static void XMLCALL on_text(void *ctx, const XML_Char *utf8, int n)
{
	struct xml *x = ctx;

	x->unseen = 0;
	if (x->ops->text && !x->failed)
		x->ops->text(x->ctx, utf8, (size_t)n);
}

/* Even one entity of the document's own is refused: nobody writes them, but to multiply. */
static void XMLCALL on_entity(void *ctx, const XML_Char *name, int parameter, const XML_Char *value,
	int n, const XML_Char *base, const XML_Char *system, const XML_Char *public,
	const XML_Char *notation)
{
	(void)name, (void)parameter, (void)value, (void)n, (void)base, (void)system, (void)public,
		(void)notation;
	give_up(ctx, "it declares entities");
}

static void XMLCALL on_skipped_entity(void *ctx, const XML_Char *name, int parameter)
{
	struct xml *x = ctx;
	const htmlEntityDesc *entity = parameter ? NULL : htmlEntityLookup((const xmlChar *)name);
	char utf8[4];

	if (entity && x->ops->text)
		x->ops->text(x->ctx, utf8, scan_utf8_put(entity->value, utf8));
}

/* A charset of one byte a character, by iconv; other ones are not for XML. */
static int XMLCALL on_encoding(void *ctx, const XML_Char *name, XML_Encoding *out)
{
	iconv_t cd = iconv_open("UCS-4LE", name);

	(void)ctx;
	if ((intptr_t)cd == -1)
		return XML_STATUS_ERROR;
	for (int i = 0; i < 256; i++) {
		char byte = (char)i, *in = &byte;
		unsigned char ucs[16] = {0};
		char *to = (char *)ucs;
		size_t left = 1, room = sizeof ucs;

		iconv(cd, NULL, NULL, NULL, NULL);
		bool good = iconv(cd, &in, &left, &to, &room) != (size_t)-1 && room == 12;
		int c = ucs[0] | ucs[1] << 8 | ucs[2] << 16;
		/* Expat wants the plane 0, and ASCII as it is. */
		out->map[i] = i < 128 ? i : good && c < 0xfffe ? c : 0xfffd;
	}
	iconv_close(cd);
	return XML_STATUS_OK;
}

/* --- feeding ---------------------------------------------------------------------------------- */

struct xml *xml_create(const struct xml_ops *ops, void *ctx)
{
	struct xml *x = alloc_resize(NULL, 1, sizeof *x);

	*x = (struct xml){.ops = ops, .ctx = ctx, .parser = XML_ParserCreate(NULL)};
	if (!x->parser)
		alloc_failed();
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_open, on_close);
	XML_SetCharacterDataHandler(x->parser, on_text);
	if (!ops->own_entities)
		XML_SetEntityDeclHandler(x->parser, on_entity);
	XML_SetUnknownEncodingHandler(x->parser, on_encoding, NULL);
	if (ops->html_entities) {
		/* As if there were a definition elsewhere: what it would have named is skipped. */
		XML_UseForeignDTD(x->parser, XML_TRUE);
		XML_SetSkippedEntityHandler(x->parser, on_skipped_entity);
	}
	return x;
}

void xml_destroy(struct xml *x)
{
	if (!x)
		return;
	XML_ParserFree(x->parser);
	free(x);
}

/* At most PIECE bytes. */
static void feed_piece(struct xml *x, const uint8_t *bytes, size_t n, bool last)
{
	x->unseen += n;
	if (XML_Parse(x->parser, (const char *)bytes, (int)n, last) != XML_STATUS_OK)
		take_fault(x);
	else if (x->unseen > XML_TOKEN_MOST)
		give_up(x, "one of its tags is too long");
	else if (x->ops->enough && x->ops->enough(x->ctx))
		x->done = true;
}

bool xml_feed(struct xml *x, const uint8_t *bytes, size_t n)
{
	while (n && !x->failed && !x->done) {
		size_t take = n < PIECE ? n : PIECE;

		feed_piece(x, bytes, take, false);
		bytes += take;
		n -= take;
	}
	return !x->failed && !x->done;
}

bool xml_finish(struct xml *x)
{
	if (!x->failed && !x->done)
		feed_piece(x, NULL, 0, true);
	return !x->failed;
}

const char *xml_fault(const struct xml *x)
{
	return x->fault;
}

/* --- a whole document ------------------------------------------------------------------------- */

/* False after a read error. */
static bool feed_document(struct xml *x, int fd)
{
	uint8_t piece[PIECE];
	off_t at = 0;

	for (;;) {
		ssize_t got = pread(fd, piece, sizeof piece, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0 || !xml_feed(x, piece, (size_t)got))
			return true;
		at += got;
	}
}

int xml_read(const struct document *doc, const struct xml_ops *ops, void *ctx, struct answer *out)
{
	struct xml *x = xml_create(ops, ctx);
	int verdict = ANSWER_DONE;

	if (!feed_document(x, doc->fd))
		verdict = answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	else if (!xml_finish(x))
		verdict = answer_fail(out, ANSWER_DAMAGED, "%s", xml_fault(x));
	xml_destroy(x);
	return verdict;
}
