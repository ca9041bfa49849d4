/* test_convert_rtf: trawl-convert-rtf over the contract: text, code pages, destinations, what is
 * cut or meant to hurt. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child rtf;

static struct reply ask(const char *bytes, size_t n)
{
	struct reply r;

	child_ask(&rtf,
		&(struct question){
			.name = "a.rtf", .type = "application/rtf", .bytes = bytes, .len = n},
		&r);
	return r;
}

static void expect(const char *document, const char *want)
{
	struct reply r = ask(document, strlen(document));

	if (r.status != 0)
		fail_msg("%s: %d, %s", document, r.status, r.detail);
	assert_string_equal(r.text, want);
	assert_false(r.truncated);
	reply_finish(&r);
}

static void test_text(void **state)
{
	static const struct {
		const char *document, *want;
	} cases[] = {
		{"{\\rtf1 plain}", "plain"},
		{"\xef\xbb\xbf{\\rtf1 marked}", "marked"},
		{"{\\rtf1 a\\par b\\par\npart\ned\\line c\\tab d}", "a\nb\nparted\nc\td"},
		{"{\\rtf1 un{\\b bro}ken\\b0  words}", "unbroken words"},
		{"{\\rtf1 \\{a\\}\\\\b\\~c\\_d\\-e}", "{a}\\b c-de"},
		{"{\\rtf1 \\lquote a\\rquote\\emdash b}", "‘a’—b"},
		{"{\\rtf1 a\\\nb}", "a\nb"},
		{"{\\rtf1\\trowd a\\cell b\\cell\\row c\\cell\\row}", "a\tb\nc"},
		{"{\\rtf1 shown{\\v hidden}{\\deleted gone} on\\v x\\v0 y}", "shown ony"},
		{"{\\rtf1 a\\bin5 {\\}}}b}", "ab"},
		{"{\\rtf1 a\\'00b\\'zz}", "ab?zz"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(cases[i].document, cases[i].want);
}

static void test_encodings(void **state)
{
	static const struct {
		const char *document, *want;
	} cases[] = {
		{"{\\rtf1\\ansi caf\\'e9 \\'80}", "café €"},
		{"{\\rtf1\\ansi\\ansicpg1251 \\'ca\\'ed}", "Кн"},
		{"{\\rtf1\\mac caf\\'8e}", "café"},
		{"{\\rtf1\\pc caf\\'82}", "café"},
		/* the font decides; a double byte may be half a letter of ASCII */
		{"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}"
		 "{\\f2\\fcharset128 C;}{\\f3\\fcharset2 Symbol;}}\\'e9 {\\f1\\'ca}"
		 "{\\f2\\'83e\\'83\\'58}{\\f3 abc}\\'e9}",
			"é Кテスé"},
		{"{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset204 B;}}\\f1\\'ca\\plain\\'ca}", "КÊ"},
		{"{\\rtf1\\u8364?\\u-10179?\\u-8704?b}", "€😀b"},
		{"{\\rtf1\\uc2\\u8364ab{\\uc0\\u8364}c\\u8364\\'e2\\'82d}", "€€c€d"},
		{"{\\rtf1\\u8220\\ldblquote a\\uc0\\u8221 b\\u960\\par c}", "“a”bπ\nc"},
		{"{\\rtf1\\u-3913?\\u55357?x}", "x"},
		{"{\\rtf1\\ansicpg65001 \\'c3\\'a9}", "é"},
		{"{\\rtf1\\ansicpg99999 caf\\'e9}", "café"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(cases[i].document, cases[i].want);
}

static void test_destinations(void **state)
{
	static const struct {
		const char *document, *want;
	} cases[] = {
		{"{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red1;}{\\stylesheet{Normal;}}x}",
			"x"},
		{"{\\rtf1{\\*\\unknown no}{\\unknown yes}}", "yes"},
		{"{\\rtf1 a{\\pict\\pngblip 89504e47}b{\\*\\shppict{\\pict 00}}c}", "abc"},
		{"{\\rtf1{\\field{\\*\\fldinst HYPERLINK x}{\\fldrslt link}} on}", "link on"},
		{"{\\rtf1 the word{\\footnote\\pard noted} goes on\\par next}",
			"the word goes on\nnoted\nnext"},
		{"{\\rtf1{\\header\\pard head\\par}body\\par}", "body\nhead"},
		{"{\\rtf1 a{\\*\\annotation remark}b\\par}", "ab\nremark"},
		{"{\\rtf1{\\shp{\\*\\shpinst{\\sp{\\sn n}{\\sv 1}}{\\shptxt box\\par}}{\\shprslt "
		 "box}}a"
		 "\\par}",
			"a\nbox"},
		{"{\\rtf1{\\object{\\*\\objdata 0105}{\\result seen}}}", "seen"},
		{"{\\rtf1 a{\\upr{old}{\\*\\ud{new}}}b}", "anewb"},
		{"{\\rtf1 a}behind the end", "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(cases[i].document, cases[i].want);
}

static void test_meta(void **state)
{
	static const char document[] = "{\\rtf1\\deflang1031{\\info{\\title A {\\b "
				       "t\\'eftle}}{\\author Ann}{\\author Bob}{\\author Ann}{\\operator Ed}"
				       "{\\subject subj}{\\keywords k1}{\\doccomm "
				       "about}{\\creatim\\yr2020\\mo2\\dy3\\hr4\\min5}"
				       "{\\nofpages3}{\\*\\company no}}text}";
	static const char *const pairs[] = {"\"title\":\"A tïtle\"", "\"author\":\"Ann, Bob\"",
		"\"editor\":\"Ed\"", "\"subject\":\"subj\"", "\"keywords\":\"k1\"",
		"\"description\":\"about\"", "\"created\":1580702700", "\"pages\":3",
		"\"lang\":\"de\"", "\"type\":\"application/rtf\""};
	struct reply r = ask(document, sizeof document - 1);

	(void)state;
	assert_string_equal(r.text, "text\n\nsubj\n\nabout\n\nk1");
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (!reply_says(&r, pairs[i]))
			fail_msg("%s in %s", pairs[i], r.meta);
	reply_finish(&r);
}

static void test_cut(void **state)
{
	struct reply r = ask("{\\rtf1 a{\\b b{\\footnote c", 25);

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "ab\nc");
	assert_true(r.truncated);
	reply_finish(&r);
	r = ask("no such thing", 13);
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "text/plain");
	reply_finish(&r);
}

/* A unit over and over. */
static struct reply ask_repeated(const char *before, const char *unit, size_t times)
{
	size_t head = strlen(before), len = strlen(unit);
	char *document = malloc(head + len * times + 1);

	assert_non_null(document);
	strcpy(document, before);
	for (size_t i = 0; i < times; i++)
		memcpy(document + head + i * len, unit, len);
	struct reply r = ask(document, head + len * times);
	free(document);
	return r;
}

static void test_hostile(void **state)
{
	static const struct {
		const char *unit;
		size_t times;
		int status;
	} cases[] = {
		{"{", 1000000, 65},
		{"}", 1000000, 0},
		{"\\", 1000001, 0},
		{"{\\footnote x}", 200000, 0},
		{"{}", 1000000, 0},
		{"{\\fonttbl{\\f1\\fcharset2}}", 200000, 0},
		{"\\f1\\'ff\\f2\\'fe", 200000, 0},
		{"\\u-10179", 500000, 0},
		{"\\aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100000, 0},
		{"\\bin999999999 ", 100000, 0},
		{"\\f-1\\fcharset-1\\uc-5\\ansicpg-7\\'ff", 100000, 0},
		{"{\\info{\\title x}{\\author y}}", 100000, 0},
		{"\\'ff", 1000000, 0},
	};
	time_t begun = time(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask_repeated("{\\rtf1 ", cases[i].unit, cases[i].times);

		if (r.status != cases[i].status)
			fail_msg("%s: %d", cases[i].unit, r.status);
		reply_finish(&r);
	}
	assert_true(time(NULL) - begun < 30);
}

static void test_limit(void **state)
{
	struct reply r;

	(void)state;
	child_ask(&rtf,
		&(struct question){.bytes = "{\\rtf1 123456\\par 7}", .len = 20, .limit = 4}, &r);
	assert_string_equal(r.text, "1234");
	assert_true(r.truncated);
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&rtf, "trawl-convert-rtf");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&rtf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
