/* test_convert_mobi: trawl-convert-mobi over the contract, on the documents of tests/data: what it
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
	{.path = "tests/data/book/book.mobi",
		.type = "application/x-mobipocket-ebook",
		.words = {"Mackerel swim through the mobi body, past the Küste",
			"Cell netted in the mobi\t7301", "Second chapter\n"},
		.pairs = {"\"title\":\"Catch of the mobi\"", "\"author\":\"Anna Fischer\"",
			"\"lang\":\"en\"", "\"created\":1614816000"},
		.never = "<p"},
	{.path = "tests/data/book/book.azw3",
		.type = "application/vnd.amazon.ebook",
		.words = {"Mackerel swim through the azw3 body", "A quotation from the azw3 crew."},
		.pairs = {"\"title\":\"Catch of the azw3\"", "\"author\":\"Anna Fischer\""},
		.never = "margin"},
};

enum { FIXTURES = sizeof fixtures / sizeof fixtures[0], DAMAGED = 200 };

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
	size_t n;
	char *book = fixture_load("tests/data/book/book.mobi", &n);

	/* the first record says how its text is encrypted */
	size_t record = (size_t)(uint8_t)book[80] << 8 | (uint8_t)book[81];
	book[record + 13] = 2;
	fixture_verdict(&child, fixtures[0].type, book, n, 77);
	book[record + 13] = 0;
	fixture_verdict(&child, fixtures[0].type, book, 90, 65);
	free(book);
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
	child_start(&child, "trawl-convert-mobi");
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

	if (!child_is_built("trawl-convert-mobi")) {
		puts("trawl-convert-mobi is not built here: left out");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
