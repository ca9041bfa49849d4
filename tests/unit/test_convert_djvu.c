/* test_convert_djvu: trawl-convert-djvu over the contract, on the documents of tests/data: what it
 * says, what it says of others, and what damage does. */
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
	{.path = "tests/data/page/book.djvu",
		.type = "image/vnd.djvu",
		.words = {"Mackerel swim through the djvu body\nand on its second line",
			"\fSecond page sunk in the djvu book", "\fBookmark tied in djvu"},
		.pairs = {"\"title\":\"Catch of the djvu\"", "\"author\":\"Anna Fischer\"",
			"\"pages\":2"}},
};

enum { FIXTURES = sizeof fixtures / sizeof fixtures[0], DAMAGED = 0 };

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
	fixture_verdict(&child, fixtures[0].type, "AT&TFORM\0\0\0\4DJVUnone", 20, 65);
}

/* Cut copies only: DjVuLibre 3.5.28 writes to address 0 where a text layer says that it is empty,
 * which a flipped bit makes it say soon.  The worker takes that for the crash that it is. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURES; i++)
		fixture_damage(&child, &fixtures[i], DAMAGED);
}

static int start(void **state)
{
	(void)state;
	child_start(&child, "trawl-convert-djvu");
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

	if (!child_is_built("trawl-convert-djvu")) {
		puts("trawl-convert-djvu is not built here: left out");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
