/* fuzz_convert_book: the handler of trawl-convert-book on any bytes, and on packages whose one
 * member is any bytes. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/book.c"

#include "fuzz_convert.h"
#include "fuzz_package.h"

#define CONTAINER \
	{ \
		"META-INF/container.xml", "<c><rootfile full-path='b.opf'/></c>" \
	}

static const struct fuzz_member container[] = {
	{"META-INF/container.xml", NULL}, {"b.opf", "<a/>"}, {NULL, NULL}};
static const struct fuzz_member encryption[] = {
	CONTAINER, {"META-INF/encryption.xml", NULL}, {"b.opf", "<a/>"}, {NULL, NULL}};
static const struct fuzz_member opf[] = {
	CONTAINER, {"b.opf", NULL}, {"a.html", "<p>a"}, {"b.html", "b"}, {NULL, NULL}};
static const struct fuzz_member chapter[] = {CONTAINER,
	{"b.opf", "<p><dc:title>t</dc:title><dc:subject>s</dc:subject><item id='a' href='a.html'/>"
		  "<itemref idref='a'/><itemref idref='a'/></p>"},
	{"a.html", NULL}, {NULL, NULL}};
static const struct fuzz_member fiction[] = {{"a.fb2", NULL}, {NULL, NULL}};
static const struct fuzz_member *const packages[] = {container, encryption, opf, chapter, fiction};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_package(&book_converter, "a.epub", packages, sizeof packages / sizeof packages[0],
		data, size);
	return 0;
}
