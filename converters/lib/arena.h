/* arena: strings kept until all are dropped at once, named by where they lie. */
#ifndef CONVERT_ARENA_H
#define CONVERT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded; fields are private.  `{0}` is empty. */
struct arena {
	char *bytes;
	size_t len, room;
};

/* Appends, without a NUL; returns where they begin. */
size_t arena_add(struct arena *a, const char *bytes, size_t n);
/* The same with a NUL behind. */
size_t arena_add_string(struct arena *a, const char *s);
/* Valid until the next call that appends. */
const char *arena_at(const struct arena *a, size_t at);
size_t arena_size(const struct arena *a);
void arena_finish(struct arena *a);

#endif
