/*
 * test_tokenizer: words as unicode61 has them, over all characters and over random text; runs, signs and full width
 * by example; and that FTS5 finds with it what is there and nothing else.
 */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/path.h"
#include "dice.h"
#include "store/character.h"
#include "store/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *raw;

/* --- a tokenizer of FTS5, by name --- */

struct engine {
	fts5_tokenizer methods;
	Fts5Tokenizer *instance;
};
static struct engine ours, theirs;

static void engine_open(struct engine *e, const char *name, const char **args, int count)
{
	fts5_api *api;
	void *context;

	assert_int_equal(tokenizer_fts5(raw, &api), SQLITE_OK);
	assert_int_equal(api->xFindTokenizer(api, name, &context, &e->methods), SQLITE_OK);
	assert_int_equal(e->methods.xCreate(context, args, count, &e->instance), SQLITE_OK);
}

static int show(void *arg, int flags, const char *token, int len, int start, int end)
{
	struct buf *out = arg;

	if (out->len)
		buf_addc(out, ' ');
	if (flags & FTS5_TOKEN_COLOCATED)
		buf_addc(out, '=');
	buf_add(out, token, (size_t)len);
	buf_addf(out, "@%d-%d", start, end);
	return SQLITE_OK;
}

/* "token@start-end …", "=" before one that has no position of its own. */
static void cut_with(const struct engine *e, int flags, const char *text, size_t len, struct buf *out)
{
	buf_clear(out);
	buf_add(out, "", 0);
	assert_int_equal(
		e->methods.xTokenize(e->instance, out, flags, text, (int)len, show), SQLITE_OK);
	assert_ok(buf_status(out));
}

static void assert_same(const char *text, size_t len)
{
	static const int flags[] = {FTS5_TOKENIZE_DOCUMENT, FTS5_TOKENIZE_AUX, FTS5_TOKENIZE_QUERY,
		FTS5_TOKENIZE_QUERY | FTS5_TOKENIZE_PREFIX};
	static size_t turn;
	int flag = flags[turn++ % 4];
	AUTO_BUF a = BUF_INIT;
	AUTO_BUF b = BUF_INIT;

	cut_with(&ours, flag, text, len, &a);
	cut_with(&theirs, flag, text, len, &b);
	if (a.len == b.len && memcmp(a.data, b.data, a.len) == 0)
		return;
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x ", (unsigned char)text[i]);
	fail_msg("\"%.*s\": %s instead of %s", (int)len, text, a.data, b.data);
}

/* --- unicode61 --- */

static void add_code(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(lead[n] | c);
	buf_add(out, bytes, n);
}

/* What we cut differently, on purpose. */
static bool is_ours(uint32_t c)
{
	static const uint32_t ranges[][2] = {{0x0e00, 0x0eff}, {0x1000, 0x109f}, {0x1100, 0x11ff},
		{0x1780, 0x17ff}, {0x200b, 0x200d}, {0x2e80, 0x2fdf}, {0x3005, 0x3007},
		{0x3021, 0x302f}, {0x3031, 0x303c}, {0x3040, 0x30ff}, {0x3130, 0x318f},
		{0x31f0, 0x31ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa960, 0xa97f},
		{0xa9e0, 0xa9ff}, {0xaa60, 0xaa7f}, {0xac00, 0xd7ff}, {0xf900, 0xfaff},
		{0xfe00, 0xfe0f}, {0xff01, 0xff5e}, {0xff65, 0xffdc}, {0x1aff0, 0x1afff},
		{0x1b000, 0x1b16f}, {0x20000, 0x3fffd}, {0xe0100, 0xe01ef}};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

/* Every character alone, twice, within a word, at its ends, with a diacritic. */
static void test_every_character(void **state)
{
	AUTO_BUF text = BUF_INIT;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		if (is_ours(c) || c == '#')
			continue;
		buf_clear(&text);
		add_code(&text, c);
		buf_addc(&text, ' ');
		add_code(&text, c);
		add_code(&text, c);
		buf_adds(&text, " a");
		add_code(&text, c);
		buf_adds(&text, "b c");
		add_code(&text, c);
		buf_addc(&text, ' ');
		add_code(&text, c);
		buf_adds(&text, "d ");
		add_code(&text, c);
		add_code(&text, 0x301);
		assert_same(text.data, text.len);
	}
}

/*
 * The table is part of the index.  If this fails, SQLite has changed its mind about characters: stores take a migration
 * that makes the indexes of words anew, and the number here is the one that is printed.
 */
static void test_table(void **state)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		hash ^= character_pages[character_page_of[c / CHARACTER_PAGE]][c % CHARACTER_PAGE];
		hash *= UINT64_C(1099511628211);
	}
	if (hash != UINT64_C(7036520373928214666))
		fail_msg("the table's hash is %llu", (unsigned long long)hash);
}

/* Of many kinds, ASCII most of all; a few bytes that are no UTF-8. */
static void add_random(struct dice *d, struct buf *out, bool broken)
{
	static const struct {
		uint32_t first, count;
	} kinds[] = {{'a', 26}, {'A', 26}, {'a', 26}, {'0', 10}, {' ', 3}, {'\t', 5}, {0x80, 0x500},
		{0x300, 0x50}, {0x400, 0x100}, {0x590, 0x370}, {0x1e00, 0x200}, {0x2000, 0x0b},
		{0xe000, 4}, {0x10400, 80}, {0x1d400, 100}, {0x1f300, 300}, {0, 0x22}};
	uint64_t kind = dice_below(d, sizeof kinds / sizeof *kinds + (broken ? 2 : 0));

	if (kind < sizeof kinds / sizeof *kinds)
		add_code(out, kinds[kind].first + (uint32_t)dice_below(d, kinds[kind].count));
	else
		buf_addc(out, (char)(0x80 + dice_below(d, 0x80)));
}

/* Words, gaps and their places within blocks, in every mixture; what is no UTF-8 must not look like ours by chance. */
static void test_random_text(void **state)
{
	struct dice d = {20261123};
	AUTO_BUF text = BUF_INIT;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint64_t len = dice_below(&d, round % 10 ? 40 : 400), plain = 1 + dice_below(&d, 12);

		buf_clear(&text);
		buf_add(&text, "", 0);
		for (uint64_t i = 0; i < len; i++) {
			if (dice_below(&d, plain))
				buf_addc(&text, "abcXYZ019 .-\n"[dice_below(&d, 13)]);
			else
				add_random(&d, &text, false);
		}
		assert_same(text.data, text.len);
	}
}

/* Words of every length, at every place in a block. */
static void test_blocks(void **state)
{
	char text[400];

	(void)state;
	for (size_t gap = 0; gap < 66; gap++)
		for (size_t word = 1; word < 200; word++) {
			memset(text, ' ', sizeof text);
			memset(text + gap, 'W', word);
			text[gap + word + 1] = 'x';
			assert_same(text, gap + word);
			assert_same(text, gap + word + 2);
			memcpy(text + gap + word, "\xc3\xa9", 2);
			assert_same(text, gap + word + 4);
		}
}

/* --- by example --- */

static const struct {
	const char *text, *document, *query;
} examples[] = {
	/* runs */
	{"日", "日@0-3", "日@0-3"},
	{"日本", "日本@0-6 本@3-6", "日本@0-6"},
	{"日本語", "日本@0-6 本語@3-9 語@6-9", "日本@0-6 本語@3-9"},
	{" 日本。", "日本@1-7 本@4-7", "日本@1-7"},
	{"日本 語", "日本@0-6 本@3-6 語@7-10", "日本@0-6 本@3-6 語@7-10"},
	{"日本abc", "日本@0-6 本@3-6 abc@6-9", "日本@0-6 本@3-6 abc@6-9"},
	{"abc日本", "abc@0-3 日本@3-9 本@6-9", "abc@0-3 日本@3-9"},
	{"ABC日", "abc@0-3 日@3-6", "abc@0-3 日@3-6"},
	{"2024年3月", "2024@0-4 年@4-7 3@7-8 月@8-11", "2024@0-4 年@4-7 3@7-8 月@8-11"},
	{"カタカナー", "カタ@0-6 タカ@3-9 カナ@6-12 ナー@9-15 ー@12-15", "カタ@0-6 タカ@3-9 カナ@6-12 ナー@9-15"},
	{"漢字かな한글", "漢字@0-6 字か@3-9 かな@6-12 な한@9-15 한글@12-18 글@15-18",
		"漢字@0-6 字か@3-9 かな@6-12 な한@9-15 한글@12-18"},
	{"ไทย ลาว", "ไท@0-6 ทย@3-9 ย@6-9 ลา@10-16 าว@13-19 ว@16-19",
		"ไท@0-6 ทย@3-9 ย@6-9 ลา@10-16 าว@13-19"},
	/* vowels and tones are characters, wherever a query begins */
	{"ที่", "ที@0-6 ี่@3-9 ่@6-9", "ที@0-6 ี่@3-9"},
	{"\u0e35\u0e48", "\u0e35\u0e48@0-6 \u0e48@3-6", "\u0e35\u0e48@0-6"},
	/* what may stand within a run without a place of its own */
	{"日\u0301本", "日本@0-8 本@5-8", "日本@0-8"},
	{"葛\U000e0100城", "葛城@0-10 城@7-10", "葛城@0-10"},
	{"ภา\u200bษา", "ภา@0-9 าษ@3-12 ษา@9-15 า@12-15", "ภา@0-9 าษ@3-12 ษา@9-15"},
	{"日\u200b abc", "日@0-6 abc@7-10", "日@0-6 abc@7-10"},
	{"a\u200bb", "a@0-1 b@4-5", "a@0-1 b@4-5"},
	/* decomposed */
	{"か\u3099く", "がく@0-9 く@6-9", "がく@0-9"},
	{"ハ\u309aン", "パン@0-9 ン@6-9", "パン@0-9"},
	{"\u1112\u1161\u11ab\u1100\u1173\u11af", "한글@0-18 글@9-18", "한글@0-18"},
	{"\u3099か", "\u3099か@0-6 か@3-6", "\u3099か@0-6"},
	/* punctuation of these scripts separates, symbols too */
	{"「日」・本、㍿", "日@3-6 本@12-15", "日@3-6 本@12-15"},
	/* outside of the basic plane */
	{"\U00020000\U00030000", "\U00020000\U00030000@0-8 \U00030000@4-8", "\U00020000\U00030000@0-8"},
	/* signs */
	{"c++", "c@0-1 =c++@0-3", "c++@0-3"},
	{"C++, C# and F#.", "c@0-1 =c++@0-3 c@5-6 =c#@5-7 and@8-11 f@12-13 =f#@12-14",
		"c++@0-3 c#@5-7 and@8-11 f#@12-14"},
	{"g++-12", "g@0-1 =g++@0-3 12@4-6", "g++@0-3 12@4-6"},
	{"notepad++", "notepad@0-7 =notepad++@0-9", "notepad++@0-9"},
	{"abcdefghij# abcdefghijk#", "abcdefghij@0-10 =abcdefghij#@0-11 abcdefghijk@12-23",
		"abcdefghij#@0-11 abcdefghijk@12-23"},
	{"c+ c+++ c## c#+ c+# c++#", "c@0-1 c@3-4 c@8-9 c@12-13 c@16-17 c@20-21",
		"c@0-1 c@3-4 c@8-9 c@12-13 c@16-17 c@20-21"},
	{"c++11 i++j c#x", "c@0-1 11@3-5 i@6-7 j@9-10 c@11-12 x@13-14",
		"c@0-1 11@3-5 i@6-7 j@9-10 c@11-12 x@13-14"},
	{"c++é c++日", "c@0-1 e@3-5 c@6-7 =c++@6-9 日@9-12", "c@0-1 e@3-5 c++@6-9 日@9-12"},
	{"3++ #c ++c", "3@0-1 c@5-6 c@9-10", "3@0-1 c@5-6 c@9-10"},
	{"é++ xé#", "e@0-2 xe@5-8", "e@0-2 xe@5-8"},
	{"日c++", "日@0-3 c@3-4 =c++@3-6", "日@0-3 c++@3-6"},
	/* full width */
	{"Ｃ＋＋", "c@0-3 =c++@0-9", "c++@0-9"},
	{"ＡＢＣ１２３", "abc123@0-18", "abc123@0-18"},
	{"Ｘ！ｙ", "x@0-3 y@6-9", "x@0-3 y@6-9"},
	{"日本ＡＢ", "日本@0-6 本@3-6 ab@6-12", "日本@0-6 本@3-6 ab@6-12"},
	{"ﾊﾝｶｸ", "ﾊﾝ@0-6 ﾝｶ@3-9 ｶｸ@6-12 ｸ@9-12", "ﾊﾝ@0-6 ﾝｶ@3-9 ｶｸ@6-12"},
	/* no tokens */
	{"", "", ""},
	{" .,-+#。", "", ""},
	/* what was typed by people */
	{"foo.bar() user@host 1.2.3", "foo@0-3 bar@4-7 user@10-14 host@15-19 1@20-21 2@22-23 3@24-25",
		"foo@0-3 bar@4-7 user@10-14 host@15-19 1@20-21 2@22-23 3@24-25"},
};

static void test_examples(void **state)
{
	AUTO_BUF got = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		const char *text = examples[i].text;

		cut_with(&ours, FTS5_TOKENIZE_DOCUMENT, text, strlen(text), &got);
		assert_string_equal(got.data, examples[i].document);
		cut_with(&ours, FTS5_TOKENIZE_AUX, text, strlen(text), &got);
		assert_string_equal(got.data, examples[i].document);
		cut_with(&ours, FTS5_TOKENIZE_QUERY, text, strlen(text), &got);
		assert_string_equal(got.data, examples[i].query);
		cut_with(&ours, FTS5_TOKENIZE_QUERY | FTS5_TOKENIZE_PREFIX, text, strlen(text), &got);
		assert_string_equal(got.data, examples[i].query);
	}
}

static void test_endings(void **state)
{
	static const struct {
		const char *phrase;
		enum token_kind ending;
	} cases[] = {{"", TOKEN_WORD}, {"...", TOKEN_WORD}, {"abc", TOKEN_WORD}, {"日", TOKEN_LONE},
		{"日。", TOKEN_LONE}, {"日本", TOKEN_PAIR}, {"日本 語", TOKEN_LONE}, {"日a", TOKEN_WORD},
		{"a日", TOKEN_LONE}, {"日本 c++", TOKEN_SIGNED}, {"c++ x", TOKEN_WORD},
		{"\u1112\u1161\u11ab", TOKEN_LONE}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(tokenizer_ending(cases[i].phrase, strlen(cases[i].phrase)),
			cases[i].ending);
}

static void test_count(void **state)
{
	static const char text[] = "a c++ 日本語";

	(void)state;
	assert_int_equal(tokenizer_count(text, strlen(text), false, 100), 5);
	assert_int_equal(tokenizer_count(text, strlen(text), true, 100), 4);
	assert_int_equal(tokenizer_count(text, strlen(text), true, 2), 2);
}

/* Every syllable that Unicode composes, written as jamo. */
static void test_hangul(void **state)
{
	AUTO_BUF jamo = BUF_INIT;
	AUTO_BUF got = BUF_INIT;
	AUTO_BUF want = BUF_INIT;

	(void)state;
	for (uint32_t s = 0; s < 19 * 21 * 28; s++) {
		buf_clear(&jamo);
		add_code(&jamo, 0x1100 + s / (21 * 28));
		add_code(&jamo, 0x1161 + s / 28 % 21);
		if (s % 28)
			add_code(&jamo, 0x11a7 + s % 28);
		buf_clear(&want);
		add_code(&want, 0xac00 + s);
		buf_addf(&want, "@0-%zu", jamo.len);
		cut_with(&ours, FTS5_TOKENIZE_DOCUMENT, jamo.data, jamo.len, &got);
		assert_string_equal(got.data, want.data);
	}
}

/* As NFC has it, all of them: plain kana, sign, what they make. */
static void test_kana(void **state)
{
	static const char voiced[] = "かがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとど"
				     "はばひびふぶへべほぼうゔゝゞカガキギクグケゲコゴサザシジスズセゼ"
				     "ソゾタダチヂツヅテデトドハバヒビフブヘベホボウヴワヷヰヸヱヹヲヺヽヾ",
			  half[] = "はぱひぴふぷへぺほぽハパヒピフプヘペホポ";
	static const char *const signs[] = {"\u3099", "\u309a"};
	const char *const pairs[] = {voiced, half};
	AUTO_BUF text = BUF_INIT;
	AUTO_BUF got = BUF_INIT;
	AUTO_BUF want = BUF_INIT;
	int composed = 0;

	(void)state;
	for (uint32_t c = 0x3041; c < 0x3100; c++)
		for (size_t sign = 0; sign < 2; sign++) {
			AUTO_BUF kana = BUF_INIT;
			const char *at = pairs[sign];

			add_code(&kana, c);
			while (*at && memcmp(at, kana.data, 3) != 0)
				at += 6;
			buf_clear(&text);
			buf_adds(&text, kana.data);
			buf_adds(&text, signs[sign]);
			buf_clear(&want);
			if (*at)
				buf_addf(&want, "%.3s@0-6", at + 3);
			cut_with(&ours, FTS5_TOKENIZE_DOCUMENT, text.data, text.len, &got);
			if (*at)
				assert_string_equal(got.data, want.data);
			else if (strstr(got.data, "@0-6") && !strstr(got.data, text.data))
				fail_msg("%s: %s", text.data, got.data);
			composed += *at != '\0';
		}
	assert_int_equal(composed, (int)(sizeof voiced + sizeof half) / 6);
}

/* --- hostile bytes --- */

struct bounds {
	size_t len, start, count;
};

static bool check_bounds(void *arg, const struct token *t)
{
	struct bounds *b = arg;

	assert_true(t->start >= b->start && t->start < t->end && t->end <= b->len);
	assert_true(t->len > 0 && t->len <= TOKENIZER_TERM_MAX);
	b->start = t->start;
	b->count++;
	return true;
}

static size_t count_within_bounds(const char *text, size_t len, bool query)
{
	struct bounds b = {.len = len};

	tokenizer_cut(text, len, query, check_bounds, &b);
	return b.count;
}

static void test_any_bytes(void **state)
{
	struct dice d = {7};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = dice_below(&d, 150);
		AUTO_FREE char *text = mem_alloc(len + 1); /* the very size, for the sanitizer */

		for (size_t i = 0; i < len; i++) {
			uint64_t r = dice_roll(&d);
			text[i] = (char)(r & 1 ? r >> 8 : 'a' + (r >> 8) % 26);
		}
		AUTO_FREE char *exact = mem_alloc(len ? len : 1);
		memcpy(exact, text, len);
		(void)count_within_bounds(exact, len, false);
		(void)count_within_bounds(exact, len, true);
	}
}

/* As unicode61 reads what is not well formed. */
static void test_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {{"\x80", 1}, {"\xaa", 1}, {"a\xff" "b", 3}, {"\xf7\xbf\xbf\xbf", 4},
		{"\xf8\x88\x80\x80\x80", 5}, {"x\xe6\x97", 3}, {"a\xed\xa0\x80" "b", 5}, {"a\xc0\x80" "b", 4},
		{"a\xc3", 2}, {"\xc3", 1}, {"\xf4\x90\x80\x80", 4}, {"\xfc\x84\x80\x80\x80\x80", 6},
		{"a\0b", 3}, {"\0", 1}, {"\xef\xbf\xbe", 3}, {"a\xef\xbf\xbd" "b", 5}, {"\xc1\xbf", 2}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_same(cases[i].bytes, cases[i].len);
}

static bool keep_term(void *arg, const struct token *t)
{
	buf_add(arg, t->term, t->len);
	return true;
}

/* The beginning of a long word is its term, in a text and in a query; a character stays whole. */
static void test_long_words(void **state)
{
	enum { LONG = 1 << 20 };
	static const char *const characters[] = {"w", "\xc3\xb6", "\xd1\x8f", "\xf0\x9d\x94\x98"};
	AUTO_BUF text = BUF_INIT;
	AUTO_BUF term = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
		buf_clear(&text);
		while (text.len < LONG)
			buf_adds(&text, characters[i]);
		for (int query = 0; query < 2; query++) {
			assert_int_equal(count_within_bounds(text.data, text.len, query), 1);
			buf_clear(&term);
			tokenizer_cut(text.data, text.len, query, keep_term, &term);
			assert_true(term.len > TOKENIZER_TERM_MAX - 4 && term.len <= TOKENIZER_TERM_MAX);
			assert_true(utf8_valid(term.data, term.len));
		}
	}
	buf_clear(&text);
	while (text.len < LONG)
		buf_adds(&text, "語");
	assert_int_equal(count_within_bounds(text.data, text.len, false), text.len / 3);
}

/* Whoever has seen enough is asked no more. */
static bool stop_at_two(void *arg, const struct token *t)
{
	(void)t;
	return ++*(int *)arg < 2;
}

static void test_stopping(void **state)
{
	static const char *const texts[] = {"a b c d", "日本語だ", "c++ c++", "é é é", "a 日 b 日"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (int query = 0; query < 2; query++) {
			int count = 0;

			tokenizer_cut(texts[i], strlen(texts[i]), query, stop_at_two, &count);
			assert_int_equal(count, 2);
		}
}

/* --- in FTS5 --- */

static void run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(raw, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static void run_text(const char *sql, const char *text, size_t len)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_text(s, 1, text, (int)len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

static bool finds(const char *phrase, size_t len)
{
	AUTO_BUF match = BUF_INIT;
	sqlite3_stmt *s;

	buf_addf(&match, "\"%.*s\"%s", (int)len, phrase,
		tokenizer_ending(phrase, len) == TOKEN_LONE ? " *" : "");
	assert_int_equal(
		sqlite3_prepare_v2(raw, "SELECT 1 FROM t WHERE t MATCH ?1", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_text(s, 1, match.data, -1, SQLITE_STATIC);
	bool found = sqlite3_step(s) == SQLITE_ROW;
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	return found;
}

/* Few different characters, so that much is nearly found. */
static void add_run(struct dice *d, struct buf *out, size_t characters)
{
	static const char *const alphabet[] = {"日", "本", "ก", "\u0e48", "가", "ー"};

	while (characters--)
		buf_adds(out, alphabet[dice_below(d, 6)]);
}

/* Any part of a run is found, and what is not there is not. */
static void test_substrings(void **state)
{
	struct dice d = {99};
	int found = 0, absent = 0;

	(void)state;
	run("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trawl')");
	for (int round = 0; round < 100; round++) {
		AUTO_BUF text = BUF_INIT;

		for (uint64_t runs = 1 + dice_below(&d, 3); runs; runs--) {
			add_run(&d, &text, 1 + dice_below(&d, 8));
			buf_adds(&text, dice_below(&d, 2) ? " " : "abc");
		}
		run("DELETE FROM t");
		run_text("INSERT INTO t VALUES (?1)", text.data, text.len);
		for (int ask = 0; ask < 100; ask++) {
			AUTO_BUF phrase = BUF_INIT;

			add_run(&d, &phrase, 1 + dice_below(&d, 4));
			bool there = strstr(text.data, phrase.data);
			if (finds(phrase.data, phrase.len) != there)
				fail_msg("%s in %s: %s", phrase.data, text.data,
					there ? "not found" : "found");
			found += there;
			absent += !there;
		}
		/* Whatever begins at a character of a run, across what is between runs. */
		for (size_t from = 0; from < text.len; from++)
			for (size_t to = from + 3; to <= text.len; to += 3)
				if ((text.data[from] & 0xc0) == 0xc0 &&
					((text.data[to] & 0xc0) == 0xc0 || to == text.len))
					assert_true(finds(text.data + from, to - from));
	}
	assert_true(found > 1000 && absent > 1000);
	run("DROP TABLE t");
}

/* What goes in goes out: FTS5 tokenizes anew to delete, and to check. */
static void test_integrity(void **state)
{
	struct dice d = {4};
	AUTO_BUF text = BUF_INIT;
	sqlite3_stmt *s;

	(void)state;
	run("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trawl', columnsize=0)");
	for (int row = 0; row < 300; row++) {
		buf_clear(&text);
		for (int i = 0; i < 100; i++) {
			uint64_t kind = dice_below(&d, 4);

			if (kind == 0)
				add_run(&d, &text, 1 + dice_below(&d, 5));
			else if (kind == 1)
				buf_adds(&text, "c++ C# Ｘ ");
			else
				add_random(&d, &text, false);
		}
		run_text("INSERT INTO t VALUES (?1)", text.data, text.len);
	}
	run("INSERT INTO t(t, rank) VALUES ('integrity-check', 1)");
	run("DELETE FROM t WHERE rowid % 2");
	run("INSERT INTO t(t, rank) VALUES ('integrity-check', 1)");
	run("DELETE FROM t");
	run("INSERT INTO t(t, rank) VALUES ('integrity-check', 1)");
	run("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'row')");
	assert_int_equal(sqlite3_prepare_v2(raw, "SELECT term FROM v", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	run("DROP TABLE v; DROP TABLE t");
}

/* It takes no arguments: a schema that gives some means something else. */
static void test_arguments(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_exec(raw, "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trawl x')",
				 NULL, NULL, NULL),
		SQLITE_ERROR);
}

static int set_up(void **state)
{
	const char *args[] = {"remove_diacritics", "2"};

	(void)state;
	if (sqlite3_open(":memory:", &raw) != SQLITE_OK || tokenizer_register(raw) != SQLITE_OK)
		return 1;
	engine_open(&ours, "trawl", NULL, 0);
	engine_open(&theirs, "unicode61", args, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ours.methods.xDelete(ours.instance);
	theirs.methods.xDelete(theirs.instance);
	return sqlite3_close(raw) == SQLITE_OK ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_random_text),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_hangul),
		cmocka_unit_test(test_kana),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_stopping),
		cmocka_unit_test(test_substrings),
		cmocka_unit_test(test_integrity),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
