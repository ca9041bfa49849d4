/*
 * tokenizer: cutting text; see tokenizer.h.
 *
 * Plain ASCII goes by blocks of 64 bytes: a block is lowered as a whole, a bit of each byte tells
 * whether it belongs to a word, and the words are read off the bits.  The rest goes by character.
 */
#include "store/tokenizer.h"

#include "core/compose.h"
#include "core/log.h"
#include "store/characters.h"

#include <endian.h>
#include <limits.h>
#include <string.h>

/* page_of[] and pages[] */
#include "store/characters.inc"

enum {
	SIGNED_WORD_MAX = 10, /* bytes of a word that may have a sign */
	CHARACTER_BYTES = 4,
};

struct cutter {
	const char *text;
	size_t len, at;
	bool query;
	/* Who takes the tokens: FTS5, or else one of us. */
	int (*fts5)(void *arg, int flags, const char *token, int len, int start, int end);
	bool (*each)(void *arg, const struct token *token);
	void *arg;
	int rc; /* anything but SQLITE_OK ends it */
	/* In a query: the last character of a run, until it is known whether anything follows. */
	struct lone {
		char term[CHARACTER_BYTES];
		size_t len, start, end;
	} lone;
};

/* --- characters --- */

/*
 * The character at *at, which moves behind it.  As SQLite reads it: what is not well formed is one
 * character too.
 */
static uint32_t read_character(const struct cutter *c, size_t *at)
{
	/* The bits of a first byte from 0xc0 on. */
	static const unsigned char lead_bits[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
		0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
		0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x00, 0x01, 0x02, 0x03,
		0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x00, 0x01,
		0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x00, 0x01, 0x02, 0x03, 0x00, 0x01, 0x00, 0x00};
	const unsigned char *s = (const unsigned char *)c->text;
	uint32_t code = s[(*at)++];

	if (code < 0xc0)
		return code;
	code = lead_bits[code - 0xc0];
	while (*at < c->len && (s[*at] & 0xc0) == 0x80)
		code = (code << 6) + (s[(*at)++] & 0x3f);
	if (code < 0x80 || (code & 0xfffff800) == 0xd800 || (code & 0xfffffffe) == 0xfffe)
		return 0xfffd;
	return code;
}

static size_t write_character(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18 & 0x07));
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* One character of the text, folded. */
struct character {
	enum character_class class;
	uint32_t code;
	bool ascii; /* or full-width ASCII */
	size_t end;
};

static struct character look_at(const struct cutter *c, size_t at)
{
	struct character ch = {.class = CHARACTER_WORD};
	uint32_t code = read_character(c, &at);

	ch.code = code;
	ch.end = at;
	/* Beyond Unicode everything is a letter, as SQLite has it. */
	if (code < CHARACTER_PAGES * CHARACTER_PAGE) {
		uint32_t entry = pages[page_of[code / CHARACTER_PAGE]][code % CHARACTER_PAGE];
		uint32_t folded = entry >> CHARACTER_CLASS_BITS;

		ch.class = entry & ((1U << CHARACTER_CLASS_BITS) - 1);
		if (folded)
			ch.code = folded;
	}
	ch.ascii = code < 0x80 || (code >= CHARACTER_FULL_WIDTH && code <= CHARACTER_FULL_WIDTH_END);
	return ch;
}

/* --- tokens --- */

static void hand_over(struct cutter *c, const struct token *t, bool colocated)
{
	if (c->fts5)
		c->rc = c->fts5(c->arg, colocated ? FTS5_TOKEN_COLOCATED : 0, t->term, (int)t->len,
			(int)t->start, (int)t->end);
	else if (!c->each(c->arg, t))
		c->rc = SQLITE_DONE;
}

/* What was held back stands before what comes now. */
static void release_lone(struct cutter *c)
{
	struct token t = {TOKEN_LONE, c->lone.term, c->lone.len, c->lone.start, c->lone.end};

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
 * The bytes of the sign behind a word that ends at *at, which moves behind it; 0: none.  "c++11" has
 * none, "c++" before Chinese has one.
 */
static size_t read_sign(const struct cutter *c, size_t *at, char sign[2])
{
	size_t count = 0;
	struct character ch = {.class = CHARACTER_OTHER};

	for (; *at < c->len && count < 3; *at = ch.end) {
		ch = look_at(c, *at);
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
			size_t n = write_character(ch.code, term + t.len);

			full = t.len + n > TOKENIZER_TERM_MAX;
			t.len += full ? 0 : n;
		}
		ascii = ascii && ch.ascii;
		c->at = ch.end;
		if (c->at == c->len)
			break;
		ch = look_at(c, c->at);
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

/* One position of a run. */
struct member {
	char term[CHARACTER_BYTES];
	size_t len, start, end;
};

/* The run's next character, if there is one at c->at; moves behind all that belongs to it. */
static bool read_member(struct cutter *c, struct member *m)
{
	if (c->at == c->len)
		return false;
	struct character ch = look_at(c, c->at);
	if (ch.class != CHARACTER_RUN)
		return false;
	uint32_t code = ch.code, joined = code;
	m->start = c->at;
	while (joined) {
		code = joined;
		c->at = ch.end;
		if (c->at == c->len)
			break;
		ch = look_at(c, c->at);
		joined = ch.class == CHARACTER_RUN ? compose(code, ch.code) : 0;
	}
	while (c->at < c->len && (ch.class == CHARACTER_MARK || ch.class == CHARACTER_JOINER)) {
		c->at = ch.end;
		if (c->at < c->len)
			ch = look_at(c, c->at);
	}
	m->len = write_character(code, m->term);
	m->end = c->at;
	return true;
}

static void put_pair(struct cutter *c, const struct member *m, const struct member *next)
{
	char term[2 * CHARACTER_BYTES];
	struct token t = {TOKEN_PAIR, term, m->len + next->len, m->start, next->end};

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
	struct token t = {TOKEN_LONE, m.term, m.len, m.start, m.end};
	if (!c->query || first) {
		put_token(c, &t);
		return;
	}
	memcpy(c->lone.term, m.term, m.len);
	c->lone.len = m.len;
	c->lone.start = m.start;
	c->lone.end = m.end;
}

/* --- by character --- */

static const uint64_t ones = UINT64_C(0x0101010101010101);
static const uint64_t tops = UINT64_C(0x8080808080808080);

/* Whether it pays to go by blocks again. */
static bool plain_ahead(const struct cutter *c)
{
	uint64_t bytes;

	if (c->len - c->at < sizeof bytes)
		return false;
	memcpy(&bytes, c->text + c->at, sizeof bytes);
	return !(bytes & tops);
}

static void cut_characters(struct cutter *c)
{
	do {
		struct character ch = look_at(c, c->at);

		if (ch.class == CHARACTER_WORD)
			cut_word(c, ch);
		else if (ch.class == CHARACTER_RUN)
			cut_run(c);
		else
			c->at = ch.end;
	} while (c->rc == SQLITE_OK && c->at < c->len && !plain_ahead(c));
}

/* --- by blocks --- */

enum { BLOCK = 64 };

struct block {
	char lowered[BLOCK];
	uint64_t words; /* a bit for each byte that is a letter or digit */
	uint64_t high;	/* and that is not ASCII */
};

/* The top bit of every byte that is `first` to `last`; the bytes are ASCII. */
static uint64_t between(uint64_t bytes, unsigned char first, unsigned char last)
{
	return (bytes + (0x80U - first) * ones) & ~(bytes + (0x7fU - last) * ones) & tops;
}

/* The top bits of all bytes, the first byte's lowest. */
static uint64_t gather(uint64_t flags)
{
	return (flags >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static void read_block(const char *s, struct block *b)
{
	b->words = b->high = 0;
	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t bytes, high;

		memcpy(&bytes, s + i, sizeof bytes);
		bytes = le64toh(bytes);
		high = bytes & tops;
		bytes &= ~tops;
		bytes |= between(bytes, 'A', 'Z') >> 2; /* 0x80 becomes 0x20 */
		uint64_t words = between(bytes, 'a', 'z') | between(bytes, '0', '9');
		b->words |= gather(words & ~high) << i;
		b->high |= gather(high) << i;
		bytes = htole64(bytes);
		memcpy(b->lowered + i, &bytes, sizeof bytes);
	}
}

/* The block at c->at, NULs behind the text's end; returns how many bytes of it are plain text. */
static size_t next_block(const struct cutter *c, struct block *b)
{
	size_t n = c->len - c->at;

	if (n >= BLOCK) {
		n = BLOCK;
		read_block(c->text + c->at, b);
	} else {
		char tail[BLOCK] = {0};

		memcpy(tail, c->text + c->at, n);
		read_block(tail, b);
	}
	return b->high ? (size_t)__builtin_ctzll(b->high) : n;
}

static bool begins_sign(char c)
{
	return c == '+' || c == '#';
}

/* Words up to one that the block does not hold to its end, or that is not plain; that is at c->at then. */
static void cut_blocks(struct cutter *c)
{
	struct block b;

	while (c->rc == SQLITE_OK && c->at < c->len) {
		size_t plain = next_block(c, &b), base = c->at;
		uint64_t words = plain < BLOCK ? b.words & ((UINT64_C(1) << plain) - 1) : b.words;

		while (words && c->rc == SQLITE_OK) {
			size_t start = (size_t)__builtin_ctzll(words);
			uint64_t others = ~(words >> start);
			size_t size = others ? (size_t)__builtin_ctzll(others) : BLOCK;
			size_t end = start + size;

			if (end == plain && base + end < c->len) {
				c->at = base + start;
				/* Once more from its start, unless it fills a block, or is not plain. */
				if (start == 0 || plain < BLOCK)
					return;
				break;
			}
			struct token t = {TOKEN_WORD, b.lowered + start, size, base + start, base + end};
			if (base + end < c->len && begins_sign(c->text[base + end]))
				put_plain_word(c, &t);
			else
				put_token(c, &t);
			words = end < BLOCK ? words & ~UINT64_C(0) << end : 0;
		}
		if (words)
			continue;
		c->at = base + plain;
		if (b.high)
			return;
	}
}

static int cut(struct cutter *c)
{
	while (c->rc == SQLITE_OK && c->at < c->len) {
		cut_blocks(c);
		if (c->rc == SQLITE_OK && c->at < c->len)
			cut_characters(c);
	}
	return c->rc == SQLITE_DONE ? SQLITE_OK : c->rc;
}

void tokenizer_cut(const char *text, size_t len, bool query,
	bool (*each)(void *arg, const struct token *token), void *arg)
{
	struct cutter c = {.text = text,
		.len = len < INT_MAX ? len : INT_MAX,
		.query = query,
		.each = each,
		.arg = arg};

	(void)cut(&c);
}

struct count {
	size_t count, most;
	bool query;
};

static bool count_one(void *arg, const struct token *token)
{
	struct count *c = arg;

	/* In a text the word before has the position already. */
	if (c->query || token->kind != TOKEN_SIGNED)
		c->count++;
	return c->count < c->most;
}

size_t tokenizer_count(const char *text, size_t len, bool query, size_t most)
{
	struct count c = {.most = most, .query = query};

	tokenizer_cut(text, len, query, count_one, &c);
	return c.count;
}

static bool keep_kind(void *arg, const struct token *token)
{
	*(enum token_kind *)arg = token->kind;
	return true;
}

enum token_kind tokenizer_ending(const char *phrase, size_t len)
{
	enum token_kind last = TOKEN_WORD;

	tokenizer_cut(phrase, len, true, keep_kind, &last);
	return last;
}

/* --- FTS5 --- */

/* It has no state: an instance is a pointer that is not NULL. */
static int create(void *context, const char **args, int count, Fts5Tokenizer **out)
{
	static char instance;

	(void)context;
	(void)args;
	*out = (Fts5Tokenizer *)&instance;
	return count == 0 ? SQLITE_OK : SQLITE_ERROR;
}

static void destroy(Fts5Tokenizer *t)
{
	(void)t;
}

static int tokenize(Fts5Tokenizer *t, void *arg, int flags, const char *text, int len,
	int (*each)(void *arg, int flags, const char *token, int len, int start, int end))
{
	struct cutter c = {.text = text,
		.len = (size_t)len,
		.query = flags & FTS5_TOKENIZE_QUERY,
		.fts5 = each,
		.arg = arg};

	(void)t;
	return cut(&c);
}

int tokenizer_fts5(sqlite3 *raw, fts5_api **out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(raw, "SELECT fts5(?1)", -1, &stmt, NULL);

	*out = NULL;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_pointer(stmt, 1, (void *)out, "fts5_api_ptr", NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_step(stmt);
		rc = sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK && !*out ? SQLITE_ERROR : rc;
}

int tokenizer_register(sqlite3 *raw)
{
	static fts5_tokenizer methods = {create, destroy, tokenize};
	fts5_api *api;
	int rc = tokenizer_fts5(raw, &api);

	return rc == SQLITE_OK ? api->xCreateTokenizer(api, "trawl", NULL, &methods, NULL) : rc;
}
