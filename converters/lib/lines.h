/*
 * lines: a text document decoded and line by line, for formats that are made of lines.
 *
 * What turns out to be of another type goes back to be converted as such.
 */
#ifndef CONVERT_LINES_H
#define CONVERT_LINES_H

#include "serve.h"

enum { LINES_LINE_MOST = 1024 * 1024 }; /* bytes; a longer line comes in pieces */

struct lines_ops {
	/* Kinds of text that are read here (see sniff_text), ending in NULL. */
	const char *const *types;
	/* Whether the document's head of `n` bytes is one of these; NULL: all text is. */
	bool (*is_one)(const char *utf8, size_t n);
	/* One line without its end; whole characters, no NUL.  False: no more is wanted. */
	bool (*line)(void *ctx, const char *utf8, size_t n);
};

/* Names the encoding, calls `line` for each.  Returns a verdict; other than ANSWER_DONE, or a
 * reroute, before the first line only. */
int lines_read(
	const struct document *doc, struct answer *out, const struct lines_ops *ops, void *ctx);

#endif
