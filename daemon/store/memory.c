/* memory: SQLite's allocator; see memory.h. */
#include "store/memory.h"

#include "core/mem.h"

#include <malloc.h>

static void *take(int size)
{
	return mem_alloc((size_t)size);
}

static void *retake(void *old, int size)
{
	return mem_resize(old, (size_t)size, 1);
}

static int size_of(void *p)
{
	return (int)malloc_usable_size(p);
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int start(void *data)
{
	(void)data;
	return SQLITE_OK;
}

static void stop(void *data)
{
	(void)data;
}

const sqlite3_mem_methods memory_methods = {
	.xMalloc = take,
	.xFree = mem_free,
	.xRealloc = retake,
	.xSize = size_of,
	.xRoundup = round_up,
	.xInit = start,
	.xShutdown = stop,
};
