/* test_units: what people write, what they may not, and that what is printed is near the truth. */
#include "core/units.h"

#include "dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	const char *text;
	int64_t value;
};

static void test_durations(void **state)
{
	static const struct sample good[] = {
		{"0", 0},
		{"000", 0},
		{"0s", 0},
		{"1ms", 1},
		{"500ms", 500},
		{"5s", 5000},
		{"2m", 120000},
		{"1h", 3600000},
		{"7d", 604800000},
		{"2w", 1209600000},
		{"9223372036854775807ms", INT64_MAX},
		{"15250284452w", 15250284452 * 604800000},
	};
	static const char *const bad[] = {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ",
		"1S", "1y", "1mss", "9223372036854775808ms", "99999999999999999999ms",
		"15250284453w", "1h30m", "0x1s"};
	int64_t out;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(units_duration_ms(good[i].text, &out), ST_OK);
		assert_true(out == good[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(units_duration_ms(bad[i], &out), ST_INVALID);
}

static void test_sizes(void **state)
{
	static const struct sample good[] = {
		{"0", 0},
		{"1", 1},
		{"10B", 10},
		{"64K", 65536},
		{"64k", 65536},
		{"64KB", 65536},
		{"64KiB", 65536},
		{"10M", 10 << 20},
		{"2G", 2LL << 30},
		{"1T", 1LL << 40},
		{"9223372036854775807", INT64_MAX},
		{"8388607T", 8388607LL << 40},
	};
	static const char *const bad[] = {"", "K", "-1", "1.5K", "1 K", "1KK", "1iB", "1KBB", "1X",
		"1Ki", "9223372036854775808", "99999999999999999999", "8388608T", "1P"};
	int64_t out;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(units_size(good[i].text, &out), ST_OK);
		assert_true(out == good[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(units_size(bad[i], &out), ST_INVALID);
}

static void test_integers(void **state)
{
	static const struct sample good[] = {
		{"0", 0},
		{"-0", 0},
		{"+7", 7},
		{"-7", -7},
		{"007", 7},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};
	static const char *const bad[] = {"", "-", "+", "--1", "1x", " 1", "1 ", "0x1", "1e3",
		"9223372036854775808", "-9223372036854775809", "99999999999999999999"};
	int64_t out;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(units_int(good[i].text, &out), ST_OK);
		assert_true(out == good[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(units_int(bad[i], &out), ST_INVALID);
}

static void test_integers_round_trip(void **state)
{
	struct dice d = {7};
	char text[32];
	int64_t out;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t n = (int64_t)(dice_roll(&d) >> dice_below(&d, 64));

		snprintf(text, sizeof text, "%lld", (long long)n);
		assert_int_equal(units_int(text, &out), ST_OK);
		assert_true(out == n);
	}
}

static void expect(void (*print)(struct buf *, int64_t), int64_t n, const char *want)
{
	AUTO_BUF b = BUF_INIT;

	print(&b, n);
	assert_string_equal(b.data, want);
}

static void test_printed_sizes(void **state)
{
	(void)state;
	expect(units_add_size, 0, "0 B");
	expect(units_add_size, 1023, "1023 B");
	expect(units_add_size, 1024, "1 KiB");
	expect(units_add_size, 1536, "1.5 KiB");
	expect(units_add_size, 1572864, "1.5 MiB");
	expect(units_add_size, (1 << 20) - 1, "1 MiB"); /* not 1024 KiB */
	expect(units_add_size, 123 << 20, "123 MiB");
	expect(units_add_size, -2048, "-2 KiB");
	expect(units_add_size, INT64_MAX, "8 EiB");
	expect(units_add_size, INT64_MIN, "-8 EiB");
}

static void test_printed_durations(void **state)
{
	(void)state;
	expect(units_add_duration, 0, "0 ms");
	expect(units_add_duration, 999, "999 ms");
	expect(units_add_duration, 1000, "1 s");
	expect(units_add_duration, 1540, "1.5 s");
	expect(units_add_duration, 59999, "59.9 s");
	expect(units_add_duration, 123000, "2 m 3 s");
	expect(units_add_duration, 120999, "2 m");
	expect(units_add_duration, 3600000, "1 h");
	expect(units_add_duration, 3660000, "1 h 1 m");
	expect(units_add_duration, 90000000, "1 d 1 h");
	expect(units_add_duration, -5000, "-5 s");
	expect(units_add_duration, INT64_MIN, "-106751991167 d 7 h");
}

/* What is printed, read back, is within a twentieth of what was meant. */
static void test_printed_sizes_are_near(void **state)
{
	struct dice d = {99};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t n = (int64_t)(dice_roll(&d) >> (1 + dice_below(&d, 62)));
		AUTO_BUF b = BUF_INIT;
		char unit[8];
		double shown;

		units_add_size(&b, n);
		assert_int_equal(sscanf(b.data, "%lf %7s", &shown, unit), 2);
		assert_true(shown < 1024);
		static const char letters[] = "BKMGTPE";
		const char *letter = strchr(letters, unit[0]);
		assert_non_null(letter);
		for (int k = (int)(letter - letters); k > 0; k--)
			shown *= 1024;
		assert_true(fabs(shown - (double)n) <= (double)n / 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_integers_round_trip),
		cmocka_unit_test(test_printed_sizes),
		cmocka_unit_test(test_printed_durations),
		cmocka_unit_test(test_printed_sizes_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
