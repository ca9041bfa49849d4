/* alloc: memory or the end; see alloc.h. */
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

void alloc_failed(void)
{
	fputs("out of memory\n", stderr);
	exit(EX_OSERR);
}

void *alloc_resize(void *old, size_t count, size_t size)
{
	void *grown = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!grown)
		alloc_failed();
	return grown;
}
