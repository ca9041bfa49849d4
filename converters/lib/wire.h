/*
 * wire: records of the converter contract on their way out, gathered into few system calls.
 *
 * Unframed (by hand) only bytes are written, without headers.  A failed write
 * ends the program: nobody is left to convert for.
 */
#ifndef CONVERT_WIRE_H
#define CONVERT_WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum { WIRE_STAGE = 256 * 1024 };

/* Embedded; fields are private, but for `framed`. */
struct wire {
	int fd;
	bool framed;
	size_t len;       /* bytes staged */
	ptrdiff_t record; /* where in `stage` the open record begins */
	char type;        /* of it */
	char stage[WIRE_STAGE];
};

/* `fd` stays the caller's. */
void wire_init(struct wire *w, int fd, bool framed);
/* Drops what was not sent. */
void wire_forget(struct wire *w);
/* Bytes of a record that may go on in the next call of the same type: text, or bytes of a part. */
void wire_bytes(struct wire *w, char type, const char *bytes, size_t n);
/* A whole record of less than half of WIRE_STAGE. */
void wire_record(struct wire *w, char type, const char *payload, size_t len);
void wire_flush(struct wire *w);

#endif
