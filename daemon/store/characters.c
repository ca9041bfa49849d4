/*
 * characters: writes the tokenizer's table of characters as C, when trawl is built.
 *
 *     characters > characters.inc
 *
 * What is a word's character, and what it is folded to, says unicode61 with
 * remove_diacritics 2; this program adds the scripts that are written without
 * spaces, and that full-width ASCII is ASCII.
 */
#include "store/characters.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

/* Blocks of Unicode; what is no letter, number or mark in them separates there too. */
static const struct range run_blocks[] = {
	{0x0e00, 0x0eff},   /* Thai, Lao */
	{0x1000, 0x109f},   /* Myanmar */
	{0x1100, 0x11ff},   /* Hangul Jamo */
	{0x1780, 0x17ff},   /* Khmer */
	{0x2e80, 0x2fdf},   /* CJK and Kangxi radicals */
	{0x3005, 0x3007},   /* iteration mark, closing mark, zero */
	{0x3021, 0x302f},   /* Hangzhou numerals, tone marks */
	{0x3031, 0x303c},   /* vertical repeat marks to masu mark */
	{0x3040, 0x30ff},   /* Hiragana, Katakana */
	{0x3130, 0x318f},   /* Hangul Compatibility Jamo */
	{0x31f0, 0x31ff},   /* Katakana Phonetic Extensions */
	{0x3400, 0x4dbf},   /* CJK Extension A */
	{0x4e00, 0x9fff},   /* CJK Unified Ideographs */
	{0xa960, 0xa97f},   /* Hangul Jamo Extended-A */
	{0xa9e0, 0xa9ff},   /* Myanmar Extended-B */
	{0xaa60, 0xaa7f},   /* Myanmar Extended-A */
	{0xac00, 0xd7ff},   /* Hangul Syllables, Jamo Extended-B */
	{0xf900, 0xfaff},   /* CJK Compatibility Ideographs */
	{0xff65, 0xffdc},   /* half-width Katakana and Hangul */
	{0x1aff0, 0x1afff}, /* Kana Extended-B */
	{0x1b000, 0x1b16f}, /* Kana Supplement, Kana Extended-A, Small Kana Extension */
	{0x20000, 0x3fffd}, /* planes 2 and 3: ideographs, also those to come */
};

/* Zero-width space and joiners, variation selectors. */
static const struct range joiners[] = {
	{0x200b, 0x200d},
	{0xfe00, 0xfe0f},
	{0xe0100, 0xe01ef},
};

enum { FULL_WIDTH_OFFSET = CHARACTER_FULL_WIDTH - '!' };

/* --- unicode61 --- */

static sqlite3 *db;
static fts5_tokenizer tokenizer;
static Fts5Tokenizer *words;           /* as the index had it */
static Fts5Tokenizer *words_and_marks; /* with marks as characters of words */

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "characters: %s\n", what);
	exit(1);
}

static Fts5Tokenizer *create(void *context, const char **args, int count)
{
	Fts5Tokenizer *t;

	if (tokenizer.xCreate(context, args, count, &t) != SQLITE_OK)
		fail("unicode61 cannot be created");
	return t;
}

static void open_tokenizers(void)
{
	const char *args[] = {"remove_diacritics", "2", "categories", "L* N* Co M*"};
	sqlite3_stmt *stmt;
	fts5_api *api = NULL;
	void *context;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
		sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL) != SQLITE_OK)
		fail("SQLite has no FTS5");
	sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
	sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	if (!api || api->xFindTokenizer(api, "unicode61", &context, &tokenizer) != SQLITE_OK)
		fail("FTS5 has no unicode61");
	words = create(context, args, 2);
	words_and_marks = create(context, args, 4);
}

static void close_tokenizers(void)
{
	tokenizer.xDelete(words);
	tokenizer.xDelete(words_and_marks);
	sqlite3_close(db);
}

/* --- one character --- */

struct answer {
	int tokens;
	int len; /* of the last one */
	char term[16];
};

static int keep(void *arg, int flags, const char *token, int len, int start, int end)
{
	struct answer *a = arg;

	(void)flags;
	(void)start;
	(void)end;
	a->tokens++;
	if (len > (int)sizeof a->term)
		fail("a character is folded to more than one");
	a->len = len;
	memcpy(a->term, token, (size_t)len);
	return SQLITE_OK;
}

static struct answer ask(Fts5Tokenizer *t, const char *text, int len)
{
	struct answer a = {0};

	if (tokenizer.xTokenize(t, &a, FTS5_TOKENIZE_DOCUMENT, text, len, keep) != SQLITE_OK)
		fail("unicode61 fails");
	return a;
}

static int encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};

	out[0] = (char)(lead[more] | c >> 6 * more);
	for (int i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
	return more + 1;
}

static uint32_t decode(const char *s, int len)
{
	static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)s[0] & lead_bits[len];

	for (int i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

static bool within(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

#define WITHIN(c, ranges) within(c, ranges, sizeof(ranges) / sizeof(ranges)[0])

static uint32_t entry(enum character_class class, uint32_t c, uint32_t folded)
{
	return (c == folded ? 0 : folded) << CHARACTER_CLASS_BITS | class;
}

static uint32_t learn(uint32_t c)
{
	char text[8];

	if (c >= CHARACTER_FULL_WIDTH && c <= CHARACTER_FULL_WIDTH_END) {
		uint32_t ascii = learn(c - FULL_WIDTH_OFFSET),
			 folded = ascii >> CHARACTER_CLASS_BITS;

		return entry(ascii & ((1U << CHARACTER_CLASS_BITS) - 1), c,
			folded ? folded : c - FULL_WIDTH_OFFSET);
	}
	if (WITHIN(c, joiners))
		return entry(CHARACTER_JOINER, c, c);
	text[0] = 'a';
	int len = encode(c, text + 1);
	struct answer alone = ask(words, text + 1, len);

	if (WITHIN(c, run_blocks) && ask(words_and_marks, text + 1, len).tokens)
		return entry(alone.tokens ? CHARACTER_RUN : CHARACTER_RUN_MARK, c,
			alone.tokens ? decode(alone.term, alone.len) : c);
	if (alone.tokens && !alone.len)
		fail("a character of words is folded to none");
	if (alone.tokens)
		return entry(CHARACTER_WORD, c, decode(alone.term, alone.len));
	text[len + 1] = 'b';
	struct answer between = ask(words, text, len + 2);
	if (between.tokens == 1 && between.len != 2)
		fail("a mark is not dropped");
	return entry(between.tokens == 1 ? CHARACTER_MARK : CHARACTER_OTHER, c, c);
}

/* --- the table --- */

static uint32_t pages[CHARACTER_PAGES][CHARACTER_PAGE];
static size_t page_count;
static size_t numbers[CHARACTER_PAGES];

/* Fills the next page; many are the same. */
static size_t learn_page(uint32_t first)
{
	uint32_t *page = pages[page_count];
	size_t same = 0;

	for (uint32_t i = 0; i < CHARACTER_PAGE; i++)
		page[i] = learn(first + i);
	while (memcmp(pages[same], page, sizeof pages[0]) != 0)
		same++;
	if (same == page_count)
		page_count++;
	return same;
}

int main(void)
{
	open_tokenizers();
	for (uint32_t i = 0; i < CHARACTER_PAGES; i++)
		numbers[i] = learn_page(i * CHARACTER_PAGE);
	close_tokenizers();
	if (page_count > UINT8_MAX)
		fail("too many different pages");
	puts("/* Made by characters.c: do not edit. */");
	printf("const uint8_t character_page_of[%d] = {", CHARACTER_PAGES);
	for (size_t i = 0; i < CHARACTER_PAGES; i++)
		printf("%s%zu,", i % 32 ? "" : "\n\t", numbers[i]);
	printf("\n};\n\nconst uint32_t character_pages[%zu][%d] = {", page_count, CHARACTER_PAGE);
	for (size_t p = 0; p < page_count; p++) {
		printf("\n\t{");
		for (size_t i = 0; i < CHARACTER_PAGE; i++)
			printf("%s0x%x,", i % 16 ? "" : "\n\t\t", pages[p][i]);
		printf("\n\t},");
	}
	puts("\n};");
	if (fflush(stdout) != 0)
		fail("cannot write");
	return 0;
}
