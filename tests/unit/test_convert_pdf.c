/*
 * test_convert_pdf: trawl-convert-pdf, and trawl-convert-mupdf where it is built, over the
 * contract, on the documents of tests/data; run from the source's top.  Both are to say the same.
 */
#include "converter_child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static const char *program;
static struct child pdf;
static char herring[8192];
static size_t herring_len;

static size_t load(const char *path, char *bytes, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s is not there", path);
	ssize_t n = read(fd, bytes, room);
	close(fd);
	assert_true(n > 0 && (size_t)n < room);
	return (size_t)n;
}

static struct reply ask(const void *bytes, size_t n, uint64_t limit, bool as_file)
{
	struct reply r;

	child_ask(&pdf,
		&(struct question){.name = "a.pdf",
			.type = "application/pdf",
			.limit = limit,
			.bytes = bytes,
			.len = n,
			.as_file = as_file},
		&r);
	return r;
}

/* One blank for every gap. */
static const char *folded(const char *text)
{
	static char out[sizeof herring];
	size_t n = 0;

	for (; *text && n + 1 < sizeof out; text++) {
		char c = strchr("\n ", *text) ? ' ' : *text;

		if (c != ' ' || (n > 0 && out[n - 1] != ' '))
			out[n++] = c;
	}
	out[n] = '\0';
	return out;
}

static void expect_herring(struct reply r)
{
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.text, "The Herring Fleet\n"));
	/* joined at the end of the line, parted between the cells, a form feed between the pages */
	assert_non_null(strstr(r.text, "still asleep in the hills"));
	assert_non_null(strstr(folded(r.text), "1 Albatros 2 Bonito "));
	assert_non_null(strstr(r.text, "\fSecond page: café and straße."));
	assert_true(reply_says(&r, "\"title\":\"Herring, a report\""));
	assert_true(reply_says(&r, "\"author\":\"A. Fisher\""));
	assert_true(reply_says(&r, "\"created\":1580699106"));
	assert_true(reply_says(&r, "\"pages\":2"));
	reply_finish(&r);
}

static void test_document(void **state)
{
	(void)state;
	expect_herring(ask(herring, herring_len, 0, false));
	expect_herring(ask(herring, herring_len, 0, true));
}

/* Beyond 8 MiB a document is not loaded: bytes behind the end of the file are no fault of a PDF. */
static void test_large_document(void **state)
{
	size_t n = (9 << 20) + 1;
	char *bytes = malloc(n);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, '\n', n);
	memcpy(bytes, herring, herring_len);
	/* the trailer is looked for at the end */
	const char *tail = "startxref\n999\n%%EOF\n";
	memcpy(bytes + n - strlen(tail), tail, strlen(tail));
	expect_herring(ask(bytes, n, 0, false));
	expect_herring(ask(bytes, n, 0, true));
	free(bytes);
}

static void test_limit(void **state)
{
	struct reply r = ask(herring, herring_len, 11, false);

	(void)state;
	assert_string_equal(r.text, "The Herring");
	assert_true(r.truncated);
	reply_finish(&r);
}

static void expect_verdict(const void *bytes, size_t n, int status)
{
	struct reply r = ask(bytes, n, 0, false);

	assert_int_equal(r.status, status);
	assert_int_equal(r.len, 0);
	assert_true(r.detail[0]);
	reply_finish(&r);
}

static void test_verdicts(void **state)
{
	char bytes[8192];

	(void)state;
	size_t n = load("tests/data/herring-damaged.pdf", bytes, sizeof bytes);
	/* where poppler gives up MuPDF still finds the pages */
	if (strcmp(program, "trawl-convert-pdf") == 0)
		expect_verdict(bytes, n, 65);
	expect_verdict(bytes, load("tests/data/herring-encrypted.pdf", bytes, sizeof bytes), 77);
	expect_verdict("", 0, 65);
	expect_verdict("%PDF-1.4\nand nothing", 20, 65);
}

static void test_reroute(void **state)
{
	static const struct {
		const char *bytes, *to;
	} cases[] = {
		{"<!DOCTYPE html><title>404 Not Found</title>", "text/html"},
		{"\n<html><body>moved", "text/html"},
		{"This report could not be made.\n", "text/plain"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].bytes, strlen(cases[i].bytes), 0, false);

		assert_int_equal(r.status, -1);
		assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

/* Every byte of the document changed in turn, and every length of it: an answer each, and the
 * program lives. */
static void test_damage(void **state)
{
	char bytes[sizeof herring];

	(void)state;
	for (size_t i = 0; i < herring_len; i += 3) {
		memcpy(bytes, herring, herring_len);
		bytes[i] = (char)(bytes[i] ^ 0x15);
		struct reply r = ask(bytes, herring_len, 0, false);
		reply_finish(&r);
		if (i > 0 && i % 30 == 0) {
			r = ask(herring, i, 0, false);
			assert_true(r.status == 0 || r.status == 65 || r.status == -1);
			reply_finish(&r);
		}
	}
	expect_herring(ask(herring, herring_len, 0, false));
}

/* A page with notes and a form, bookmarks on two levels and one that leads in a circle, an attached
 * file. */
static const char ship[] =
	"%PDF-1.7\n"
	"1 0 obj<</Type/Catalog/Pages 2 0 R/Lang(de-AT)/Outlines 10 0 R/AcroForm<</Fields[7 0 R 8 "
	"0 R]"
	"/DA(/F 9 Tf)>>/Names<</EmbeddedFiles<</Names[(log)20 0 R]>>>>>>endobj\n"
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 "
	"R/Resources<</Font<</F<<"
	"/Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Annots[5 0 R 6 0 R 7 0 R 8 0 R 9 0 R]>>"
	"endobj\n"
	"4 0 obj<</Length 44>>stream\nBT /F 12 Tf 20 200 Td (The lugger sails) Tj ET\n\nendstream\n"
	"endobj\n"
	"5 0 obj<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(Mind the reef)>>endobj\n"
	"6 0 obj<</Type/Annot/Subtype/Highlight/Rect[0 0 9 9]/QuadPoints[0 9 9 9 0 0 9 0]"
	"/Contents<FEFF00530063006800F6006E>>>endobj\n"
	"7 0 obj<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada Lovage)/Rect[20 20 200 "
	"40]>>endobj\n"
	"8 0 obj<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(port)/Opt[(Hull)(Ostend)]/V(Ostend)"
	"/Rect[20 60 200 80]>>endobj\n"
	"9 0 obj<</Type/Annot/Subtype/FreeText/Rect[20 90 200 120]/DA(/F 9 Tf)/Contents(tarred "
	"rope)>>"
	"endobj\n"
	"10 0 obj<</First 11 0 R/Last 12 0 R>>endobj\n"
	"11 0 obj<</Title(Departure)/Next 12 0 R/First 13 0 R>>endobj\n"
	"12 0 obj<</Title(Landfall)/Prev 11 0 R>>endobj\n"
	"13 0 obj<</Title(Second watch)/Parent 11 0 R/First 13 0 R>>endobj\n"
	"20 0 obj<</Type/Filespec/F(log.txt)/EF<</F 21 0 R>>>>endobj\n"
	"21 0 obj<</Type/EmbeddedFile/Length 14/Params<</Size 14>>>>stream\nFog since "
	"four\nendstream\n"
	"endobj\n"
	"";

/* The objects with their table behind them, as a document. */
static size_t complete(const char *objects, char *out, size_t room)
{
	size_t n = strlen(objects), xref = n;
	unsigned count = 32;

	assert_true(n < room);
	memcpy(out, objects, n);
	n += (size_t)snprintf(out + n, room - n, "xref\n0 %u\n", count);
	for (unsigned i = 0; i < count; i++) {
		char head[24];

		snprintf(head, sizeof head, "\n%u 0 obj", i);
		const char *at = i ? strstr(objects, head) : NULL;
		n += (size_t)snprintf(out + n, room - n, "%010zu %05d %c \n",
			at ? (size_t)(at - objects) + 1 : 0, at ? 0 : 65535, at ? 'n' : 'f');
	}
	n += (size_t)snprintf(out + n, room - n,
		"trailer<</Size %u/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n", count, xref);
	assert_true(n < room);
	return n;
}

static void test_surroundings(void **state)
{
	static const char *const words[] = {"The lugger sails", "Mind the reef", "Schön",
		"Ada Lovage", "Ostend", "tarred rope", "\fDeparture\nSecond watch\n", "Landfall\n"};
	char bytes[8192];
	struct reply r = ask(bytes, complete(ship, bytes, sizeof bytes), 0, false);

	(void)state;
	assert_int_equal(r.status, 0);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strstr(r.text, words[i]))
			fail_msg("%s says nothing of %s, but %s", program, words[i], r.text);
	assert_null(strstr(r.text, "Hull"));
	assert_null(strstr(r.text, "Fog"));
	assert_int_equal(r.part_count, 1);
	assert_string_equal(reply_part(&r, "log.txt")->bytes, "Fog since four");
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	herring_len = load("tests/data/herring.pdf", herring, sizeof herring);
	child_start(&pdf, program);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&pdf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_large_document),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_damage),
	};

	program = "trawl-convert-pdf";
	int failed = cmocka_run_group_tests_name(program, tests, start, stop);

	program = "trawl-convert-mupdf";
	if (!child_is_built(program)) {
		printf("%s is not built here: left out\n", program);
		return failed;
	}
	return failed + cmocka_run_group_tests_name(program, tests, start, stop);
}
