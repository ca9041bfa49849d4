/* test_convert_legacy: trawl-convert-legacy on documents of tests/data, and the formats it reads
 * (biff.h, ppt97.h, word97.h) on streams made here, whole and broken. */
#include "biff.h"
#include "cell_number.h"
#include "converter_fixture.h"
#include "ppt97.h"
#include "word97.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child child;

/* --- the program ------------------------------------------------------------------------------ */

static const struct fixture fixtures[] = {
	{.path = "tests/data/office/letter.doc",
		.type = "application/msword",
		.words = {"Mackerel swim through the doc body, past the Küste at a linked pier.",
			"Cell netted in the doc\tSecond cell\n", "A footnote beneath the doc deck.",
			"The running header of the doc logbook",
			"A comment pinned to the doc mast.", "A text box afloat in the doc."},
		.pairs = {"\"title\":\"Catch of the doc\"", "\"author\":\"Anna Fischer\"",
			"\"lang\":\"en\"", "\"keywords\":\"trawler\"", "\"created\":1614834367"},
		.never = "HYPERLINK"},
	{.path = "tests/data/office/sheet.xls",
		.type = "application/vnd.ms-excel",
		.words = {"Quota\nSpecies of the xls quota\tTonnes\nHalibut weighed in the "
			  "xls\t7301\n",
			"A comment pinned to the xls cell", "Second sheet within the xls"},
		.pairs = {"\"title\":\"Catch of the xls\"", "\"pages\":2"}},
	{.path = "tests/data/office/slides.ppt",
		.type = "application/vnd.ms-powerpoint",
		.words = {"Slide heading aboard the ppt\n", "Speaker notes whispered in the ppt"},
		.pairs = {"\"title\":\"Catch of the ppt\"", "\"pages\":2"},
		.never = "Click to"},
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
	char broken[600] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

	(void)state;
	fixture_verdict(&child, fixtures[0].type, html, strlen(html), -1);
	fixture_verdict(&child, fixtures[0].type, broken, sizeof broken, 65);
}

static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURES; i++)
		fixture_damage(&child, &fixtures[i], DAMAGED);
}

/* --- streams made here ------------------------------------------------------------------------ */

static struct answer *out;
static int out_fd;
static struct wide text;
static char said[64 * 1024];

static void begin(void)
{
	assert_int_equal(ftruncate(out_fd, 0), 0);
	lseek(out_fd, 0, SEEK_SET);
	answer_begin(out, sizeof said - 1);
	wide_begin(&text, out);
}

/* What went to the answer. */
static const char *end(int verdict)
{
	wide_finish(&text);
	answer_end(out, verdict);
	ssize_t n = pread(out_fd, said, sizeof said - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	return said;
}

struct bytes {
	size_t len;
	uint8_t at[32 * 1024];
};

static void put(struct bytes *b, const void *p, size_t n)
{
	assert_true(b->len + n <= sizeof b->at);
	memcpy(b->at + b->len, p, n);
	b->len += n;
}

static void put_number(struct bytes *b, uint64_t value, int n)
{
	for (int i = 0; i < n; i++, value >>= 8)
		put(b, &(uint8_t){(uint8_t)value}, 1);
}

/* A record of BIFF: type, length, body. */
static void record(struct bytes *b, unsigned type, const void *body, size_t n)
{
	put_number(b, type, 2);
	put_number(b, n, 2);
	put(b, body, n);
}

static void begin_book(struct bytes *b, unsigned version)
{
	struct bytes body = {0};

	b->len = 0;
	put_number(&body, version, 2);
	put_number(&body, 5, 2);
	record(b, 0x0809, body.at, body.len);
}

static const char *read_book(const struct bytes *b, int verdict)
{
	int64_t sheets;

	begin();
	assert_int_equal(biff_text(b->at, b->len, &text, out, &sheets), verdict);
	return end(ANSWER_DONE);
}

/* "Übergröße" is cut after its third character, and goes on in two bytes a character instead of
 * one. */
static void test_biff_cut_string(void **state)
{
	static struct bytes b;
	struct bytes strings = {0}, rest = {0}, cell = {0};

	(void)state;
	begin_book(&b, 0x0600);
	put_number(&strings, 1, 4);
	put_number(&strings, 2, 4);
	put_number(&strings, 9, 2);
	put(&strings,
		"\0\xdc"
		"be",
		4);
	record(&b, 0x00fc, strings.at, strings.len);
	put(&rest, "\1r\0g\0r\0\xf6\0\xdf\0e\0", 13);
	put_number(&rest, 4, 2);
	put(&rest, "\0Ende", 5);
	record(&b, 0x003c, rest.at, rest.len);
	put_number(&cell, 0, 6);
	put_number(&cell, 0, 4);
	record(&b, 0x00fd, cell.at, cell.len);
	cell.len = 0;
	put_number(&cell, 1 << 16, 6);
	put_number(&cell, 1, 4);
	record(&b, 0x00fd, cell.at, cell.len);
	assert_string_equal(read_book(&b, ANSWER_DONE), "Übergröße\tEnde");
}

/* Whole numbers, hundredths, doubles; a date by its format. */
static void test_biff_numbers(void **state)
{
	static struct bytes b;
	struct bytes cell = {0};

	(void)state;
	begin_book(&b, 0x0600);
	record(&b, 0x00e0, "\0\0\0\0", 4);   /* general */
	record(&b, 0x00e0, "\0\0\x0e\0", 4); /* a date */
	put(&cell, "\0\0\0\0", 4);
	put(&cell, "\0\0", 2);
	put_number(&cell, 7301 << 2 | 2, 4);
	put(&cell, "\0\0", 2);
	put_number(&cell, 1250 << 2 | 3, 4);
	put(&cell, "\1\0", 2);
	put_number(&cell, 44259 << 2 | 2, 4);
	put(&cell, "\2\0", 2);
	record(&b, 0x00bd, cell.at, cell.len);
	cell.len = 0;
	put(&cell, "\1\0\0\0\0\0", 6);
	put_number(&cell, UINT64_C(0xc00a000000000000), 8); /* -3.25 */
	record(&b, 0x0203, cell.at, cell.len);
	assert_string_equal(read_book(&b, ANSWER_DONE), "7301\t12.5\t2021-03-04\n-3.25");
}

/* Before version 8 strings are bytes of a code page. */
static void test_biff_code_page(void **state)
{
	static struct bytes b;

	(void)state;
	begin_book(&b, 0x0500);
	record(&b, 0x0042, "\xe3\x04", 2);
	record(&b, 0x0204, "\0\0\0\0\0\0\5\0\xd1\xfa\xe5\xf8\xfc", 13);
	assert_string_equal(read_book(&b, ANSWER_DONE), "Съешь");
}

static void test_biff_refusals(void **state)
{
	static struct bytes b;

	(void)state;
	begin_book(&b, 0x0600);
	record(&b, 0x002f, "\1\0", 2);
	read_book(&b, ANSWER_ENCRYPTED);
	b.len = 3;
	read_book(&b, ANSWER_DAMAGED);
	/* a table that promises four thousand million strings and has none */
	begin_book(&b, 0x0600);
	record(&b, 0x00fc, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_string_equal(read_book(&b, ANSWER_DONE), "");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *code;
		bool date;
	} codes[] = {{"dd.mm.yyyy", true}, {"0.00", false}, {"[Red]0", false}, {"[h]:mm", true},
		{"\"day\" 0", false}, {"0\\d", false}, {"", false}, {"\"open", false}};
	char shown[CELL_NUMBER_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		assert_int_equal(cell_number_code_is_date(codes[i].code, strlen(codes[i].code)),
			codes[i].date);
	shown[cell_number_show(0.1 + 0.2, false, false, shown)] = '\0';
	assert_string_equal(shown, "0.3");
	shown[cell_number_show(1, true, false, shown)] = '\0';
	assert_string_equal(shown, "1900-01-01");
	shown[cell_number_show(61, true, false, shown)] = '\0';
	assert_string_equal(shown, "1900-03-01");
	shown[cell_number_show(44259.75, true, false, shown)] = '\0';
	assert_string_equal(shown, "2021-03-04 18:00");
	shown[cell_number_show(0, true, true, shown)] = '\0';
	assert_string_equal(shown, "1904-01-01");
}

/* A record of PowerPoint. */
static void atom(struct bytes *b, unsigned head, unsigned type, const void *body, size_t n)
{
	put_number(b, head, 2);
	put_number(b, type, 2);
	put_number(b, n, 4);
	put(b, body, n);
}

static void test_ppt(void **state)
{
	static struct bytes b, slide, master;
	int64_t slides;

	(void)state;
	atom(&slide, 0, 0x0fa0, "a\0\x44\x04", 4);
	atom(&slide, 0, 0x0fa8, "b\xfc", 2);
	atom(&slide, 0, 0x0fba, "x\0", 2); /* a name of something */
	atom(&slide, 0, 0x0fa8, "*", 1);
	atom(&master, 0, 0x0fa8, "Click here", 10);
	atom(&b, 0xf, 0x03f8, master.at, master.len);
	atom(&b, 0xf, 0x03ee, slide.at, slide.len);
	begin();
	assert_int_equal(ppt97_text(b.at, b.len, &text, out, &slides), ANSWER_DONE);
	assert_string_equal(end(ANSWER_DONE), "aф\nbü");
	assert_int_equal(slides, 1);
	atom(&b, 0xf, 0x2f14, "", 0);
	begin();
	assert_int_equal(ppt97_text(b.at, b.len, &text, out, &slides), ANSWER_ENCRYPTED);
	end(ANSWER_DONE);
}

/* A Word document of pieces: each of `pieces` is an offset into the stream, with bit 30 for single
 * bytes, and a count of characters. */
static struct word97 make_word(
	struct bytes *stream, struct bytes *table, const uint32_t (*pieces)[2], size_t count)
{
	uint32_t at = 0;

	table->len = 0;
	put(table, "\1\3\0xyz\2", 7); /* properties first */
	put_number(table, 4 * (count + 1) + 8 * count, 4);
	for (size_t i = 0; i <= count; i++) {
		put_number(table, at, 4);
		at += i < count ? pieces[i][1] : 0;
	}
	for (size_t i = 0; i < count; i++) {
		put_number(table, 0, 2);
		put_number(table, pieces[i][0], 4);
		put_number(table, 0, 2);
	}
	memcpy(stream->at, "\xec\xa5", 2);
	memcpy(stream->at + 6, "\x07\x04", 2);
	memset(stream->at + 0x1a2, 0, 8);
	stream->at[0x1a6] = (uint8_t)table->len;
	return (struct word97){.document = stream->at,
		.document_len = stream->len,
		.tables = {table->at, NULL},
		.table_lens = {table->len, 0}};
}

static void test_word_pieces(void **state)
{
	static struct bytes stream, table;
	const uint32_t pieces[][2] = {{0x400 * 2 | 1 << 30, 9}, {0x420, 4}, {0x10000000, 50}};

	(void)state;
	stream.len = 0x440;
	memcpy(stream.at + 0x400,
		"A\x13"
		"CODE\x14"
		"b\x15\x80",
		10);
	memcpy(stream.at + 0x420, "\x44\x04\x07\0\x07\0z\0", 8);
	struct word97 doc = make_word(&stream, &table, pieces, 3);
	assert_string_equal(word97_language(&doc), "de");
	begin();
	assert_int_equal(word97_text(&doc, &text, out), ANSWER_DONE);
	assert_string_equal(end(ANSWER_DONE), "Abф\nz");
}

static void test_word_refusals(void **state)
{
	static struct bytes stream, table;
	/* pieces that all take the same bytes: a bomb */
	const uint32_t pieces[][2] = {{1 << 30, 0x300}, {1 << 30, 0x300}};

	(void)state;
	stream.len = 0x440;
	struct word97 doc = make_word(&stream, &table, pieces, 2);
	begin();
	assert_int_equal(word97_text(&doc, &text, out), ANSWER_DAMAGED);
	end(ANSWER_DONE);
	stream.at[0xb] = 1; /* encrypted */
	begin();
	assert_int_equal(word97_text(&doc, &text, out), ANSWER_ENCRYPTED);
	end(ANSWER_DONE);
	stream.at[0xb] = 2; /* its table is the one that is missing */
	begin();
	assert_int_equal(word97_text(&doc, &text, out), ANSWER_DAMAGED);
	end(ANSWER_DONE);
	doc.document_len = 31;
	begin();
	assert_int_equal(word97_text(&doc, &text, out), ANSWER_DAMAGED);
	end(ANSWER_DONE);
	stream.at[0xb] = 0;
}

static int start(void **state)
{
	(void)state;
	out_fd = memfd_create("answer", MFD_CLOEXEC);
	out = answer_create(out_fd, false);
	if (child_is_built("trawl-convert-legacy"))
		child_start(&child, "trawl-convert-legacy");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	answer_destroy(out);
	close(out_fd);
	if (child.pid)
		child_stop(&child);
	return 0;
}

int main(void)
{
	const struct CMUnitTest program[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_damage),
	};
	const struct CMUnitTest formats[] = {
		cmocka_unit_test(test_biff_cut_string),
		cmocka_unit_test(test_biff_numbers),
		cmocka_unit_test(test_biff_code_page),
		cmocka_unit_test(test_biff_refusals),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ppt),
		cmocka_unit_test(test_word_pieces),
		cmocka_unit_test(test_word_refusals),
	};
	int failed = cmocka_run_group_tests(formats, start, stop);

	child.pid = 0;
	if (!child_is_built("trawl-convert-legacy")) {
		puts("trawl-convert-legacy is not built here: left out");
		return failed;
	}
	return failed + cmocka_run_group_tests(program, start, stop);
}
