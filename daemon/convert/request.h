/*
 * request: what a persistent converter is told about a document, as it goes over
 * the socket: a record Q with a JSON object.  Pure; any thread.
 */
#ifndef CONVERT_REQUEST_H
#define CONVERT_REQUEST_H

#include "core/buf.h"
#include "core/status.h"

#include <stdint.h>

/* Replaces what is in `b`.  The name is bytes; what is no UTF-8 in it is replaced.  `limit` and
 * `size` are bytes. */
MUST_USE enum status request_make(
	struct buf *b, const char *name, const char *type, size_t limit, int64_t size);

#endif
