/* test_convert_djvu: trawl-convert-djvu over the contract, on the documents of tests/data: what it
 * says, what it says of others, and what damage does. */
#include "converter_fixture.h"

static const struct fixture fixtures[] = {
	{.path = "tests/data/page/book.djvu",
		.type = "image/vnd.djvu",
		.words = {"Mackerel swim through the djvu body\nand on its second line",
			"\fSecond page sunk in the djvu book", "\fBookmark tied in djvu"},
		.pairs = {"\"title\":\"Catch of the djvu\"", "\"author\":\"Anna Fischer\"",
			"\"pages\":2"}},
};

static void others(struct child *c, const char *type)
{
	fixture_verdict(c, type, "AT&TFORM\0\0\0\4DJVUnone", 20, 65);
}

/* Cut copies only: DjVuLibre 3.5.28 writes to address 0 where a text layer says that it is empty,
 * which a flipped bit makes it say soon.  The worker takes that for the crash that it is. */
int main(void)
{
	return fixture_main(&(struct fixture_suite){
		.program = "trawl-convert-djvu",
		.fixtures = fixtures,
		.count = sizeof fixtures / sizeof fixtures[0],
		.damaged = 0,
		.others = others,
	});
}
