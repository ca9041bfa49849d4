/* test_convert_picture: trawl-convert-picture as a worker sees it, on JPEGs made by hand. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { ROOM = 64 * 1024, ASCII = 2, ENTRY = 12 };

static struct child picture;

struct jpeg {
	size_t len;
	unsigned char bytes[ROOM];
};

static void put(struct jpeg *j, const void *bytes, size_t n)
{
	assert_true(j->len + n <= sizeof j->bytes);
	memcpy(j->bytes + j->len, bytes, n);
	j->len += n;
}

static void put_segment(struct jpeg *j, int marker, const void *bytes, size_t n)
{
	unsigned char head[] = {
		0xff, (unsigned char)marker, (unsigned char)((n + 2) >> 8), (unsigned char)(n + 2)};

	put(j, head, sizeof head);
	put(j, bytes, n);
}

static void jpeg_begin(struct jpeg *j)
{
	j->len = 0;
	put(j, "\xff\xd8", 2);
}

/* 48 by 64, grey, and nothing painted. */
static void jpeg_end(struct jpeg *j)
{
	put_segment(j, 0xc0, "\x08\x00\x30\x00\x40\x01\x01\x11\x00", 9);
	put_segment(j, 0xda, "\x01\x01\x00\x00\x3f\x00", 6);
	put(j, "\0\xff\xd9", 3);
}

struct field {
	unsigned tag;
	const char *value;
};

/* A little-endian TIFF with one directory of texts. */
static void put_exif(struct jpeg *j, const struct field *fields, unsigned count)
{
	unsigned char exif[1024] = "Exif\0\0II*\0\x08\0\0\0", *tiff = exif + 6, *entry = tiff + 10;
	size_t at = 10 + count * ENTRY + 4;

	tiff[8] = (unsigned char)count;
	for (unsigned i = 0; i < count; i++, entry += ENTRY) {
		size_t n = strlen(fields[i].value) + 1;

		entry[0] = (unsigned char)fields[i].tag;
		entry[1] = (unsigned char)(fields[i].tag >> 8);
		entry[2] = ASCII;
		entry[4] = (unsigned char)n;
		entry[8] = (unsigned char)at;
		entry[9] = (unsigned char)(at >> 8);
		memcpy(tiff + at, fields[i].value, n);
		at += n;
	}
	put_segment(j, 0xe1, exif, 6 + at);
}

static size_t make_xmp(char *xmp, size_t room, const char *properties)
{
	return (size_t)snprintf(xmp, room,
		"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
		"<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
		"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
		"<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'>%s"
		"</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>",
		properties);
}

static void put_xmp(struct jpeg *j, const char *properties)
{
	char xmp[4096] = "http://ns.adobe.com/xap/1.0/";
	size_t n = strlen(xmp) + 1;

	n += make_xmp(xmp + n, sizeof xmp - n, properties);
	put_segment(j, 0xe1, xmp, n);
}

static struct reply ask(const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&picture,
		&(struct question){.name = "a.png", .type = "image/png", .bytes = bytes, .len = n},
		&r);
	return r;
}

static void test_exif(void **state)
{
	static const struct field fields[] = {
		{0x010e, "Herring on a plate"},
		{0x010f, "Canon"},
		{0x0110, "Canon EOS 5D"},
		{0x0132, "2020:02:03 04:05:06"},
		{0x013b, "Anna Fischer"},
		{0x8298, "free for all"},
	};
	struct jpeg j;

	(void)state;
	jpeg_begin(&j);
	put_exif(&j, fields, sizeof fields / sizeof fields[0]);
	put_segment(&j, 0xfe, "a r\xc3\xa9mark", 9);
	jpeg_end(&j);
	struct reply r = ask(j.bytes, j.len);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "Herring on a plate\nAnna Fischer\nfree for all\n"
				    "a rémark\nCanon EOS 5D\n");
	assert_true(reply_says(&r, "\"type\":\"image/jpeg\"")); /* not what its name said */
	assert_true(reply_says(&r, "\"description\":\"Herring on a plate\""));
	assert_true(reply_says(&r, "\"author\":\"Anna Fischer\""));
	assert_true(reply_says(&r, "\"copyright\":\"free for all\""));
	assert_true(reply_says(&r, "\"camera\":\"Canon EOS 5D\""));
	assert_true(reply_says(&r, "\"comment\":\"a rémark\""));
	assert_true(reply_says(&r, "\"created\":1580702706"));
	assert_true(reply_says(&r, "\"width\":64"));
	assert_true(reply_says(&r, "\"height\":48"));
	reply_finish(&r);
}

static void test_xmp(void **state)
{
	static const struct field fields[] = {{0x010e, "Said twice"}};
	struct jpeg j;

	(void)state;
	jpeg_begin(&j);
	put_exif(&j, fields, 1);
	put_xmp(&j, "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Häring</rdf:li></rdf:Alt>"
		    "</dc:title>"
		    "<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>Said twice</rdf:li>"
		    "</rdf:Alt></dc:description>"
		    "<dc:subject><rdf:Bag><rdf:li>fish</rdf:li><rdf:li>sea</rdf:li></rdf:Bag>"
		    "</dc:subject>");
	jpeg_end(&j);
	struct reply r = ask(j.bytes, j.len);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "Häring\nSaid twice\nfish\nsea\n");
	assert_true(reply_says(&r, "\"title\":\"Häring\""));
	assert_true(reply_says(&r, "\"keywords\":\"fish, sea\""));
	reply_finish(&r);
}

static void test_gif(void **state)
{
	char gif[4096] = "GIF89a\x02\0\x01\0\0\0\0!\xff\x0bXMP DataXMP";
	const char *const properties[] = {
		"<dc:title><rdf:Alt><rdf:li "
		"xml:lang='x-default'>Boat</rdf:li></rdf:Alt></dc:title>",
		"<dc:title", /* broken: the picture is still one */
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t n = 27 + make_xmp(gif + 27, sizeof gif - 27, properties[i]);
		struct reply r = ask(gif, n);

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, i ? "" : "Boat\n");
		assert_true(reply_says(&r, "\"width\":2"));
		reply_finish(&r);
	}
}

/* Nothing to read in it, but a document to be found by its type. */
static void test_bare(void **state)
{
	struct jpeg j;

	(void)state;
	jpeg_begin(&j);
	jpeg_end(&j);
	struct reply r = ask(j.bytes, j.len);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "");
	assert_true(reply_says(&r, "\"width\":64"));
	reply_finish(&r);
}

static void test_other_content(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int status;
	} cases[] = {
		{"Dear all,\n", 10, -1},
		{"\x89PNG\r\n\x1a\n and no more", 20, 65},
		{"", 0, 65},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].bytes, cases[i].n);

		if (r.status != cases[i].status)
			fail_msg("%zu: %d %s", i, r.status, r.detail);
		reply_finish(&r);
	}
}

static int start(void **state)
{
	(void)state;
	child_start(&picture, "trawl-convert-picture");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&picture);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exif),
		cmocka_unit_test(test_xmp),
		cmocka_unit_test(test_gif),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_other_content),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
