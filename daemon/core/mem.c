/* mem: allocation with a fault countdown; see mem.h. */
#include "core/mem.h"

#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long countdown; /* 0: no fault planned */
static atomic_bool sticky;

void mem_fail_at(unsigned long nth, int forever)
{
	atomic_store(&sticky, forever != 0);
	atomic_store(&countdown, (long)nth);
}

static bool fails_now(void)
{
	if (atomic_load_explicit(&countdown, memory_order_relaxed) == 0)
		return false;
	long left = atomic_fetch_sub(&countdown, 1) - 1;
	if (left > 0)
		return false;
	/* The counter must not reach 0 again by wrapping: hold it at 1 (sticky) or 0 (spent). */
	atomic_store(&countdown, atomic_load(&sticky) ? 1 : 0);
	return true;
}

void *mem_alloc(size_t size)
{
	return fails_now() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
	return fails_now() ? NULL : calloc(1, size ? size : 1);
}

void *mem_resize(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (fails_now() || __builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return realloc(old, bytes ? bytes : 1);
}

char *mem_dup(const void *bytes, size_t n)
{
	char *copy = mem_alloc(n + 1);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *out = n < 0 ? NULL : mem_alloc((size_t)n + 1);
	if (out)
		vsnprintf(out, (size_t)n + 1, fmt, again);
	va_end(again);
	return out;
}

void mem_free(void *p)
{
	free(p);
}

/* --- what the allocator holds back (glibc) ------------------------------------------------------ */

enum {
	MAPPED_FROM = 256 << 10, /* blocks this large are the system's again when they are freed */
	TOP_KEPT = 16 << 20,	 /* of an arena's free end while there is work */
	PROBE = 96 << 10	 /* a free block of 64 KiB or more makes free() look at the end of its arena */
};

void mem_start(void)
{
	/* Set once, lest they grow with the largest block that was ever freed. */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	mallopt(M_TRIM_THRESHOLD, TOP_KEPT);
}

void mem_trim(void)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

	/* malloc_trim leaves the free end of each arena but the main one, and that of this thread is cut by free() alone. */
	pthread_mutex_lock(&one);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
	void *volatile probe = malloc(PROBE);
	free(probe);
	mallopt(M_TRIM_THRESHOLD, TOP_KEPT);
	mallopt(M_TOP_PAD, 128 << 10);
	malloc_trim(0);
	pthread_mutex_unlock(&one);
}
