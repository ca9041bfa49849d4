/*
 * characters: what the tokenizer knows of each character of Unicode.
 *
 * The table is written by characters.c when trawl is built, by asking SQLite's own
 * tokenizer unicode61: so words are cut as it cuts them, and an index stays what it
 * is when SQLite is replaced under a running installation.
 */
#ifndef STORE_CHARACTERS_H
#define STORE_CHARACTERS_H

#include <stdint.h>

enum character_class {
	CHARACTER_OTHER, /* separates words */
	CHARACTER_WORD,  /* letters, numbers, private use */
	CHARACTER_MARK,  /* a diacritic that is dropped: within a word or run it is passed over */
	CHARACTER_RUN,   /* a letter or number of a script that is written without spaces */
	CHARACTER_RUN_MARK, /* a vowel or tone of one: a character as well, on top of another */
	CHARACTER_JOINER,   /* within a run it is passed over; elsewhere it separates */
};

enum { CHARACTER_PAGE = 256, CHARACTER_PAGES = 0x110000 / CHARACTER_PAGE };
/* "!" to "~" of full width */
enum { CHARACTER_FULL_WIDTH = 0xff01, CHARACTER_FULL_WIDTH_END = 0xff5e };

/* An entry: the class, and above it what the character is folded to; 0: itself. */
enum { CHARACTER_CLASS_BITS = 3 };

#endif
