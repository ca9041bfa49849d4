/* roff_escape: the text of a line of troff, its escape sequences resolved or left out.  Pure; any
 * thread. */
#ifndef CONVERT_ROFF_ESCAPE_H
#define CONVERT_ROFF_ESCAPE_H

#include <stddef.h>

/* Into `out` of at least ROFF_ROOM(n) bytes; returns the length.  Ends at a comment. */
#define ROFF_ROOM(n) (4 * (n) + 4)
size_t roff_escape(const char *line, size_t n, char *out);

#endif
