/* test_convert_postscript: trawl-convert-postscript over the contract, on the documents of
 * tests/data: what it says, what it says of others, and what damage does. */
#include "converter_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child child;

static const struct fixture fixtures[] = {
	{.path = "tests/data/page/letter.ps",
		.type = "application/postscript",
		.words = {"Mackerel swim through the ps body."},
		.pairs = {"\"pages\":1"}},
	{.path = "tests/data/page/letter.eps",
		.type = "application/postscript",
		.words = {"Mackerel swim through the eps body."}},
};

enum { FIXTURES = sizeof fixtures / sizeof fixtures[0], DAMAGED = 4 };

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURES; i++)
		fixture_expect(&child, &fixtures[i]);
}

static void test_others(void **state)
{
	static const char html[] = "<!DOCTYPE html><title>Moved</title><p>Elsewhere.";

	(void)state;
	fixture_verdict(&child, fixtures[0].type, html, strlen(html), -1);
	fixture_verdict(&child, fixtures[0].type, "%!PS\nnonsense\n", 14, 65);
}

static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURES; i++)
		fixture_damage(&child, &fixtures[i], DAMAGED);
}

static int start(void **state)
{
	(void)state;
	child_start(&child, "trawl-convert-postscript");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&child);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_damage),
	};

	if (!child_is_built("trawl-convert-postscript")) {
		puts("trawl-convert-postscript is not built here: left out");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
