/* test_convert_lib: the pure parts of libconvert: bytes counted, UTF-8 checked, dates read,
 * signatures told. */
#include "iso_date.h"
#include "scan.h"
#include "sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_bytes),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_put),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_sniff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
