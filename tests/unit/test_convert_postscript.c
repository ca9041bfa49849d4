/* test_convert_postscript: trawl-convert-postscript over the contract, on the documents of
 * tests/data: what it says, what it says of others, and what damage does. */
#include "converter_fixture.h"

static const struct fixture fixtures[] = {
	{.path = "tests/data/page/letter.ps",
		.type = "application/postscript",
		.words = {"Mackerel swim through the ps body."},
		.pairs = {"\"pages\":1"}},
	{.path = "tests/data/page/letter.eps",
		.type = "application/postscript",
		.words = {"Mackerel swim through the eps body."}},
};

static void others(struct child *c, const char *type)
{
	fixture_verdict(c, type, "%!PS\nnonsense\n", 14, 65);
}

int main(void)
{
	return fixture_main(&(struct fixture_suite){
		.program = "trawl-convert-postscript",
		.fixtures = fixtures,
		.count = sizeof fixtures / sizeof fixtures[0],
		.damaged = 4,
		.others = others,
	});
}
