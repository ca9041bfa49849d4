/*
 * alloc: memory for converters, which have nothing better to do without it than to end.
 *
 * Running out means that this document does not fit under the limit set for the
 * program; the worker sees the process end and charges the document.
 */
#ifndef CONVERT_ALLOC_H
#define CONVERT_ALLOC_H

#include <stddef.h>

/* count * size bytes; `old` may be NULL.  Never NULL: exits with EX_OSERR instead.  Free with
 * free(3). */
void *alloc_resize(void *old, size_t count, size_t size)
	__attribute__((alloc_size(2, 3), returns_nonnull, warn_unused_result));
/* The same end, for a library that gave up for want of memory. */
_Noreturn void alloc_failed(void);

#endif
