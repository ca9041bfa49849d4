/* test_convert_chm: trawl-convert-chm over the contract, on the documents of tests/data: what it
 * says, what it says of others, and what damage does. */
#include "converter_fixture.h"

#include <stdlib.h>
#include <string.h>

static const struct fixture fixtures[] = {
	{.path = "tests/data/book/book.chm",
		.type = "application/vnd.ms-htmlhelp",
		.words = {"Second page sunk in the chm book.", "Harbour chapter of the chm\n",
			"Mackerel swim through the chm body."},
		.pairs = {"\"title\":\"Catch of the chm\"", "\"lang\":\"en\""},
		.never = "squidscript"},
};

static void others(struct child *c, const char *type)
{
	enum { DIRECTORY = 0x78, BLOCK_LEN_AT = DIRECTORY + 0x10, NEXT_AT = DIRECTORY + 0x54 + 0x10 };
	size_t n;
	char *bytes = fixture_load(fixtures[0].path, &n);

	fixture_verdict(c, type, "ITSF and nothing", 16, 65);
	/* What is compressed is not in the directory, whose only block is its own successor: nobody looks for it for ever. */
	char *name = memmem(bytes, n, "/MSCompressed/Content", strlen("/MSCompressed/Content"));
	name[strlen("/MSCompressed/")] = 'X';
	memset(bytes + NEXT_AT, 0, 4);
	fixture_verdict(c, type, bytes, n, 65);
	memset(bytes + BLOCK_LEN_AT, 0, 4);
	fixture_verdict(c, type, bytes, n, 65);
	memset(bytes + BLOCK_LEN_AT, 0xff, 4);
	fixture_verdict(c, type, bytes, n, 65);
	free(bytes);
}

int main(void)
{
	return fixture_main(&(struct fixture_suite){
		.program = "trawl-convert-chm",
		.fixtures = fixtures,
		.count = sizeof fixtures / sizeof fixtures[0],
		.damaged = 200,
		.others = others,
	});
}
