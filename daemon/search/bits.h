/* bits: a run of bits in words of 64; `at` is not checked. */
#ifndef SEARCH_BITS_H
#define SEARCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BITS_PER_WORD = 64 };

/* Words that hold `count` bits, at least one. */
static inline size_t bits_words(size_t count)
{
	return count / BITS_PER_WORD + 1;
}

static inline bool bits_test(const uint64_t *bits, size_t at)
{
	return bits[at / BITS_PER_WORD] >> at % BITS_PER_WORD & 1;
}

static inline void bits_set(uint64_t *bits, size_t at)
{
	bits[at / BITS_PER_WORD] |= (uint64_t)1 << at % BITS_PER_WORD;
}

#endif
