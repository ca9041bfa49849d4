/*
 * block: 64 bytes of text at once: lowered, with a bit for each byte that is part of a word.
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 64 };

struct block {
	char lowered[BLOCK];
	uint64_t words; /* the lowest bit is the first byte's: an ASCII letter or digit */
	size_t plain;   /* so many bytes from the start are there, and ASCII */
	bool ascii;     /* all that are there */
};

/* The first of the `len` bytes. */
void block_read(const char *s, size_t len, struct block *out);
/* Whether there are eight bytes of ASCII. */
bool block_worthwhile(const char *s, size_t len);

#endif
