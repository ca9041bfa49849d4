/*
 * cutter: words, their signs, and runs; see cutter.h.
 *
 * Plain ASCII goes by blocks, whose words are read off their bits.  The rest goes by character.
 */
#include "store/cutter.h"

#include "core/compose.h"
#include "core/log.h"
#include "store/block.h"

#include <string.h>

enum { SIGNED_WORD_MAX = 10 }; /* bytes of a word that may have a sign */

/* --- tokens --- */

static void hand_over(struct cutter *c, const struct token *t, bool colocated)
{
	if (c->fts5)
		c->rc = c->fts5(c->arg, colocated ? FTS5_TOKEN_COLOCATED : 0, t->term, (int)t->len,
			(int)t->start, (int)t->end);
	else if (!c->each(c->arg, t))
		c->rc = SQLITE_DONE;
}

static struct token lone_token(const struct member *m)
{
	return (struct token){TOKEN_LONE, m->term, m->len, m->start, m->end, m->mark};
}

/* What was held back stands before what comes now. */
static void release_lone(struct cutter *c)
{
	struct token t = lone_token(&c->lone);

	c->lone.len = 0;
	hand_over(c, &t, false);
}

static void put_token(struct cutter *c, const struct token *t)
{
	if (c->lone.len)
		release_lone(c);
	if (c->rc == SQLITE_OK)
		hand_over(c, t, false);
}

/*
 * The bytes of the sign behind a word that ends at *at, which moves behind it; 0: none.  "c++11"
 * has none, "c++" before Chinese has one.
 */
static size_t read_sign(const struct cutter *c, size_t *at, char sign[2])
{
	size_t count = 0;
	struct character ch = {.class = CHARACTER_OTHER};

	for (; *at < c->len && count < 3; *at = ch.end) {
		ch = character_at(c->text, c->len, *at);
		if (ch.code != '+' && ch.code != '#')
			break;
		if (count < 2)
			sign[count] = (char)ch.code;
		count++;
	}
	if (*at < c->len && count < 3 && ch.class == CHARACTER_WORD)
		return 0;
	if (count == 1)
		return sign[0] == '#';
	return count == 2 && sign[0] == '+' && sign[1] == '+' ? 2 : 0;
}

static bool may_have_sign(const struct token *t)
{
	return t->len <= SIGNED_WORD_MAX && t->term[0] >= 'a' && t->term[0] <= 'z';
}

/* A word of ASCII only. */
static void put_plain_word(struct cutter *c, const struct token *t)
{
	char term[SIGNED_WORD_MAX + 2], sign[2];
	struct token with = {.kind = TOKEN_SIGNED, .term = term, .start = t->start, .end = t->end};
	size_t sign_len = may_have_sign(t) ? read_sign(c, &with.end, sign) : 0;

	if (!sign_len || !c->query)
		put_token(c, t);
	if (!sign_len)
		return;
	memcpy(term, t->term, t->len);
	memcpy(term + t->len, sign, sign_len);
	with.len = t->len + sign_len;
	if (c->query)
		put_token(c, &with);
	else if (c->rc == SQLITE_OK)
		hand_over(c, &with, true);
}

/* The word whose first character is `ch`, at c->at. */
static void cut_word(struct cutter *c, struct character ch)
{
	char term[TOKENIZER_TERM_MAX + CHARACTER_BYTES];
	struct token t = {.kind = TOKEN_WORD, .term = term, .start = c->at};
	bool ascii = true, full = false;

	for (;;) {
		if (ch.class == CHARACTER_WORD && !full) {
			size_t n = character_encode(ch.code, term + t.len);

			full = t.len + n > TOKENIZER_TERM_MAX;
			t.len += full ? 0 : n;
		}
		ascii = ascii && ch.ascii;
		c->at = ch.end;
		if (c->at == c->len)
			break;
		ch = character_at(c->text, c->len, c->at);
		if (ch.class != CHARACTER_WORD && ch.class != CHARACTER_MARK)
			break;
	}
	t.end = c->at;
	if (ascii)
		put_plain_word(c, &t);
	else
		put_token(c, &t);
}

/* --- runs --- */

/* The run's next character, if there is one at c->at; moves behind all that belongs to it. */
static bool read_member(struct cutter *c, struct member *m)
{
	if (c->at == c->len)
		return false;
	struct character ch = character_at(c->text, c->len, c->at);
	if (!character_in_run(&ch))
		return false;
	uint32_t code = ch.code, joined = code;
	m->mark = ch.class == CHARACTER_RUN_MARK;
	m->start = c->at;
	while (joined) {
		code = joined;
		c->at = ch.end;
		if (c->at == c->len)
			break;
		ch = character_at(c->text, c->len, c->at);
		joined = character_in_run(&ch) ? compose(code, ch.code) : 0;
	}
	while (c->at < c->len && (ch.class == CHARACTER_MARK || ch.class == CHARACTER_JOINER)) {
		c->at = ch.end;
		if (c->at < c->len)
			ch = character_at(c->text, c->len, c->at);
	}
	m->len = character_encode(code, m->term);
	m->end = c->at;
	return true;
}

static void put_pair(struct cutter *c, const struct member *m, const struct member *next)
{
	char term[2 * CHARACTER_BYTES];
	struct token t = {TOKEN_PAIR, term, m->len + next->len, m->start, next->end, m->mark};

	memcpy(term, m->term, m->len);
	memcpy(term + m->len, next->term, next->len);
	put_token(c, &t);
}

/* The run that begins at c->at. */
static void cut_run(struct cutter *c)
{
	struct member m, next;
	bool first = true;

	BUG_UNLESS(read_member(c, &m));
	for (; c->rc == SQLITE_OK && read_member(c, &next); m = next) {
		put_pair(c, &m, &next);
		first = false;
	}
	if (c->rc != SQLITE_OK)
		return;
	if (c->query && !first) {
		c->lone = m;
		return;
	}
	struct token t = lone_token(&m);
	put_token(c, &t);
}

/* --- by character --- */

static void cut_characters(struct cutter *c)
{
	do {
		struct character ch = character_at(c->text, c->len, c->at);

		if (ch.class == CHARACTER_WORD)
			cut_word(c, ch);
		else if (character_in_run(&ch))
			cut_run(c);
		else
			c->at = ch.end;
	} while (c->rc == SQLITE_OK && c->at < c->len &&
		 !block_worthwhile(c->text + c->at, c->len - c->at));
}

/* --- by blocks --- */

static bool begins_sign(char c)
{
	return c == '+' || c == '#';
}

/* Words up to one that the block does not hold to its end, or that is not plain; c->at is there. */
static void cut_blocks(struct cutter *c)
{
	struct block b;

	while (c->rc == SQLITE_OK && c->at < c->len) {
		size_t base = c->at;
		uint64_t words;

		block_read(c->text + base, c->len - base, &b);
		for (words = b.words; words && c->rc == SQLITE_OK;) {
			size_t start = (size_t)__builtin_ctzll(words);
			uint64_t others = ~(words >> start);
			size_t size = others ? (size_t)__builtin_ctzll(others) : BLOCK;
			size_t end = start + size;

			if (end == b.plain && base + end < c->len) {
				c->at = base + start;
				/* From its start once more, unless it fills a block, or is not plain. */
				if (start == 0 || !b.ascii)
					return;
				break;
			}
			struct token t = {TOKEN_WORD, b.lowered + start, size, base + start,
				base + end, false};
			if (base + end < c->len && begins_sign(c->text[base + end]))
				put_plain_word(c, &t);
			else
				put_token(c, &t);
			words = end < BLOCK ? words & ~UINT64_C(0) << end : 0;
		}
		if (words)
			continue;
		c->at = base + b.plain;
		if (!b.ascii)
			return;
	}
}

int cutter_run(struct cutter *c)
{
	while (c->rc == SQLITE_OK && c->at < c->len) {
		cut_blocks(c);
		if (c->rc == SQLITE_OK && c->at < c->len)
			cut_characters(c);
	}
	return c->rc == SQLITE_DONE ? SQLITE_OK : c->rc;
}
