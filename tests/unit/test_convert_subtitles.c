/* test_convert_subtitles: trawl-convert-subtitles over the contract: what is said, without times
 * and markup, in each of its formats. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child subtitles;

static struct reply ask(const char *name, const char *text)
{
	struct reply r;

	child_ask(&subtitles, &(struct question){.name = name, .bytes = text, .len = strlen(text)},
		&r);
	return r;
}

static void test_text(void **state)
{
	static const struct {
		const char *film, *want;
	} cases[] = {
		{"", ""},
		{"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
			"One\nTwo"},
		{"1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>One</i> {\\an8}line\r\n", "One line"},
		/* numbers that are said, a cue without a number, one without a blank line before */
		{"1\n00:00:01,000 --> 00:00:02,000\n42\n\n00:00:03,000 --> 00:00:04,000\nTwo\n3\n"
		 "00:00:05,000 --> 00:00:06,000\nThree",
			"42\nTwo\nThree"},
		{"WEBVTT Kind: captions\n\nSTYLE\n::cue {}\n\nNOTE not\nthis\n\nname\n"
		 "00:01.000 --> 00:02.000 align:start\n<v Anna>a &amp; b &lt;c&gt;</v>\n- d\n",
			"a & b <c>\n- d"},
		{"[Script Info]\nTitle: T\n[Events]\nFormat: Start, Text\n"
		 "Dialogue: 1,{\\i1}One{\\i0}\\Ntwo, three\nComment: 2,not this\n",
			"One two, three"},
		{"{1}{25}One|two\n{30}{40}{y:i}Three\n", "One\ntwo\nThree"},
		{"[ti:T]\n[00:01.00][00:05.00]One\n[00:02]Two\n", "One\nTwo"},
		{"5 < 6 and {7}\n", "5 < 6 and {7}"},
		{"plain words\nof a text\n", "plain words\nof a text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask("a.srt", cases[i].film);

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, cases[i].want);
		reply_finish(&r);
	}
}

static void expect_meta(const char *text, const char *pair)
{
	struct reply r = ask("a", text);

	if (!reply_says(&r, pair))
		fail_msg("%s: %s in %s", text, pair, r.meta);
	reply_finish(&r);
}

static void test_meta(void **state)
{
	(void)state;
	expect_meta("[Script Info]\nTitle: The  Catch\n", "\"title\":\"The Catch\"");
	expect_meta("[ti:The Catch]\n[ar:Anna]\n[00:01.00]One\n", "\"title\":\"The Catch\"");
	expect_meta("[ti:The Catch]\n[ar:Anna]\n[00:01.00]One\n", "\"author\":\"Anna\"");
	expect_meta("1\n00:00:01,000 --> 00:00:02,000\nsch\xf6n und gr\xfc\xdf\x65n\n",
		"\"encoding\":\"WINDOWS-1252\"");
}

static void test_reroute(void **state)
{
	static const struct {
		const char *text, *to;
	} cases[] = {
		{"%PDF-1.4\n%\xe2\xe3", "application/pdf"},
		{"<!DOCTYPE html><p>x", "text/html"},
		{"{\\rtf1 x}", "application/rtf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask("a.srt", cases[i].text);

		assert_int_equal(r.status, -1);
		assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

/* Lines without end come in pieces, and nothing is kept of the film before. */
static void test_long_lines(void **state)
{
	static char line[3 * 1024 * 1024];
	struct reply r;

	(void)state;
	memset(line, 'a', sizeof line);
	child_ask(&subtitles,
		&(struct question){.name = "a.srt", .bytes = line, .len = sizeof line}, &r);
	assert_int_equal(r.status, 0);
	assert_in_range(r.len, sizeof line, sizeof line + 8);
	reply_finish(&r);
	r = ask("b.srt", "1\n00:00:01,000 --> 00:00:02,000\nb\n");
	assert_string_equal(r.text, "b");
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&subtitles, "trawl-convert-subtitles");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&subtitles);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_long_lines),
	};

	return child_is_built("trawl-convert-subtitles")
		       ? cmocka_run_group_tests(tests, start, stop)
		       : 0;
}
