/* diagnostics: the bounded standard error; see diagnostics.h. */
#include "diagnostics.h"

#include <stdio.h>
#include <unistd.h>

enum { DIAGNOSTICS_MOST = 2048 }; /* bytes per document */

static size_t room;

static ssize_t bounded_write(void *cookie, const char *bytes, size_t n)
{
	size_t take = n < room ? n : room;

	(void)cookie;
	room -= take;
	if (take && write(STDERR_FILENO, bytes, take) < 0)
		room = 0;
	return (ssize_t)n; /* what is dropped counts as written */
}

/* In glibc `stderr` is a variable, and libraries print through it. */
void diagnostics_begin(void)
{
	static FILE *bounded;

	if (!bounded) {
		bounded = fopencookie(NULL, "w", (cookie_io_functions_t){.write = bounded_write});
		if (bounded) {
			setvbuf(bounded, NULL, _IONBF, 0);
			stderr = bounded;
		}
	}
	room = DIAGNOSTICS_MOST;
}

void diagnostics_line(const char *line)
{
	if (room)
		fprintf(stderr, "%s\n", line);
}
