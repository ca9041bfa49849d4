/*
 * decode: bytes of a known charset to UTF-8, piece by piece into a function of the caller's.
 *
 * NUL is left out, what is ill-formed becomes U+FFFD.  Not for several threads:
 * the last iconv descriptor is kept.
 */
#ifndef CONVERT_DECODE_H
#define CONVERT_DECODE_H

#include "charset.h"

/* Whole characters; false: no more is wanted. */
typedef bool decode_sink(void *ctx, const char *utf8, size_t n);

/* `bytes` begin at the document's start, byte order mark included.  False: the sink had enough. */
bool decode_bytes(
	const struct charset *cs, const uint8_t *bytes, size_t n, decode_sink *sink, void *ctx);

#endif
