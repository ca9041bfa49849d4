/*
 * charset: which encoding a document's bytes are in, or that they are no text.
 *
 * In this order: byte order marks, well-formed UTF-8, UTF-16 and UTF-32 by their
 * zero bytes, a count of the bytes that text does not contain, then uchardet's
 * guess.  Not for several threads: the detector is kept between documents.
 */
#ifndef CONVERT_CHARSET_H
#define CONVERT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHARSET_NAME = 32 };

struct charset {
	char name[CHARSET_NAME]; /* as iconv knows it; "": binary */
	size_t skip;             /* bytes of byte order mark */
	bool clean; /* these bytes are well-formed UTF-8 without NUL: nothing to convert */
};

/* `bytes`: NULL is fine where there are none.  `cut`: more follow that were not loaded.  False: no text. */
bool charset_detect(const uint8_t *bytes, size_t n, bool cut, struct charset *out);
/* By byte order mark only; false if there is none. */
bool charset_by_mark(const uint8_t *bytes, size_t n, struct charset *out);
/* A name that a document gives itself, to one that is to be used: Latin-1 means Windows-1252, as in
 * browsers.  False, and `out` is as before, if iconv knows no such charset, or if it would be
 * UTF-16 or UTF-32 (which cannot be declared in ASCII). */
bool charset_by_name(const char *name, size_t n, struct charset *out);
/* What a page names in <meta charset=…>, <meta … content="…; charset=…"> or <?xml encoding=…?>;
 * false, and `out` as before, if nothing usable. */
bool charset_declared(const uint8_t *bytes, size_t n, struct charset *out);
/* Whether a charset stores text in two or four bytes a character (so that it may shrink in UTF-8).
 */
bool charset_is_wide(const struct charset *cs);

#endif
