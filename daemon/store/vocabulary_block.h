/*
 * vocabulary_block: some hundred words in order with their counts, packed: a row of the table `vocabulary`.
 *
 * Each word is written as how many bytes it shares with the one before, how many are its own, these, and how many
 * documents have it.  Numbers are LEB128.
 */
#ifndef STORE_VOCABULARY_BLOCK_H
#define STORE_VOCABULARY_BLOCK_H

#include "core/buf.h"

#include <stdint.h>

/* Longer ones are what encoders make, not people: nobody completes them. */
enum { WORD_BYTES_MAX = 64, BLOCK_WORDS_MAX = 256 };

struct word {
	size_t len, shared; /* shared: with the word before, of the same walk */
	int64_t documents;
	char text[WORD_BYTES_MAX];
};

/* As memcmp, then by length: the order of the indexes. */
int word_compare(const char *a, size_t a_len, const char *b, size_t b_len);

struct block {
	struct buf packed;
	char first[WORD_BYTES_MAX], last[WORD_BYTES_MAX];
	size_t first_len, last_len, words;
	int64_t most, total; /* of the counts: the largest, and their sum */
};
#define BLOCK_INIT {.packed = BUF_INIT}

/* Words come in order, at most BLOCK_WORDS_MAX. */
void block_add(struct block *b, const char *text, size_t len, int64_t documents);
void block_clear(struct block *b); /* keeps the memory */
void block_finish(struct block *b);

struct block_reader {
	const unsigned char *at, *end;
	struct word word; /* the one read last */
	bool damaged;
};
void block_open(struct block_reader *r, const void *packed, size_t len);
/* False at the end, and where it is damaged. */
bool block_next(struct block_reader *r);

#endif
