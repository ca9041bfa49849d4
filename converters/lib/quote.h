/* quote: JSON strings of what documents say, in quotes, ill-formed bytes replaced.  Pure; any
 * thread. */
#ifndef CONVERT_QUOTE_H
#define CONVERT_QUOTE_H

#include <stddef.h>

enum {
	QUOTE_VALUE_MOST = 4096,                     /* bytes read of a value */
	QUOTE_VALUE_ROOM = 3 * QUOTE_VALUE_MOST + 2, /* bytes written */
	QUOTE_PATH_MOST = 4096,
	QUOTE_PATH_ROOM = 6 * QUOTE_PATH_MOST + 2,
};

/* Blanks and control bytes are folded, and what is too long is cut.  Returns the length, 0 if there
 * is nothing but blanks.  `out` holds QUOTE_VALUE_ROOM. */
size_t quote_value(char *out, const char *value, size_t n);
/* Every byte is kept that is UTF-8; a path that is too long loses its first steps.  `out` holds
 * QUOTE_PATH_ROOM. */
size_t quote_path(char *out, const char *path);

#endif
