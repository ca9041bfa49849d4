/* test_convert_mobi: trawl-convert-mobi over the contract, on the documents of tests/data: what it
 * says, what it says of others, and what damage does. */
#include "converter_fixture.h"

#include <stdlib.h>

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

static void others(struct child *c, const char *type)
{
	size_t n;
	char *book = fixture_load("tests/data/book/book.mobi", &n);

	/* the first record says how its text is encrypted */
	size_t record = (size_t)(uint8_t)book[80] << 8 | (uint8_t)book[81];
	book[record + 13] = 2;
	fixture_verdict(c, type, book, n, 77);
	book[record + 13] = 0;
	fixture_verdict(c, type, book, 90, 65);
	free(book);
}

int main(void)
{
	return fixture_main(&(struct fixture_suite){
		.program = "trawl-convert-mobi",
		.fixtures = fixtures,
		.count = sizeof fixtures / sizeof fixtures[0],
		.damaged = 200,
		.others = others,
	});
}
