/* lex: cutting a query into words and signs; see lex.h. */
#include "search/lex.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool at_end(const struct lexer *l, size_t at)
{
	return at >= l->len;
}

bool lex_escape(const char *s, size_t len)
{
	return len >= 2 && s[0] == '\\' && memchr("\"\\*?(),:- ", s[1], 10);
}

void lex_add_plain(struct buf *out, const char *s, size_t len)
{
	size_t clean = 0; /* from here on nothing is added yet */

	for (size_t i = 0; i < len; i++) {
		if (!lex_escape(s + i, len - i))
			continue;
		buf_add(out, s + clean, i - clean);
		clean = ++i;
	}
	buf_add(out, s + clean, len - clean);
}

static bool escape_at(const struct lexer *l, size_t at)
{
	return lex_escape(l->s + at, l->len - at);
}

/*
 * Where the bare word that begins at `at` ends.  Brackets that open within it belong to it, so that
 * "(call foo())" holds the word "foo()".  *starred: its last sign is a star.
 */
static size_t word_end(const struct lexer *l, size_t at, bool *starred)
{
	size_t open = 0;

	for (*starred = false; !at_end(l, at); at++) {
		char c = l->s[at];

		if (is_space(c) || c == '"' || (c == ',' && l->near))
			break;
		if (c == '(')
			open++;
		else if (c == ')' && open-- == 0)
			break;
		*starred = c == '*';
		at += escape_at(l, at);
	}
	return at;
}

/* The quotation whose first quote is at `at`; false if it does not end. */
static bool lex_quoted(struct lexer *l, size_t at, struct lexeme *x)
{
	x->text = at + 1;
	for (at++; !at_end(l, at) && l->s[at] != '"'; at++)
		at += escape_at(l, at);
	if (at_end(l, at)) {
		x->kind = LEXEME_UNCLOSED;
		x->at = x->text - 1;
		l->at = l->len;
		return false;
	}
	x->len = at - x->text;
	l->at = at + 1;
	if (!at_end(l, l->at) && l->s[l->at] == '*') {
		x->prefix = true;
		l->at++;
	}
	return true;
}

/* A star at the end is the prefix sign of words, and part of the pattern in a filter. */
static void lex_bare(struct lexer *l, size_t at, struct lexeme *x)
{
	bool starred;

	l->at = word_end(l, at, &starred);
	x->text = at;
	x->prefix = starred && (x->kind == LEXEME_WORD || x->field == FIELD_TITLE);
	x->len = l->at - at - x->prefix;
}

/* "name:value" where name is a field's; else false and nothing happened. */
static bool lex_field(struct lexer *l, struct lexeme *x)
{
	size_t colon = x->at;

	while (!at_end(l, colon) && ((l->s[colon] | 0x20) >= 'a' && (l->s[colon] | 0x20) <= 'z'))
		colon++;
	if (at_end(l, colon) || l->s[colon] != ':')
		return false;
	x->field = field_find(l->s + x->at, colon - x->at);
	if (x->field == FIELD_NONE)
		return false;
	x->kind = LEXEME_FIELD;
	x->quoted = !at_end(l, colon + 1) && l->s[colon + 1] == '"';
	if (x->quoted)
		(void)lex_quoted(l, colon + 1, x);
	else
		lex_bare(l, colon + 1, x);
	return true;
}

static bool lex_sign(struct lexer *l, struct lexeme *x)
{
	char c = l->s[x->at];
	char next = at_end(l, x->at + 1) ? ' ' : l->s[x->at + 1];

	if (c == '(')
		x->kind = LEXEME_OPEN;
	else if (c == ')')
		x->kind = LEXEME_CLOSE;
	else if (c == ',' && l->near)
		x->kind = LEXEME_COMMA;
	else if (c == '-' && next != '-' && !is_space(next))
		x->kind = LEXEME_NOT;
	else
		return false;
	l->at = x->at + 1;
	return true;
}

static bool lex_keyword(struct lexer *l, struct lexeme *x)
{
	static const struct {
		const char *word;
		enum lexeme_kind kind;
	} keywords[] = {{"AND", LEXEME_AND}, {"OR", LEXEME_OR}, {"NOT", LEXEME_NOT}};
	bool starred;

	if (l->len - x->at >= 5 && memcmp(l->s + x->at, "NEAR(", 5) == 0) {
		x->kind = LEXEME_NEAR;
		l->at = x->at + 5;
		return true;
	}
	size_t end = word_end(l, x->at, &starred);
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		size_t n = strlen(keywords[i].word);

		if (end - x->at == n && memcmp(l->s + x->at, keywords[i].word, n) == 0) {
			x->kind = keywords[i].kind;
			l->at = end;
			return true;
		}
	}
	return false;
}

struct lexeme lex_next(struct lexer *l)
{
	struct lexeme x = {.kind = LEXEME_END, .field = FIELD_NONE};

	while (!at_end(l, l->at) && is_space(l->s[l->at]))
		l->at++;
	x.at = l->at;
	if (at_end(l, l->at) || lex_sign(l, &x) || lex_keyword(l, &x))
		return x;
	if (l->s[x.at] == '"') {
		x.kind = LEXEME_PHRASE;
		(void)lex_quoted(l, x.at, &x);
		return x;
	}
	if (lex_field(l, &x))
		return x;
	x.kind = LEXEME_WORD;
	lex_bare(l, x.at, &x);
	return x;
}
