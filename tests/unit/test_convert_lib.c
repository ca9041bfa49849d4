/* test_convert_lib: the pure parts of libconvert: bytes counted, UTF-8 checked, dates read,
 * signatures told, answers put into records. */
#include "answer.h"
#include "iso_date.h"
#include "quote.h"
#include "scan.h"
#include "sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static bool is_control(uint8_t c)
{
	return c == 0x7f || (c > 0 && c < 0x20 && !(c >= 8 && c <= 13) && c != 0x1b);
}

/* Against the obvious loop, at every length around the step and the lanes' overflow. */
static void test_scan_bytes(void **state)
{
	static uint8_t bytes[9000];
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i < 4500 ? 0 : next_random(&seed) % 128);
	for (size_t n = 0; n <= sizeof bytes; n += n < 100 || (n > 4000 && n < 4200) ? 1 : 37) {
		const uint8_t *p = bytes + sizeof bytes - n;
		struct scan want = {0}, got;

		for (size_t i = 0; i < n; i++) {
			want.nul += p[i] == 0;
			want.escape += p[i] == 0x1b;
			want.control += is_control(p[i]);
		}
		scan_bytes(p, n, &got);
		assert_int_equal(got.nul, want.nul);
		assert_int_equal(got.escape, want.escape);
		assert_int_equal(got.control, want.control);
		assert_false(got.high);
	}
	for (size_t at = 0; at < 40; at++) {
		struct scan got;

		memset(bytes, 'a', 40);
		bytes[at] = 0x80;
		scan_bytes(bytes, 40, &got);
		assert_true(got.high);
		assert_int_equal(got.control, 0);
	}
}

static void test_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, good;
		bool cut; /* of what follows the good part */
	} cases[] = {
		{"", 0, 0, false},
		{"abc\0def", 7, 7, false},
		{"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 18, 18,
			false},
		{"a\xc0\x80", 3, 1, false},        /* overlong */
		{"\xe0\x9f\xbf", 3, 0, false},     /* overlong */
		{"\xed\xa0\x80", 3, 0, false},     /* surrogate */
		{"\xf4\x90\x80\x80", 4, 0, false}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", 4, 0, false},
		{"12345678\xff", 9, 8, false},
		{"1234567\xe2\x82", 9, 7, true},
		{"\xf0\x9f\x90", 3, 0, true},
		{"\xe2", 1, 0, true},
		{"\x80", 1, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const uint8_t *p = (const uint8_t *)cases[i].bytes;
		size_t good = scan_utf8(p, cases[i].len);

		assert_int_equal(good, cases[i].good);
		assert_int_equal(scan_utf8_is_cut(p + good, cases[i].len - good), cases[i].cut);
	}
}

static void test_utf8_put(void **state)
{
	char out[4];

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 61) {
		size_t n = scan_utf8_put(c, out);

		assert_int_equal(scan_utf8((const uint8_t *)out, n), n);
	}
	assert_int_equal(scan_utf8_put(0xd800, out), 3);
	assert_memory_equal(out, "\xef\xbf\xbd", 3);
	assert_int_equal(scan_utf8_put(0x110000, out), 3);
	assert_memory_equal(out, "\xef\xbf\xbd", 3);
}

static void test_date(void **state)
{
	static const struct {
		const char *said;
		int64_t want; /* -1: not a date */
	} cases[] = {
		{"2020", 1577836800},
		{"2020-02", 1580515200},
		{"2020-02-03", 1580688000},
		{"2020/02/03", 1580688000},
		{" 2020-02-03T04:05:06Z ", 1580702706},
		{"2020-02-03 04:05", 1580702700},
		{"2020-02-03T04:05:06.789+01:00", 1580699106},
		{"2020-02-03T04:05:06-0530", 1580722506},
		{"2020-02-03T04:05:06 +02", 1580695506},
		{"1969-12-31T23:59:58Z", -2},
		{"", -1},
		{"yesterday", -1},
		{"2020-13-01", -1},
		{"2020-02-03T25:00", -1},
		{"2020-02-03 or so", -1},
		{"20", -1},
		{"2020-02-03T04:05:06+", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t got = 0;
		bool is_date = iso_date_parse(cases[i].said, strlen(cases[i].said), &got);

		assert_int_equal(is_date, cases[i].want != -1);
		if (is_date)
			assert_int_equal(got, cases[i].want);
	}
}

static void test_sniff(void **state)
{
	static const struct {
		const char *bytes;
		bool pdf, html;
	} cases[] = {
		{"%PDF-1.4\n", true, false},
		{"\n %PDF-2.0", true, false},
		{"%PDF-1", false, false},
		{"%PDF-x.y", false, false},
		{"<!DOCTYPE HTML>", false, true},
		{"<html", false, true},
		{"<body\n", false, true},
		{"<header>", false, false},
		{"<!doctype htmlx>", false, false},
		{"<!-- a --> <!-- b --><head>", false, true},
		{"<!-- a ", false, false},
		{"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const uint8_t *p = (const uint8_t *)cases[i].bytes;

		assert_int_equal(sniff_pdf(p, strlen(cases[i].bytes)), cases[i].pdf);
		assert_int_equal(sniff_html(p, strlen(cases[i].bytes)), cases[i].html);
	}
}

/* --- answers ---------------------------------------------------------------------------------- */

enum { RECORD_HEADER = 5, ANSWER_ROOM = 40 * 1024 * 1024 };

/* The answer under test writes into a memory file. */
struct heard {
	int fd;
	struct answer *a;
	uint8_t *bytes; /* of all records, after hear() */
	size_t len, at;
};

static void listen_to(struct heard *h, bool framed)
{
	h->fd = memfd_create("answer", MFD_CLOEXEC);
	assert_true(h->fd >= 0);
	h->a = answer_create(h->fd, framed);
	answer_begin(h->a, 1000);
}

static void hear(struct heard *h)
{
	h->len = (size_t)lseek(h->fd, 0, SEEK_CUR);
	h->at = 0;
	h->bytes = mmap(NULL, ANSWER_ROOM, PROT_READ, MAP_PRIVATE, h->fd, 0);
	assert_ptr_not_equal(h->bytes, MAP_FAILED);
}

static void hang_up(struct heard *h)
{
	assert_int_equal(h->at, h->len);
	munmap(h->bytes, ANSWER_ROOM);
	close(h->fd);
	answer_destroy(h->a);
}

/* The next record's type and payload. */
static char next_record(struct heard *h, const char **payload, size_t *n)
{
	const uint8_t *p = h->bytes + h->at;

	assert_true(h->len - h->at >= RECORD_HEADER);
	*n = p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
	assert_true(*n <= 16 << 20 && *n <= h->len - h->at - RECORD_HEADER);
	h->at += RECORD_HEADER + *n;
	*payload = (const char *)p + RECORD_HEADER;
	return (char)p[0];
}

static void expect_record(struct heard *h, char type, const char *want)
{
	const char *payload;
	size_t n;

	assert_int_equal(next_record(h, &payload, &n), type);
	if (n != strlen(want) || memcmp(payload, want, n) != 0)
		fail_msg("%c: %.*s, not %s", type, (int)n, payload, want);
}

static void test_parts(void **state)
{
	const char *payload;
	struct heard h;
	size_t n;

	(void)state;
	listen_to(&h, true);
	assert_int_equal(answer_part_count(h.a), 0);
	answer_text(h.a, "own ", 4);
	answer_part(h.a, "a/b c.txt", NULL, -1);
	answer_part_bytes(h.a, "one", 3);
	answer_part_bytes(h.a, "", 0);
	answer_part_bytes(h.a, " two\0", 5);
	answer_text(h.a, "text", 4); /* the container's, within a part */
	answer_part_bytes(h.a, "!", 1);
	answer_part_dated(h.a, "empty", "text/plain", 0, -5);
	answer_part(h.a, "q\"\\\n  \x7f\xff\xe2\x82\xac", "a/b", 7);
	answer_part_bytes(h.a, "x", 1);
	answer_part_fail(h.a, ANSWER_ENCRYPTED, "no \"key\" for %s", "it");
	answer_part(h.a, "last", NULL, -1);
	assert_int_equal(answer_part_count(h.a), 4);
	assert_int_equal(answer_end(h.a, ANSWER_DONE), 0);
	hear(&h);
	expect_record(&h, 'T', "own ");
	expect_record(&h, 'P', "{\"part\":\"a/b c.txt\"}");
	assert_int_equal(next_record(&h, &payload, &n), 'B');
	assert_int_equal(n, 8);
	assert_memory_equal(payload, "one two\0", 8);
	expect_record(&h, 'T', "text");
	expect_record(&h, 'B', "!");
	expect_record(
		&h, 'P', "{\"part\":\"empty\",\"type\":\"text/plain\",\"size\":0,\"created\":-5}");
	expect_record(&h, 'P',
		"{\"part\":\"q\\\"\\\\\\u000a  \\u007f\xef\xbf\xbd\xe2\x82\xac\",\"type\":\"a/"
		"b\",\"size\":7}");
	expect_record(&h, 'B', "x");
	expect_record(&h, 'F', "{\"status\":77,\"detail\":\"no \\\"key\\\" for it\"}");
	expect_record(&h, 'P', "{\"part\":\"last\"}");
	expect_record(&h, 'D', "{\"status\":0}");
	hang_up(&h);
}

/* Characters beside others that JSON wants escaped. */
static void test_quoting(void **state)
{
	static const struct {
		const char *value, *quoted;
	} cases[] = {
		{"\xc3\xa9\"\\", "\"\xc3\xa9\\\"\\\\\""},
		{"\xc3\xa9\n\tx", "\"\xc3\xa9 x\""},
		{"\xe2\x82\xac\"", "\"\xe2\x82\xac\\\"\""},
		{"\xf0\x9f\x90\x9f\"", "\"\xf0\x9f\x90\x9f\\\"\""},
		{"\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xc3\xc3\xa9\x80", "\"\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\""},
		{" \n\t", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[QUOTE_VALUE_ROOM + 1];

		size_t n = quote_value(out, cases[i].value, strlen(cases[i].value));

		out[n] = '\0';
		assert_string_equal(out, cases[i].quoted);
	}
}

/* Small pieces share a record, large ones are cut into several; nothing is lost or out of order. */
static void test_part_bytes(void **state)
{
	static char large[20 * 1024 * 1024 + 3];
	const char *payload;
	struct heard h;
	size_t n, got = 0, records = 0;

	(void)state;
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 31 + i / 4099);
	listen_to(&h, true);
	answer_part(h.a, "large", NULL, (int64_t)sizeof large);
	for (size_t at = 0; at < 100000; at += 10)
		answer_part_bytes(h.a, large + at, 10);
	answer_part_bytes(h.a, large + 100000, sizeof large - 100000);
	answer_end(h.a, ANSWER_DONE);
	hear(&h);
	assert_int_equal(next_record(&h, &payload, &n), 'P');
	while (got < sizeof large) {
		assert_int_equal(next_record(&h, &payload, &n), 'B');
		assert_true(n <= sizeof large - got && memcmp(payload, large + got, n) == 0);
		got += n;
		records++;
	}
	assert_true(records <= 5);
	expect_record(&h, 'D', "{\"status\":0}");
	hang_up(&h);
}

/* The end of a path says what the document is. */
static void test_long_path(void **state)
{
	static char path[10000];
	const char *payload;
	struct heard h;
	size_t n;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof path; i += 2)
		memcpy(path + i, "\xc3\xa9", 2);
	strcpy(path + sizeof path - 8, "/z.text");
	listen_to(&h, true);
	answer_part(h.a, path, NULL, -1);
	answer_end(h.a, ANSWER_DONE);
	hear(&h);
	assert_int_equal(next_record(&h, &payload, &n), 'P');
	assert_int_equal(n, strlen("{\"part\":\"\"}") + 4095);
	assert_memory_equal(payload, "{\"part\":\"\xc3\xa9", 11);
	assert_memory_equal(payload + n - 9, "/z.text\"}", 9);
	expect_record(&h, 'D', "{\"status\":0}");
	hang_up(&h);
}

/* By hand a part's bytes are not mixed into the container's text. */
static void test_parts_by_hand(void **state)
{
	struct heard h;

	(void)state;
	listen_to(&h, false);
	answer_text(h.a, "a", 1);
	answer_part(h.a, "inner.txt", NULL, -1);
	answer_part_bytes(h.a, "hidden", 6);
	answer_part_fail(h.a, ANSWER_LIMIT, "too much");
	answer_text(h.a, "b", 1);
	assert_int_equal(answer_end(h.a, ANSWER_DONE), 0);
	hear(&h);
	assert_int_equal(h.len, 2);
	assert_memory_equal(h.bytes, "ab", 2);
	h.at = h.len;
	hang_up(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_bytes),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_put),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_sniff),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_part_bytes),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_parts_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
