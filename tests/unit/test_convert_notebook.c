/* test_convert_notebook: trawl-convert-notebook over the contract: cells of all versions, and JSON
 * that is no notebook. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child notebook;

static struct reply ask_limited(const char *text, uint64_t limit)
{
	struct reply r;

	child_ask(&notebook,
		&(struct question){.name = "a.ipynb",
			.type = "application/x-ipynb+json",
			.limit = limit,
			.bytes = text,
			.len = strlen(text)},
		&r);
	return r;
}

static struct reply ask(const char *text)
{
	return ask_limited(text, 0);
}

#define BOOK(cells) "{\"cells\":[" cells "],\"metadata\":{},\"nbformat\":4}"

static void test_text(void **state)
{
	static const struct {
		const char *book, *want;
	} cases[] = {
		{BOOK(""), ""},
		{BOOK("{\"cell_type\":\"markdown\",\"source\":\"a\"}"), "a\n\n"},
		{BOOK("{\"cell_type\":\"code\",\"source\":[\"a\\n\",\"b\"],\"outputs\":[]}"),
			"a\nb\n\n"},
		{BOOK("{\"cell_type\":\"code\",\"source\":\"a\",\"outputs\":[{\"output_type\":"
		      "\"stream\","
		      "\"text\":[\"b\\n\"]},{\"data\":{\"image/png\":\"QUJD\",\"text/"
		      "plain\":\"c\"}},"
		      "{\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[\"t\"]}]}"),
			"a\nb\n\nc\nE: v\n\n"},
		{BOOK("{\"cell_type\":\"raw\",\"source\":\"\\u00e9\\ud83d\\ude00\",\"attachments\":"
		      "{\"x\":"
		      "{\"image/png\":\"QUJD\"}}}"),
			"é😀\n\n"},
		{"{\"worksheets\":[{\"cells\":[{\"cell_type\":\"code\",\"input\":\"a\",\"outputs\":"
		 "[{\"text\":\"b\",\"png\":\"QUJD\"}]}]}],\"nbformat\":3}",
			"a\nb\n\n"},
		{"\xef\xbb\xbf" BOOK("{\"cell_type\":\"raw\",\"source\":\"a\"}"), "a\n\n"},
		{BOOK("1,null,{},[],{\"source\":7,\"outputs\":{}}"), "\n\n\n\n\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].book);

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, cases[i].want);
		reply_finish(&r);
	}
}

static void test_meta(void **state)
{
	struct reply r =
		ask("{\"cells\":[{\"cell_type\":\"code\",\"source\":\"# no\"},{\"cell_type\":"
		    "\"markdown\",\"source\":[\"text\\n\",\"# The Catch\\n\"]}],\"metadata\":"
		    "{\"authors\":[{\"name\":\"Anna\"}],\"kernelspec\":{\"language\":\"julia\"}}}");

	(void)state;
	assert_true(reply_says(&r, "\"title\":\"The Catch\""));
	assert_true(reply_says(&r, "\"author\":\"Anna\""));
	assert_true(reply_says(&r, "\"language\":\"julia\""));
	reply_finish(&r);
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *to;
	} cases[] = {
		{"{\"a\":1}", -1, "text/plain"},
		{"[1]", -1, "text/plain"},
		{"words", -1, "text/plain"},
		{"%PDF-1.4\n%\xe2\xe3", -1, "application/pdf"},
		{"{\"cells\": [{\"cell_type\": \"mark", 65, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].text);

		assert_int_equal(r.status, cases[i].status);
		if (cases[i].to)
			assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

static void test_limit(void **state)
{
	struct reply r = ask_limited(BOOK("{\"source\":\"abcdef\"},{\"source\":\"ghi\"}"), 4);

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "abcd");
	assert_true(r.truncated);
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&notebook, "trawl-convert-notebook");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&notebook);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_limit),
	};

	return child_is_built("trawl-convert-notebook") ? cmocka_run_group_tests(tests, start, stop)
							: 0;
}
