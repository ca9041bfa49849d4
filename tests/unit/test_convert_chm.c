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

enum {
	CONTENT_AT = 0x58, /* where the members begin: behind the directory */
	DIRECTORY = 0x78,
	BLOCK_LEN_AT = DIRECTORY + 0x10,
	DEPTH_AT = DIRECTORY + 0x18,
	ROOT_AT = DIRECTORY + 0x1c, /* the block of the index to begin at */
	BLOCKS_AT = DIRECTORY + 0x2c,
	FIRST_BLOCK = DIRECTORY + 0x54,
	BLOCK_LEN = 0x1000,
};

/*
 * The document with an index in a second block whose only entry leads to itself, and with the name of what is compressed
 * spoiled in the first one, so that who wants it asks the index.
 */
static char *with_circular_index(const char *bytes, size_t n)
{
	static const char entry[] = {1, '!', 1};
	const size_t at = FIRST_BLOCK + BLOCK_LEN;
	char *out = calloc(1, n + BLOCK_LEN);

	memcpy(out, bytes, at);
	memcpy(out + at, "PMGI", 4);
	out[at + 4] = (char)((BLOCK_LEN - 8 - sizeof entry) & 0xff); /* bytes that are free */
	out[at + 5] = (char)((BLOCK_LEN - 8 - sizeof entry) >> 8);
	memcpy(out + at + 8, entry, sizeof entry);
	out[at + BLOCK_LEN - 2] = 1; /* entry */
	memcpy(out + at + BLOCK_LEN, bytes + at, n - at);
	out[CONTENT_AT + 1] = (char)(out[CONTENT_AT + 1] + (BLOCK_LEN >> 8));
	out[DEPTH_AT] = 2;
	memcpy(out + ROOT_AT, "\1\0\0", 4);
	out[BLOCKS_AT] = 2;
	char *name = memmem(out, at, "/MSCompressed/Content", strlen("/MSCompressed/Content"));
	name[strlen("/MSCompressed/")] = 'X';
	return out;
}

static void others(struct child *c, const char *type)
{
	size_t n;
	char *bytes = fixture_load(fixtures[0].path, &n), *circular = with_circular_index(bytes, n);

	fixture_verdict(c, type, "ITSF and nothing", 16, 65);
	fixture_verdict(c, type, circular, n + BLOCK_LEN, 65);
	memset(bytes + BLOCK_LEN_AT, 0, 4);
	fixture_verdict(c, type, bytes, n, 65);
	memset(bytes + BLOCK_LEN_AT, 0xff, 4);
	fixture_verdict(c, type, bytes, n, 65);
	free(circular);
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
