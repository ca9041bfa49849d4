/* test_convert_html: trawl-convert-html over the contract: text and breaks, head, encodings, pages
 * meant to hurt. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child html;

static struct reply ask(const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&html,
		&(struct question){.name = "a.html", .type = "text/html", .bytes = bytes, .len = n},
		&r);
	return r;
}

static void expect_text(const char *page, const char *want)
{
	struct reply r = ask(page, strlen(page));

	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, want);
	reply_finish(&r);
}

static void expect_meta(const char *page, const char *pair, bool there)
{
	struct reply r = ask(page, strlen(page));

	if (reply_says(&r, pair) != there)
		fail_msg("%s: %s in %s", page, pair, r.meta);
	reply_finish(&r);
}

/* --- text ------------------------------------------------------------------------------------- */

static void test_text(void **state)
{
	static const struct {
		const char *page, *want;
	} cases[] = {
		{"", ""},
		{"no markup\nat all", "no markup at all"},
		{"<p>a</p><p>b</p>", "a\n\nb"},
		{"<p>a<p>b", "a\n\nb"},
		{"a<br>b<div>c</div>d", "a\nb\n\nc\nd"},
		{"un<b>bro</b>ken <i> word</i>s", "unbroken words"},
		{"a &amp; b &lt;c&gt; &eacute;&#x263a;&nbsp;d", "a & b <c> é☺ d"},
		{"in&shy;formation", "information"},
		{"<table><tr><td>1<td>2</tr><tr><td>3<td>4</table>", "1\t2\n3\t4"},
		{"<ul><li>x<li>y</ul>z", "x\ny\n\nz"},
		{"a<script>b<p>c</script>d", "a d"},
		{"a<style>b</style>c<noscript>d</noscript>e<template>f</template>g", "a c e g"},
		{"x<img src=i alt='a boat'>y<img src=i>z", "x a boat yz"},
		{"<pre>\n a  b\n   c\n</pre>d  e", " a  b\n   c\n\nd e"},
		{"<title>t</title><p>x", "x"},
		{"<svg><title>drawn</title></svg>x", "drawn x"},
		{"a</html>b<p>c</body>d", "a\n\nb\n\nc\n\nd"},
		{"wing<a epub:type=noteref href=#n><sup>1</sup></a> nut", "wing 1 nut"},
		{"wing<a class=\"footnote-ref\"><sup>1</sup></a>, x<sup>2</sup>", "wing 1, x2"},
		{"</p>a", "a"},
		{"a<!-- b -->c", "ac"},
		{"5 < 6 and a&b &nosuch; c", "5 < 6 and a&b &nosuch; c"},
		{"<p>x</p><meta name=keywords content='k1, k2'><meta name=description content=d>",
			"x\n\nd\n\nk1, k2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_text(cases[i].page, cases[i].want);
}

static void test_meta(void **state)
{
	(void)state;
	expect_meta("<title> A &amp;\n \"B\" </title>", "\"title\":\"A & \\\"B\\\"\"", true);
	expect_meta("<svg><title>no</title></svg>", "\"title\"", false);
	expect_meta(
		"<title>first</title><svg><title>no</title></svg>", "\"title\":\"first\"", true);
	expect_meta("<META NAME=Author CONTENT='A. Fisher'>", "\"author\":\"A. Fisher\"", true);
	expect_meta("<meta name=description content='about'>", "\"description\":\"about\"", true);
	expect_meta("<html lang=de>x", "\"lang\":\"de\"", true);
	expect_meta("<meta name=date content='2020-02-03T04:05:06+01:00'>",
		"\"created\":1580699106", true);
	expect_meta("<meta property='article:published_time' content='2020-02-03'>",
		"\"created\":1580688000", true);
	expect_meta("<meta name=date content='soon'>", "\"created\"", false);
	expect_meta("x", "\"type\":\"text/html\"", true);
}

static void test_long_title_is_cut(void **state)
{
	enum { LEN = 100000 };
	char *page = malloc(LEN + 32);

	(void)state;
	assert_non_null(page);
	strcpy(page, "<title>");
	/* a three-byte character at every offset that the cut can hit */
	for (size_t i = 0; i < LEN / 3; i++)
		memcpy(page + 7 + 3 * i, "€", 3);
	struct reply r = ask(page, 7 + LEN / 3 * 3);
	assert_int_equal(r.status, 0);
	assert_true(strlen(r.meta) > 3000 && strlen(r.meta) < 6000);
	assert_null(strstr(r.meta, "\xef\xbf\xbd"));
	reply_finish(&r);
	free(page);
}

/* --- encodings -------------------------------------------------------------------------------- */

static void test_encodings(void **state)
{
	static const struct {
		const char *page;
		size_t len; /* 0: strlen */
		const char *encoding;
	} cases[] = {
		{"<meta charset=utf-8>\xc3\xa9", 0, "UTF-8"},
		{"\xc3\xa9", 0, "UTF-8"},
		{"\xef\xbb\xbf<meta charset=koi8-r>\xc3\xa9", 0, "UTF-8"},
		{"<meta charset=\"iso-8859-1\">\xe9", 0, "WINDOWS-1252"},
		{"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-2'>\xe9", 0,
			"ISO-8859-2"},
		{"<?xml version=\"1.0\" encoding=\"windows-1250\"?><html>\xe9", 0, "WINDOWS-1250"},
		{"<meta charset=koi8-u>\xa4", 0, "KOI8-U"},
		{"<meta charset=no-such-thing>caf\xe9", 0, "WINDOWS-1252"},
		{"<meta charset=utf-16>caf\xe9", 0, "WINDOWS-1252"},
		{"\xff\xfe<\0p\0>\0\xe9\0", 10, "UTF-16LE"},
		{"\0<\0p\0>\0\xe9", 8, "UTF-16BE"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r =
			ask(cases[i].page, cases[i].len ? cases[i].len : strlen(cases[i].page));
		char pair[64];

		snprintf(pair, sizeof pair, "\"encoding\":\"%s\"", cases[i].encoding);
		assert_int_equal(r.status, 0);
		if (!reply_says(&r, pair))
			fail_msg("%s, not %s", r.meta, cases[i].encoding);
		assert_non_null(strstr(r.text, strcmp(cases[i].encoding, "KOI8-U") ? "é" : "є"));
		reply_finish(&r);
	}
}

static void test_other_content(void **state)
{
	static const char binary[] =
		"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\x01\0\0\0\0";
	struct reply r = ask("%PDF-1.4\n", 9);

	(void)state;
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "application/pdf");
	reply_finish(&r);
	r = ask(binary, sizeof binary - 1);
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "image/gif");
	reply_finish(&r);
}

/* --- pages meant to hurt ---------------------------------------------------------------------- */

/* `unit` over and over, then a word that must be found. */
static void survive(const char *unit, size_t times, bool found)
{
	size_t len = strlen(unit);
	char *page = malloc(len * times + 16);

	assert_non_null(page);
	for (size_t i = 0; i < times; i++)
		memcpy(page + i * len, unit, len);
	memcpy(page + len * times, "> needle", 9);
	struct reply r = ask(page, len * times + 8);
	assert_int_equal(r.status, 0);
	if ((strstr(r.text, "needle") != NULL) != found)
		fail_msg("%zu of %s", times, unit);
	reply_finish(&r);
	free(page);
}

static void test_hostile(void **state)
{
	(void)state;
	survive("<div>", 100000, true);
	survive("<b>", 1000000, true);
	survive("<b></i>", 500000, true);
	survive("</p>", 500000, true);
	survive("<table><tr><td>", 100000, true);
	survive("<", 1000000, true);
	survive("&", 200000, true);
	survive("<template>", 100000, false); /* its content is no text of the page */
	survive("<a b=c>", 200000, true);
	survive("<!-- ", 200000, false); /* a comment without end is no text */
	survive("x</html>", 10000, true);
	survive("x</html>", 30000, false); /* the end of patience: cut, and said so */
}

static void test_limit(void **state)
{
	struct reply r;

	(void)state;
	child_ask(&html, &(struct question){.bytes = "<p>123456<p>789", .len = 15, .limit = 6}, &r);
	assert_string_equal(r.text, "123456");
	assert_true(r.truncated);
	reply_finish(&r);
	child_ask(
		&html, &(struct question){.bytes = "<p>123456<p>789", .len = 15, .limit = 11}, &r);
	assert_string_equal(r.text, "123456\n\n789");
	assert_false(r.truncated);
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&html, "trawl-convert-html");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&html);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_long_title_is_cut),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_other_content),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
