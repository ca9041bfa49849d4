/*
 * mem: allocation, one door for every room, so that tests can make the Nth one fail.
 *
 * All functions return NULL when memory is short; callers answer ST_NOMEM.
 * mem_free takes NULL.  Any thread.
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* count * size bytes, NULL on overflow too; `old` stays valid when NULL is returned. */
void *mem_resize(void *old, size_t count, size_t size) __attribute__((alloc_size(2, 3)));
char *mem_strdup(const char *s) __attribute__((malloc));
/* A copy of n bytes with a NUL behind them. */
char *mem_dup(const void *bytes, size_t n) __attribute__((malloc));
__attribute__((format(printf, 1, 2))) char *mem_printf(const char *fmt, ...);
void mem_free(void *p);
/* Once, before threads are made. */
void mem_start(void);
/* Gives what the allocator holds back to the system; each thread for itself, after a burst of work: a millisecond. */
void mem_trim(void);

/* Fails allocation number `nth` from now (1 = the next), and all later ones if `forever`; 0 stops. */
void mem_fail_at(unsigned long nth, int forever);

static inline void mem_free_p(void *p)
{
	mem_free(*(void **)p);
}
/* `AUTO_FREE char *s = mem_strdup(...)`: freed when the scope ends. */
#define AUTO_FREE __attribute__((cleanup(mem_free_p)))

#endif
