/* snippet: the passage, its marks, its cuts. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/path.h"
#include "search/snippet.h"
#include "search/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* "offset.phrase offset.phrase …", each of one token, or "offset.phrase+size". */
static struct spots *spots_of(const char *s)
{
	struct spots *out = mem_zalloc(sizeof *out + SPOTS_MAX * sizeof out->spot[0]);
	unsigned offset, phrase, size;
	int n;

	while (sscanf(s, "%u.%u%n", &offset, &phrase, &n) == 2) {
		s += n;
		size = 1;
		if (sscanf(s, "+%u%n", &size, &n) == 1)
			s += n;
		out->spot[out->count++] =
			(struct spot){offset, (uint16_t)phrase, (uint16_t)size, TOKEN_WORD};
	}
	return out;
}

/* The snippet with its marks in brackets. */
static char *shown(const struct snippet *s)
{
	struct buf out = BUF_INIT;
	size_t at = 0;

	for (size_t i = 0; i < s->mark_count; i++) {
		assert_true(s->marks[i].at >= at);
		assert_true(s->marks[i].at + s->marks[i].len <= s->text.len);
		buf_add(&out, s->text.data + at, s->marks[i].at - at);
		buf_addc(&out, '[');
		buf_add(&out, s->text.data + s->marks[i].at, s->marks[i].len);
		buf_addc(&out, ']');
		at = s->marks[i].at + s->marks[i].len;
	}
	if (s->text.len > at)
		buf_add(&out, s->text.data + at, s->text.len - at);
	assert_true(utf8_valid(s->text.data, s->text.len));
	return buf_take(&out);
}

static char *make(const char *text, const char *places, size_t want)
{
	struct spots *spots = spots_of(places);
	struct snippet s = SNIPPET_INIT;
	struct passage p;

	assert_int_equal(snippets_choose(spots, want, 1, &p), 1);
	assert_ok(snippet_make(text, strlen(text), true, spots, &p, want, &s));
	char *out = shown(&s);
	buf_finish(&s.text);
	mem_free(spots);
	return out;
}

static const struct {
	const char *text, *places;
	size_t want;
	const char *shown;
} cases[] = {
	{"", "", 16, ""},
	{"...", "", 16, "..."},
	{"one two three", "", 16, "one two three"},
	{"one two three", "1.0", 16, "one [two] three"},
	{"one two three.", "2.0", 16, "one two [three]."},
	{"(one) two", "0.0", 16, "([one]) two"},
	/* cuts */
	{"a b c d e f g h", "", 3, "a b c\xe2\x80\xa6"},
	{"a b c d e f g h", "4.0", 3, "\xe2\x80\xa6[e] f g\xe2\x80\xa6"},
	{"a b c d e f g h", "4.0", 5, "\xe2\x80\xa6" "d [e] f g h"},
	{"a b c d e f g h", "0.0", 3, "[a] b c\xe2\x80\xa6"},
	/* white space of all kinds is one space, and marks are still right */
	{"  one \n\t two\r\n\r\nthree  ", "1.0", 16, "one [two] three"},
	{"a\x01\x02" "b", "1.0", 16, "a [b]"},
	{"\n\n  x  \n", "0.0", 16, "[x]"},
	/* bytes are not characters */
	{"\xc3\xa4\xc3\xb6 \xe6\x97\xa5 \xc3\xbc", "1.0 2.1", 16,
		"\xc3\xa4\xc3\xb6 [\xe6\x97\xa5] [\xc3\xbc]"},
	/* a phrase is one mark across what lies between its tokens */
	{"see foo.bar\n baz end", "1.0+3", 16, "see [foo.bar baz] end"},
	{"a b b c", "1.0 2.0", 16, "a [b] [b] c"},
	{"a b c d", "1.0+2 2.1+2", 16, "a [b c d]"},
	{"a b c", "1.0 1.1", 16, "a [b] c"},
	/* the window ends within a phrase */
	{"x a b c", "1.0+3", 2, "\xe2\x80\xa6[a b]\xe2\x80\xa6"},
	/* more of the words asked for is better, earlier is better among equals */
	{"p x x x x x x x p q x x", "0.0 8.0 9.1", 4, "\xe2\x80\xa6[p] [q] x x"},
	{"p x x x x x p x x x", "0.0 6.0", 4, "[p] x x x\xe2\x80\xa6"},
	{"p p p x x x x p q x", "0.0 1.0 2.0 7.0 8.1", 3, "\xe2\x80\xa6[p] [q] x"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_FREE char *s = make(cases[i].text, cases[i].places, cases[i].want);

		if (strcmp(s, cases[i].shown) != 0)
			fail_msg("%s: %s instead of %s", cases[i].text, s, cases[i].shown);
	}
}

/* A ruler, a blob: what no reader wants is shortened, and never within a character. */
static void test_long_runs(void **state)
{
	AUTO_BUF text = BUF_INIT;

	(void)state;
	buf_adds(&text, "head ");
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "\xe2\x95\x90");
	buf_adds(&text, " tail x"); /* one byte first: the cut falls within a character */
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "\xc3\xa4");
	AUTO_FREE char *s = make(text.data, "2.0", 16);
	assert_true(strlen(s) < 300);
	assert_non_null(strstr(s, "head \xe2\x95\x90"));
	assert_non_null(strstr(s, "\xe2\x80\xa6 tail [x\xc3\xa4"));
	assert_non_null(strstr(s, "\xc3\xa4\xe2\x80\xa6]"));
}

/* A piece of a text is enough where the passage and one token more lie in it. */
static void test_pieces(void **state)
{
	static const char text[] = "a b c d e f g h i j";
	static const struct passage middle = {2, SIZE_MAX}, last = {7, SIZE_MAX};
	struct snippet s = SNIPPET_INIT;

	(void)state;
	for (size_t len = 0; len <= strlen(text); len++) {
		enum status st = snippet_make(text, len, false, NULL, &middle, 3, &s);

		assert_int_equal(st, len < 11 ? ST_AGAIN : ST_OK);
		if (st == ST_OK)
			assert_string_equal(s.text.data, "\xe2\x80\xa6" "c d e\xe2\x80\xa6");
	}
	assert_ok(snippet_make(text, strlen(text), true, NULL, &last, 3, &s));
	assert_string_equal(s.text.data, "\xe2\x80\xa6h i j");
	buf_finish(&s.text);
}

static size_t random_text(struct buf *out, uint64_t *seed, struct spots *spots)
{
	static const char *const pieces[] = {"word", "\xc3\xa4\xc3\xb6", "x",
		"\xe6\x97\xa5\xe6\x9c\xac", "needle", "a1", "\xf0\x9d\x94\x98q"};
	static const char *const gaps[] = {" ", "\n\t", ", ", " \xe2\x80\x94 ", "()", ". \r\n"};
	size_t count = fixture_random(seed, 200);
	uint32_t at = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t p = fixture_random(seed, 7);

		buf_adds(out, pieces[p]);
		buf_adds(out, gaps[fixture_random(seed, 6)]);
		if (p == 4 && spots->count < SPOTS_MAX)
			spots->spot[spots->count++] = (struct spot){at, 0, 1, TOKEN_WORD};
		at += p == 3 ? 2 : 1;
	}
	buf_add(out, "", 0);
	return count;
}

/* Whatever the text, every mark is exactly the word, and a found word is in the passage. */
static void test_random(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct spots *spots = spots_of("");
		struct snippet s = SNIPPET_INIT;
		AUTO_BUF text = BUF_INIT;
		size_t count = random_text(&text, &seed, spots),
		       want = 1 + fixture_random(&seed, 64);

		struct passage p;
		assert_int_equal(snippets_choose(spots, want, 1, &p), 1);
		assert_ok(snippet_make(text.data, text.len, true, spots, &p, want, &s));
		for (size_t i = 0; i < s.mark_count; i++)
			assert_int_equal(
				strncmp(s.text.data + s.marks[i].at, "needle", s.marks[i].len), 0);
		assert_int_equal(s.mark_count > 0, spots->count > 0);
		buf_add(&s.text, "", 0);
		assert_true(utf8_valid(s.text.data, s.text.len));
		assert_null(strpbrk(s.text.data, "\n\t\r"));
		assert_null(strstr(s.text.data, "  "));
		assert_int_equal(count > 0, s.text.len > 0);
		buf_finish(&s.text);
		mem_free(spots);
	}
}

static void test_text(void **state)
{
	const size_t len = 3000000;
	AUTO_FREE char *plain = mem_alloc(len), *packed = mem_alloc(ZSTD_compressBound(len));
	uint64_t seed = 5;
	struct text *t;
	const char *bytes;
	size_t got;
	bool whole;

	(void)state;
	for (size_t i = 0; i < len; i++)
		plain[i] = (char)('a' + fixture_random(&seed, 26));
	size_t packed_len = ZSTD_compress(packed, ZSTD_compressBound(len), plain, len, 1);
	assert_ok(text_create(&t));
	text_begin(t, packed, packed_len);
	assert_ok(text_unpack(t, 1000, &bytes, &got, &whole));
	assert_true(got >= 1000 && got < len && !whole);
	assert_memory_equal(bytes, plain, got);
	assert_ok(text_unpack(t, len + 1, &bytes, &got, &whole));
	assert_true(got == len && whole);
	assert_memory_equal(bytes, plain, len);
	/* cut off, and no frame at all */
	text_begin(t, packed, packed_len / 2);
	assert_int_equal(text_unpack(t, len, &bytes, &got, &whole), ST_CORRUPT);
	text_begin(t, plain, 1000);
	assert_int_equal(text_unpack(t, len, &bytes, &got, &whole), ST_CORRUPT);
	/* nothing, which an absent row is; and as good as before */
	text_begin(t, NULL, 0);
	assert_ok(text_unpack(t, 10, &bytes, &got, &whole));
	assert_true(got == 0 && whole);
	text_begin(t, packed, packed_len);
	assert_ok(text_unpack(t, len, &bytes, &got, &whole));
	assert_true(got == len);
	text_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
