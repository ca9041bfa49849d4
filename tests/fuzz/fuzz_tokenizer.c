/*
 * fuzz_tokenizer: any bytes cut into tokens, as a text and as a query.
 *
 * Tokens lie within the text, ascending, and begin and end where characters do; the term of a
 * well-formed text is well formed; a query has no token that the same text in the index has not;
 * twice the same is the same; and what a query's phrase is of the text itself, FTS5 finds.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "store/tokenizer.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 4096, FOUND_LIMIT = 256 };

static sqlite3 *raw;
static sqlite3_stmt *insert, *find, *clear;

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *s = NULL;

	BUG_UNLESS(
		sqlite3_prepare_v3(raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) == SQLITE_OK);
	return s;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	BUG_UNLESS(sqlite3_open(":memory:", &raw) == SQLITE_OK);
	BUG_UNLESS(tokenizer_register(raw) == SQLITE_OK);
	BUG_UNLESS(sqlite3_exec(raw, "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trawl')", NULL,
			   NULL, NULL) == SQLITE_OK);
	insert = prepare("INSERT INTO t VALUES (?1)");
	find = prepare("SELECT 1 FROM t WHERE t MATCH ?1");
	clear = prepare("DELETE FROM t");
	return 0;
}

struct check {
	const char *text;
	size_t len;
	bool well_formed;
	size_t start;            /* of the token before */
	struct buf terms;        /* each between two NULs */
	const struct buf *index; /* of a query: the terms of the text */
};

/* A continuation byte goes on with a character that has a first byte. */
static bool is_boundary(const struct check *c, size_t at)
{
	return at == c->len || (c->text[at] & 0xc0) != 0x80 || !c->well_formed;
}

static bool check_token(void *arg, const struct token *t)
{
	struct check *c = arg;
	size_t before = c->terms.len;

	BUG_UNLESS(t->start >= c->start && t->start < t->end && t->end <= c->len);
	BUG_UNLESS(is_boundary(c, t->start) && is_boundary(c, t->end));
	BUG_UNLESS(t->len > 0 && t->len <= TOKENIZER_TERM_MAX);
	BUG_UNLESS(!c->well_formed || utf8_valid(t->term, t->len));
	BUG_UNLESS(!memchr(t->term, '\0', t->len));
	c->start = t->start;
	buf_add(&c->terms, t->term, t->len);
	buf_addc(&c->terms, '\0');
	if (c->index)
		BUG_UNLESS(memmem(
			c->index->data, c->index->len, c->terms.data + before - 1, t->len + 2));
	return true;
}

static void cut(struct check *c, const char *text, size_t len, bool query)
{
	c->text = text;
	c->len = len;
	c->well_formed = utf8_valid(text, len);
	c->start = 0;
	buf_clear(&c->terms);
	buf_addc(&c->terms, '\0');
	tokenizer_cut(text, len, query, check_token, c);
	BUG_UNLESS(buf_status(&c->terms) == ST_OK);
}

static void step(sqlite3_stmt *s, const char *text, size_t len)
{
	sqlite3_bind_text(s, 1, text, (int)len, SQLITE_STATIC);
	BUG_UNLESS(sqlite3_step(s) == SQLITE_DONE);
	sqlite3_reset(s);
}

/* The whole text as a phrase. */
static void check_found(const char *text, size_t len)
{
	AUTO_BUF match = BUF_INIT;

	buf_addc(&match, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(&match, '"');
		buf_addc(&match, text[i]);
	}
	buf_addc(&match, '"');
	if (tokenizer_ending(text, len) == TOKEN_LONE)
		buf_adds(&match, " *");
	step(insert, text, len);
	sqlite3_bind_text(find, 1, match.data, (int)match.len, SQLITE_STATIC);
	BUG_UNLESS(sqlite3_step(find) == SQLITE_ROW);
	sqlite3_reset(find);
	BUG_UNLESS(sqlite3_step(clear) == SQLITE_DONE);
	sqlite3_reset(clear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check text = {.terms = BUF_INIT}, again = text, query = text;

	if (size > SIZE_LIMIT)
		return 0;
	/* The very bytes and no more: reading behind them is seen. */
	AUTO_FREE char *copy = mem_alloc(size ? size : 1);
	memcpy(copy, data, size);
	cut(&text, copy, size, false);
	cut(&again, copy, size, false);
	BUG_UNLESS(text.terms.len == again.terms.len &&
		   !memcmp(text.terms.data, again.terms.data, text.terms.len));
	query.index = &text.terms;
	cut(&query, copy, size, true);
	BUG_UNLESS(tokenizer_count(copy, size, false, SIZE_MAX) >=
		   tokenizer_count(copy, size, true, SIZE_MAX));
	if (size <= FOUND_LIMIT && !memchr(copy, '\0', size) && text.terms.len > 1 &&
		text.well_formed)
		check_found(copy, size);
	buf_finish(&text.terms);
	buf_finish(&again.terms);
	buf_finish(&query.terms);
	return 0;
}
