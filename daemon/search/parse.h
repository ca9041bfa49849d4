/*
 * parse: the user's query to a tree.
 *
 *   or    = and { "OR" and }
 *   and   = not { [ "AND" ] not }
 *   not   = [ "-" | "NOT" ] not | leaf
 *   leaf  = "(" or ")" | word[*] | "phrase"[*] | NEAR( word word … [, distance] ) | field:value
 *
 * Operators are in capitals.  A word with an unknown "field:" is plain text.  Escapes are lex's.
 */
#ifndef SEARCH_PARSE_H
#define SEARCH_PARSE_H

#include "search/query.h"
#include "search/search.h"

/* ST_INVALID with *error filled (bad_query and its position), ST_NOMEM.  Any thread. */
MUST_USE enum status parse_query(
	const char *s, size_t len, struct query **out, struct search_error *error);

#endif
