/* snippet: the passage, its marks, its cuts. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/path.h"
#include "search/snippet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * "offset.phrase offset.phrase …", each of one token, or "offset.phrase+size"; behind it "p", "l" or "s" where the phrase
 * ends in a pair, a lone character, a sign.
 */
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
		enum token_kind ending = *s == 'p'   ? TOKEN_PAIR
					 : *s == 'l' ? TOKEN_LONE
					 : *s == 's' ? TOKEN_SIGNED
						     : TOKEN_WORD;
		s += ending != TOKEN_WORD;
		out->spot[out->count++] =
			(struct spot){offset, (uint16_t)phrase, (uint16_t)size, ending};
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
	/* what little is before the first mark is shown, unless it takes too much */
	{"a b c d e f g h", "2.0", 5, "a b [c] d e\xe2\x80\xa6"},
	{"a b c d e f g h", "3.0", 5, "\xe2\x80\xa6" "c [d] e f g\xe2\x80\xa6"},
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
	/* the text ends before the passage is full: what is before has the room */
	{"a b c d e f g h", "7.0", 4, "\u2026e f g [h]"},
	{"a b c d e f g h", "7.0", 8, "a b c d e f g [h]"},
	{"a b c d 一二三", "6.0l", 2, "\u2026d 一二[三]"},
	/* the window ends within a phrase */
	{"x a b c", "1.0+3", 2, "\xe2\x80\xa6[a b]\xe2\x80\xa6"},
	/* scripts without spaces: a pair's mark is two characters, overlapping ones are one */
	{"日本語の文書", "1.0p", 16, "日[本語]の文書"},
	{"日本語の文書", "1.0l", 16, "日[本]語の文書"},
	{"日本語の文書", "0.0+2p", 16, "[日本語]の文書"},
	{"日本語の文書", "0.0p 1.1p 4.2p", 16, "[日本語]の[文書]"},
	{"日本語の文書", "0.0p 2.1p", 16, "[日本][語の]文書"},
	{"日本語の文書", "0.0l 1.1l", 16, "[日][本]語の文書"},
	{"日本語。文書", "2.0+2p", 16, "日本[語。文書]"},
	{"日本 abc", "0.0+3", 16, "[日本 abc]"},
	{"abc日本", "0.0+2p", 16, "[abc日本]"},
	{"abc日本", "0.0+2l", 16, "[abc日]本"},
	/* three characters are as long as a word */
	{"一二三四五六七八九十", "", 2, "一二三四五六\u2026"},
	{"一二三四五六七八九十", "6.0p", 2, "\u2026五六[七八]九十"},
	{"一二三四五六七八九十", "2.0p", 2, "一二[三四]五六\u2026"},
	{"一二三四五六七八九十", "9.0l", 1, "\u2026八九[十]"},
	{"ab 一二三四", "", 2, "ab 一二三\u2026"},
	/* vowels and tones stay on their letters, at both ends, and are marked with them */
	{"กที่ขค", "", 1, "กที่\u2026"},
	{"กที่ขค", "2.0p", 1, "\u2026[ที่]ข\u2026"},
	{"กที่ขค", "1.0l", 16, "ก[ที่]ขค"},
	{"กก \u0e35\u0e48ข", "2.0p", 1, "\u2026[\u0e35\u0e48]ข"},
	/* signs */
	{"we use C++ now", "2.0s", 16, "we use [C++] now"},
	{"we use C++ now", "2.0", 16, "we use [C]++ now"},
	{"we use C++ now", "1.0+2s", 16, "we [use C++] now"},
	{"we use C++ now", "2.0+2", 16, "we use [C++ now]"},
	{"we use C++", "2.0s", 1, "\u2026[C++]"},
	{"we use C++ now", "2.0s", 1, "\u2026[C++]\u2026"},
	/* full width */
	{"ＡＢＣ！ｄ", "0.0", 16, "[ＡＢＣ]！ｄ"},
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

/* "start-limit start-limit …" of the passages, best first; "" for no limit. */
static char *choose(const char *places, size_t want, size_t count)
{
	struct spots *spots = spots_of(places);
	struct passage p[SNIPPETS_MAX];
	size_t chosen = snippets_choose(spots, want, count, p);
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < chosen; i++) {
		buf_addf(&out, "%s%zu-", i ? " " : "", p[i].start);
		if (p[i].limit != SIZE_MAX)
			buf_addf(&out, "%zu", p[i].limit);
	}
	mem_free(spots);
	return buf_take(&out);
}

static const struct {
	const char *places;
	size_t want, count;
	const char *chosen;
} choices[] = {
	{"", 10, 8, "0-"},
	{"50.0", 9, 8, "48-"},
	{"50.0 51.0 52.0", 9, 8, "48-"},
	{"0.0 100.0 200.0", 9, 2, "0-98 98-"},
	{"0.0 100.0 200.0", 9, 8, "0-98 98-198 198-"},
	/* both words beat one, then what is new, then what is earlier */
	{"0.0 100.0 101.1 200.1", 9, 1, "99-"},
	{"0.0 100.0 101.1 200.1", 9, 3, "99-198 0-99 198-"},
	{"0.0 20.0 40.0 60.1", 9, 2, "0-58 58-"},
	/* of a script without spaces a passage has three times as many tokens */
	{"50.0p 70.0p", 9, 8, "44-"},
	{"50.0p 77.0p", 9, 8, "44-71 71-"},
	/* none lies over another */
	{"0.0 5.0 12.0 14.0", 9, 8, "0-10 10-"},
};

static void test_choices(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		AUTO_FREE char *s = choose(choices[i].places, choices[i].want, choices[i].count);

		if (strcmp(s, choices[i].chosen) != 0)
			fail_msg("%s: %s instead of %s", choices[i].places, s, choices[i].chosen);
	}
}

/* Whatever the places, passages keep apart, and the first is the one that is chosen alone. */
static void test_choices_random(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct spots *spots = spots_of("");
		struct passage p[SNIPPETS_MAX], alone;
		size_t want = 1 + fixture_random(&seed, 64);
		uint32_t at = 0;

		for (uint32_t n = fixture_random(&seed, SPOTS_MAX + 1); n; n--) {
			at += fixture_random(&seed, 30);
			spots->spot[spots->count++] = (struct spot){at,
				(uint16_t)fixture_random(&seed, 5),
				(uint16_t)(1 + fixture_random(&seed, 3)), TOKEN_WORD};
		}
		size_t count = 1 + fixture_random(&seed, SNIPPETS_MAX);
		size_t chosen = snippets_choose(spots, want, count, p);
		assert_in_range(chosen, 1, count);
		for (size_t i = 0; i < chosen; i++)
			for (size_t j = 0; j < chosen; j++)
				assert_true(i == j || p[i].start + want <= p[j].start ||
					    p[j].start + want <= p[i].start);
		assert_int_equal(snippets_choose(spots, want, 1, &alone), 1);
		assert_int_equal(alone.start, p[0].start);
		mem_free(spots);
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
	static const struct passage middle = {2, 0, SIZE_MAX}, last = {7, 0, SIZE_MAX},
				    other = {7, 6, SIZE_MAX};
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
	/* the text ends before the passage is full: it begins earlier, but not within another one */
	assert_ok(snippet_make(text, strlen(text), true, NULL, &last, 5, &s));
	assert_string_equal(s.text.data, "\xe2\x80\xa6" "f g h i j");
	assert_ok(snippet_make(text, strlen(text), true, NULL, &last, 64, &s));
	assert_string_equal(s.text.data, text);
	assert_ok(snippet_make(text, strlen(text), true, NULL, &other, 64, &s));
	assert_string_equal(s.text.data, "\xe2\x80\xa6g h i j");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_choices_random),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
