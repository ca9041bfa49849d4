/*
 * character: reading a text character by character, folded, with what the tokenizer knows of each.
 *
 * In the header, for it is done for every character that is not ASCII.
 */
#ifndef STORE_CHARACTER_H
#define STORE_CHARACTER_H

#include "store/characters.h"

#include <stdbool.h>
#include <stddef.h>

enum { CHARACTER_BYTES = 4 };

struct character {
	enum character_class class;
	uint32_t code; /* folded */
	bool ascii;    /* or full-width ASCII */
	size_t end;    /* the byte behind it */
};

/* The table that characters.c makes: the page of `code / CHARACTER_PAGE`, and the entry in it. */
extern const uint8_t character_page_of[];
extern const uint32_t character_pages[][CHARACTER_PAGE];
/* The bits of a first byte from 0xc0 on. */
extern const unsigned char character_lead_bits[0x40];

/*
 * The character at `at` of `len` bytes, before folding; *end is behind it.  As SQLite reads it:
 * what is not well formed is one character too.
 */
static inline uint32_t character_decode(const char *text, size_t len, size_t at, size_t *end)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t code = s[at++];

	if (code >= 0xc0) {
		code = character_lead_bits[code - 0xc0];
		while (at < len && (s[at] & 0xc0) == 0x80)
			code = (code << 6) + (s[at++] & 0x3f);
		if (code < 0x80 || (code & 0xfffff800) == 0xd800 || (code & 0xfffffffe) == 0xfffe)
			code = 0xfffd;
	}
	*end = at;
	return code;
}

static inline struct character character_at(const char *text, size_t len, size_t at)
{
	struct character ch = {.class = CHARACTER_WORD};
	uint32_t code = character_decode(text, len, at, &ch.end);

	ch.code = code;
	/* Beyond Unicode everything is a letter, as SQLite has it. */
	if (code < CHARACTER_PAGES * CHARACTER_PAGE) {
		uint32_t entry = character_pages[character_page_of[code / CHARACTER_PAGE]]
						[code % CHARACTER_PAGE];
		uint32_t folded = entry >> CHARACTER_CLASS_BITS;

		ch.class = entry & ((1U << CHARACTER_CLASS_BITS) - 1);
		if (folded)
			ch.code = folded;
	}
	ch.ascii =
		code < 0x80 || (code >= CHARACTER_FULL_WIDTH && code <= CHARACTER_FULL_WIDTH_END);
	return ch;
}

static inline bool character_in_run(const struct character *ch)
{
	return ch->class == CHARACTER_RUN || ch->class == CHARACTER_RUN_MARK;
}

/* Writes at most CHARACTER_BYTES; returns how many. */
size_t character_encode(uint32_t code, char *out);

#endif
