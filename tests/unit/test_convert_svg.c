/* test_convert_svg: trawl-convert-svg over the contract: what a drawing says, and what its markup
 * does not. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child svg;

static struct reply ask(const char *text, size_t n)
{
	struct reply r;

	child_ask(&svg,
		&(struct question){
			.name = "a.svg", .type = "image/svg+xml", .bytes = text, .len = n},
		&r);
	return r;
}

#define SVG(inside) "<svg xmlns=\"http://www.w3.org/2000/svg\">" inside "</svg>"

static void test_text(void **state)
{
	static const struct {
		const char *drawing, *want;
	} cases[] = {
		{SVG(""), ""},
		{SVG("<text>a</text><g><text>b<tspan>c</tspan></text></g>"), "a\nbc"},
		{SVG("<text>a<tspan dy='1em'>b</tspan></text>"), "a b"},
		{SVG("<title>t</title><desc>d &amp; e</desc><path d='M 1 2'/>no"), "t\nd & e"},
		{SVG("<style>no</style><script>no</script><metadata><text>no</text></metadata>"),
			""},
		{SVG("<foreignObject><div>a</div><div>b<style>no</style></div></foreignObject>"),
			"a b"},
		{"<!DOCTYPE svg [<!ENTITY ns 'http://www.w3.org/2000/svg'><!ENTITY a 'b'>]>"
		 "<svg xmlns='&ns;'><text>&a;c</text></svg>",
			"bc"},
		{"<?xml version='1.0' encoding='iso-8859-1'?><s:svg "
		 "xmlns:s='x'><s:text>\xe9</s:text>"
		 "</s:svg>",
			"é"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].drawing, strlen(cases[i].drawing));

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, cases[i].want);
		reply_finish(&r);
	}
}

static void test_title(void **state)
{
	static const char text[] = SVG("<g><title>no</title></g><title>The Catch</title>");
	struct reply r = ask(text, sizeof text - 1);

	(void)state;
	assert_true(reply_says(&r, "\"title\":\"The Catch\""));
	assert_true(reply_says(&r, "\"type\":\"image/svg+xml\""));
	reply_finish(&r);
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *says;
	} cases[] = {
		{"words", -1, "text/plain"},
		{"<!DOCTYPE html><p>x", -1, "text/html"},
		{SVG("<text>a</g>"), 65, "mismatched"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].text, strlen(cases[i].text));

		assert_int_equal(r.status, cases[i].status);
		assert_non_null(strstr(r.detail, cases[i].says));
		reply_finish(&r);
	}
}

/* A comment longer than what is looked at to tell a type. */
static void test_late_root(void **state)
{
	enum { LONG = 100 * 1024 };
	static const char drawing[] = SVG("<text>late</text>");
	char *text = malloc(LONG + sizeof drawing);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', LONG);
	memcpy(text, "<!--", 4);
	memcpy(text + LONG - 3, "-->", 3);
	memcpy(text + LONG, drawing, sizeof drawing);
	struct reply r = ask(text, LONG + sizeof drawing - 1);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "late");
	reply_finish(&r);
	free(text);
}

static int start(void **state)
{
	(void)state;
	child_start(&svg, "trawl-convert-svg");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&svg);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_title),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_late_root),
	};

	return child_is_built("trawl-convert-svg") ? cmocka_run_group_tests(tests, start, stop) : 0;
}
