/* parse: recursive descent over the lexemes of a query; see parse.h. */
#include "search/parse.h"

#include "core/path.h"
#include "search/lex.h"
#include "store/tokenizer.h"

#include <stdio.h>
#include <string.h>

enum { NEAR_DISTANCE = 10, NEAR_DISTANCE_MAX = 1000 };

struct parser {
	struct lexer lexer;
	struct lexeme now; /* not consumed yet */
	size_t terms, depth;
	struct search_error *error;
};

static void advance(struct parser *p)
{
	p->now = lex_next(&p->lexer);
}

__attribute__((format(printf, 3, 4))) static enum status refuse(
	struct parser *p, size_t at, const char *fmt, ...)
{
	va_list ap;

	p->error->bad_query = true;
	p->error->position = at;
	va_start(ap, fmt);
	vsnprintf(p->error->message, sizeof p->error->message, fmt, ap);
	va_end(ap);
	return ST_INVALID;
}

static enum status expected(struct parser *p, const char *what)
{
	static const char *const found[] = {
		[LEXEME_END] = "the end", [LEXEME_OPEN] = "(", [LEXEME_CLOSE] = ")",
		[LEXEME_NOT] = "a negation", [LEXEME_AND] = "AND", [LEXEME_OR] = "OR",
		[LEXEME_NEAR] = "NEAR(", [LEXEME_COMMA] = "a comma", [LEXEME_WORD] = "a word",
		[LEXEME_PHRASE] = "a phrase", [LEXEME_FIELD] = "a field",
		[LEXEME_UNCLOSED] = "a quotation that is never closed",
	};

	return refuse(p, p->now.at, "expected %s, found %s", what, found[p->now.kind]);
}

static enum status count_terms(struct parser *p, size_t n, size_t at)
{
	p->terms += n;
	if (p->terms > QUERY_TERMS_MAX)
		return refuse(p, at, "expected at most %d words and filters", QUERY_TERMS_MAX);
	return ST_OK;
}

/* The current lexeme's text becomes a phrase of `text`. */
static enum status take_phrase(struct parser *p, struct query_node *text)
{
	AUTO_BUF plain = BUF_INIT;
	struct query_phrase *phrase;
	size_t tokens;
	enum status st;

	lex_add_plain(&plain, p->lexer.s + p->now.text, p->now.len);
	buf_add(&plain, "", 0);
	st = buf_status(&plain);
	if (st != ST_OK)
		return st;
	tokens = tokenizer_count(plain.data, plain.len, true, QUERY_TERMS_MAX + 1);
	if (tokens == 0)
		return refuse(p, p->now.at, "expected a letter or digit in this word");
	st = count_terms(p, tokens, p->now.at);
	if (st == ST_OK)
		st = query_node_phrase(text, plain.data, plain.len, &phrase);
	if (st != ST_OK)
		return st;
	phrase->at = p->now.text;
	phrase->len = p->now.len;
	phrase->prefix = p->now.prefix;
	phrase->quoted = p->now.kind == LEXEME_PHRASE || p->now.quoted;
	phrase->exact = phrase->quoted || phrase->prefix || tokens > 1 || text->title ||
			text->distance >= 0;
	advance(p);
	return ST_OK;
}

static enum status parse_text(struct parser *p, bool title, struct query_node **out)
{
	enum status st = query_node_create(QUERY_TEXT, out);

	if (st != ST_OK)
		return st;
	(*out)->title = title;
	return take_phrase(p, *out);
}

static enum status parse_filter(struct parser *p, struct query_node **out)
{
	struct lexeme x = p->now;
	const char *why = NULL;
	size_t at = 0;
	enum status st;

	if (x.field == FIELD_TITLE && x.len)
		return parse_text(p, true, out);
	st = count_terms(p, 1, x.at);
	if (st == ST_OK)
		st = query_node_create(QUERY_FILTER, out);
	if (st != ST_OK)
		return st;
	if (x.len == 0)
		return refuse(p, x.text, "expected a value after %s:", field_name(x.field));
	st = filter_create(x.field, p->lexer.s + x.text, x.len, &(*out)->filter, &why, &at);
	if (st == ST_INVALID)
		return refuse(p, x.text + at, "%s: expected %s", field_name(x.field), why);
	if (st == ST_OK)
		advance(p);
	return st;
}

/* ", 5" of NEAR(a b, 5); the comma is the current lexeme. */
static enum status parse_distance(struct parser *p, int64_t *out)
{
	int64_t n = 0;

	advance(p);
	const char *digits = p->lexer.s + p->now.text;
	bool good = p->now.kind == LEXEME_WORD && p->now.len && p->now.len <= 4 && !p->now.prefix;
	for (size_t i = 0; good && i < p->now.len; i++) {
		good = digits[i] >= '0' && digits[i] <= '9';
		n = n * 10 + (digits[i] - '0');
	}
	if (!good || n > NEAR_DISTANCE_MAX)
		return refuse(p, p->now.at, "expected a distance of 0 to %d", NEAR_DISTANCE_MAX);
	*out = n;
	advance(p);
	return ST_OK;
}

static enum status parse_near(struct parser *p, struct query_node **out)
{
	size_t at = p->now.at;
	enum status st = query_node_create(QUERY_TEXT, out);

	if (st != ST_OK)
		return st;
	(*out)->distance = NEAR_DISTANCE;
	p->lexer.near = true;
	advance(p);
	while (st == ST_OK && (p->now.kind == LEXEME_WORD || p->now.kind == LEXEME_PHRASE))
		st = take_phrase(p, *out);
	if (st == ST_OK && p->now.kind == LEXEME_COMMA)
		st = parse_distance(p, &(*out)->distance);
	p->lexer.near = false;
	if (st != ST_OK)
		return st;
	if (p->now.kind != LEXEME_CLOSE)
		return expected(p, "words, a distance and ) in NEAR");
	if ((*out)->phrase_count < 2)
		return refuse(p, at, "expected two words or more in NEAR");
	advance(p);
	return ST_OK;
}

static enum status parse_or(struct parser *p, struct query_node **out);

static enum status parse_group(struct parser *p, struct query_node **out)
{
	enum status st;

	advance(p);
	st = parse_or(p, out);
	if (st != ST_OK)
		return st;
	if (p->now.kind != LEXEME_CLOSE)
		return expected(p, ")");
	advance(p);
	return ST_OK;
}

static enum status parse_leaf(struct parser *p, struct query_node **out)
{
	switch (p->now.kind) {
	case LEXEME_OPEN:
		return parse_group(p, out);
	case LEXEME_WORD:
	case LEXEME_PHRASE:
		return parse_text(p, false, out);
	case LEXEME_NEAR:
		return parse_near(p, out);
	case LEXEME_FIELD:
		return parse_filter(p, out);
	case LEXEME_UNCLOSED:
		return refuse(p, p->now.at, "expected a closing quotation mark");
	case LEXEME_END:
	case LEXEME_CLOSE:
	case LEXEME_NOT:
	case LEXEME_AND:
	case LEXEME_OR:
	case LEXEME_COMMA:
		break;
	}
	return expected(p, "a word, a phrase, a filter or (");
}

/* Brackets and negations both come through here: the one place where depth grows. */
static enum status parse_not(struct parser *p, struct query_node **out)
{
	bool negated = p->now.kind == LEXEME_NOT;
	enum status st;

	if (!negated && p->now.kind != LEXEME_OPEN)
		return parse_leaf(p, out);
	if (p->depth == QUERY_DEPTH_MAX)
		return refuse(p, p->now.at,
			"expected at most %d brackets and negations inside one another",
			QUERY_DEPTH_MAX);
	p->depth++;
	if (negated) {
		advance(p);
		st = parse_not(p, out);
		if (st == ST_OK)
			st = query_node_negate(out);
	} else {
		st = parse_leaf(p, out);
	}
	p->depth--;
	return st;
}

static bool starts_operand(enum lexeme_kind kind)
{
	return kind != LEXEME_END && kind != LEXEME_CLOSE && kind != LEXEME_OR &&
	       kind != LEXEME_COMMA;
}

/*
 * operand { operand }: one operand is itself, more become a node of `kind`.  `more` consumes the
 * operator and tells whether another operand must follow.
 */
static enum status parse_chain(struct parser *p, enum query_kind kind,
	bool (*more)(struct parser *p),
	enum status (*operand)(struct parser *, struct query_node **), struct query_node **out)
{
	struct query_node *chain = NULL, *next = NULL;
	enum status st = operand(p, out);

	while (st == ST_OK && more(p)) {
		if (!chain) {
			st = query_node_create(kind, &chain);
			if (st == ST_OK)
				st = query_node_add(chain, out);
		}
		if (st == ST_OK)
			st = operand(p, &next);
		if (st == ST_OK)
			st = query_node_add(chain, &next);
	}
	query_node_destroy(next);
	if (!chain)
		return st;
	query_node_destroy(*out);
	*out = chain;
	return st;
}

static bool more_and(struct parser *p)
{
	if (p->now.kind == LEXEME_AND) {
		advance(p);
		return true;
	}
	return starts_operand(p->now.kind);
}

static bool more_or(struct parser *p)
{
	if (p->now.kind != LEXEME_OR)
		return false;
	advance(p);
	return true;
}

static enum status parse_and(struct parser *p, struct query_node **out)
{
	return parse_chain(p, QUERY_AND, more_and, parse_not, out);
}

static enum status parse_or(struct parser *p, struct query_node **out)
{
	return parse_chain(p, QUERY_OR, more_or, parse_and, out);
}

static enum status parse_all(struct parser *p, struct query **out)
{
	struct query_node *root = NULL;
	enum status st;

	advance(p);
	if (p->now.kind == LEXEME_END)
		return refuse(p, 0, "expected a word, a phrase or a filter, found an empty query");
	st = parse_or(p, &root);
	if (st == ST_OK && p->now.kind != LEXEME_END)
		st = expected(p, "a word, an operator or the end");
	if (st == ST_OK)
		return query_create(&root, out);
	query_node_destroy(root);
	return st;
}

/* How much of `s` is UTF-8. */
static size_t valid_length(const char *s, size_t len)
{
	size_t at = 0, n = 1;

	while (at < len && n <= 4 && at + n <= len) {
		bool good = utf8_valid(s + at, n);

		at += good ? n : 0;
		n = good ? 1 : n + 1;
	}
	return at;
}

enum status parse_query(
	const char *s, size_t len, struct query **out, struct search_error *error)
{
	struct parser p = {.lexer = {.s = s, .len = len}, .error = error};
	const char *nul = memchr(s, '\0', len);

	*out = NULL;
	if (nul)
		return refuse(&p, (size_t)(nul - s), "expected text, found a NUL");
	if (!utf8_valid(s, len))
		return refuse(&p, valid_length(s, len), "expected UTF-8");
	return parse_all(&p, out);
}
