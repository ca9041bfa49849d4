/* scan: what kinds of bytes a document is made of, and whether they are UTF-8.  Pure; any thread.
 */
#ifndef CONVERT_SCAN_H
#define CONVERT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
	size_t nul;
	size_t control; /* what text does not contain: C0 without NUL, \b \t \n \v \f \r, ESC; and
			   DEL */
	size_t escape;  /* ESC */
	bool high;      /* any byte of 0x80 and above */
};

/* Sixteen bytes at a step: some GB a second. */
void scan_bytes(const uint8_t *p, size_t n, struct scan *out);

/* How many bytes from the start are well-formed UTF-8 (RFC 3629; NUL included). */
size_t scan_utf8(const uint8_t *p, size_t n);
/* Whether p..n begins a well-formed character that the end of the bytes cuts off. */
bool scan_utf8_is_cut(const uint8_t *p, size_t n);
/* The largest length <= `most` (and <= n) that does not cut a character of well-formed text. */
size_t scan_utf8_floor(const uint8_t *p, size_t n, size_t most);
/* Writes one character, returns its length of 1 to 4; what is no character becomes U+FFFD. */
size_t scan_utf8_put(uint32_t c, char out[4]);

#endif
