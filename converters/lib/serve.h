/*
 * serve: the main loop of a converter program.
 *
 * With a socket on descriptor 3 it answers one request after the other until
 * the worker closes it; otherwise it converts standard input to standard output
 * once.  A program is a table of operations and one call.
 */
#ifndef CONVERT_SERVE_H
#define CONVERT_SERVE_H

#include "answer.h"

#include <stdint.h>

/* Valid during the call of the handler only. */
struct document {
	int fd;           /* readable, seekable; its offset may be anywhere: use pread */
	const char *name; /* base name, lossy UTF-8; "" if unknown */
	const char *type; /* MIME type as far as known; "" if not */
	uint64_t size;    /* bytes */
	uint64_t limit;   /* bytes of text wanted */
};

struct converter_ops {
	const char *program; /* its name, for diagnostics */
	/* Returns a verdict (answer.h).  Leaves doc->fd open. */
	int (*convert)(const struct document *doc, struct answer *out);
};

/* The whole life of the program; returns its exit status. */
int convert_serve(const struct converter_ops *ops);

/* The extension of the document's name in lower case, without the dot, "" if there is none.  `out`
 * holds 17 bytes. */
void document_extension(const struct document *doc, char out[17]);

#endif
