/*
 * xml: the elements and text of an XML document, as its bytes come in.
 *
 * By expat, and not libxml2: a start tag of 100,000 attributes takes expat
 * 66 ms and libxml2 11 s, which looks each one up among those before it.  No
 * network, no external files and, unless asked for, no entities but the five of
 * XML; a document that declares its own, that nests deeper than XML_DEPTH_MOST or has one tag
 * of more than XML_TOKEN_MOST bytes is not read on.  Names keep their prefix.
 */
#ifndef CONVERT_XML_H
#define CONVERT_XML_H

#include "serve.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XML_DEPTH_MOST = 1024, XML_TOKEN_MOST = 16 * 1024 * 1024 };

/* What is NULL is not wanted.  Strings are valid during the call only. */
struct xml_ops {
	/* `atts`: name and value by turns, then NULL. */
	void (*open)(void *ctx, const char *name, const char **atts);
	void (*close)(void *ctx, const char *name);
	void (*text)(void *ctx, const char *utf8, size_t n); /* whole characters */
	/* Asked between two pieces: whether the rest may be left out. */
	bool (*enough)(void *ctx);
	/* Tolerates HTML's names for characters, as in XHTML. */
	bool html_entities;
	/* Allows the document's own, as drawing programs write them; expat bounds what they
	 * multiply to. */
	bool own_entities;
};

struct xml;

struct xml *xml_create(const struct xml_ops *ops, void *ctx);
void xml_destroy(struct xml *x); /* NULL is fine */

/* The next bytes.  False: no more of them are of use. */
bool xml_feed(struct xml *x, const uint8_t *bytes, size_t n);
/* Behind the last bytes.  False: it was not well-formed, and xml_fault says why. */
bool xml_finish(struct xml *x);
/* One sentence's end, as in "line 3: mismatched tag". */
const char *xml_fault(const struct xml *x);

/* A document that is XML as a whole; a verdict, explained in the answer. */
int xml_read(const struct document *doc, const struct xml_ops *ops, void *ctx, struct answer *out);

/* The name behind its prefix. */
const char *xml_local(const char *name);
/* By local name; NULL if it is not there. */
const char *xml_attribute(const char **atts, const char *local);
/* By the name as it is written, prefix included; NULL if it is not there. */
const char *xml_attribute_exact(const char **atts, const char *name);

#endif
