/*
 * tokenizer: how text is cut into words, in the index and in queries: FTS5's tokenizer "trawl".
 *
 * Words are those of unicode61 with remove_diacritics 2, and besides:
 *
 * - Of a script without spaces (see characters.c) each character of a run is one position; its
 *   token is the character with the next one, and the last one stands alone.  So every part of a
 *   run is a phrase, or a prefix where it is a single character.
 * - "c++" and "c#" have a second token at the position of "c", with the sign.
 * - Full-width ASCII is ASCII.
 *
 * A query has only the signed token, and leaves out the lone last character of two and more that
 * end it: there the run may go on.  schema/store.md has the rules to the letter.  Any thread.
 */
#ifndef STORE_TOKENIZER_H
#define STORE_TOKENIZER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKENIZER_TERM_MAX = 1024 }; /* bytes; of a longer word the beginning */

enum token_kind {
	TOKEN_WORD,
	TOKEN_SIGNED, /* a word with its sign; in a text at the position of the word before */
	TOKEN_PAIR,   /* two characters of a run */
	TOKEN_LONE,   /* the last character of a run */
};

struct token {
	enum token_kind kind;
	const char *term; /* folded UTF-8; lives until the call returns */
	size_t len;
	size_t start, end; /* bytes of the text; those of pairs overlap */
	bool mark;         /* begins with a vowel or tone that stands on the character before */
};

/* Calls `each` with every token, in order, until it returns false.  At most 2 GiB are looked at. */
void tokenizer_cut(const char *text, size_t len, bool query,
	bool (*each)(void *arg, const struct token *token), void *arg);
/* How many positions the text has, at most `most`. */
size_t tokenizer_count(const char *text, size_t len, bool query, size_t most);
/*
 * What a query's phrase ends in.  TOKEN_LONE: a run of a single character, which must be asked
 * for as a prefix, for in a text another may follow.  TOKEN_WORD, too, if there is no token.
 */
enum token_kind tokenizer_ending(const char *phrase, size_t len);

/* FTS5's own interface of a connection; an SQLite result. */
int tokenizer_fts5(sqlite3 *raw, fts5_api **out);
/* SQLite result; every connection, before anything touches the schema. */
int tokenizer_register(sqlite3 *raw);

#endif
