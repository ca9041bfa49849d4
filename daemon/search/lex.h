/*
 * lex: the words and signs of a query, one at a time, with their places.
 *
 * Slices point into the query.  Nothing is an error here but an open quotation.
 *
 * A backslash before one of " \ * ? ( ) , : - or a space takes the meaning from it, within quotes
 * and outside of them; before anything else it is a backslash.
 */
#ifndef SEARCH_LEX_H
#define SEARCH_LEX_H

#include "core/buf.h"
#include "search/filter.h"

#include <stdbool.h>
#include <stddef.h>

enum lexeme_kind {
	LEXEME_END,
	LEXEME_OPEN,   /* ( */
	LEXEME_CLOSE,  /* ) */
	LEXEME_NOT,    /* NOT, or a dash before something */
	LEXEME_AND,
	LEXEME_OR,
	LEXEME_NEAR,   /* NEAR( */
	LEXEME_COMMA,  /* within NEAR only */
	LEXEME_WORD,   /* text */
	LEXEME_PHRASE, /* text within quotes */
	LEXEME_FIELD,  /* field: and its value, quoted or not */
	LEXEME_UNCLOSED, /* a quotation mark without its pair */
};

struct lexeme {
	enum lexeme_kind kind;
	size_t at;	   /* byte offset in the query */
	size_t text, len;  /* WORD, PHRASE, FIELD: the text or value, without quotes and star, escapes in it */
	bool quoted;	   /* FIELD: the value stood in quotes */
	bool prefix;	   /* ended with a star */
	enum field field;  /* FIELD */
};

struct lexer {
	const char *s;
	size_t len, at;
	bool near; /* a comma is a sign of its own */
};

struct lexeme lex_next(struct lexer *l);
/* Whether an escape begins there: a backslash and the sign behind it. */
bool lex_escape(const char *s, size_t len);
/* Appends text without the backslashes of its escapes. */
void lex_add_plain(struct buf *out, const char *s, size_t len);

#endif
