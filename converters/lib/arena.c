/* arena: one block that doubles; see arena.h. */
#include "arena.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST = 4096 };

size_t arena_add(struct arena *a, const char *bytes, size_t n)
{
	size_t at = a->len;

	if (a->room - a->len < n) {
		a->room = 2 * (a->len + n) + LEAST;
		a->bytes = alloc_resize(a->bytes, a->room, 1);
	}
	if (n)
		memcpy(a->bytes + at, bytes, n);
	a->len += n;
	return at;
}

size_t arena_add_string(struct arena *a, const char *s)
{
	return arena_add(a, s, strlen(s) + 1);
}

const char *arena_at(const struct arena *a, size_t at)
{
	return a->bytes + at;
}

size_t arena_size(const struct arena *a)
{
	return a->len;
}

void arena_finish(struct arena *a)
{
	free(a->bytes);
	*a = (struct arena){0};
}
