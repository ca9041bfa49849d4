/* warm: the next time of day, across midnight, and where the clock is changed twice a year. */
#include "serve/warm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static int64_t next(const char *zone, int64_t now_s, char *a, char *b)
{
	char *items[] = {a, b};
	const struct config_list times = {items, b ? 2 : a ? 1 : 0};

	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
	return warm_next_time(&times, now_s);
}

enum { HOUR = 3600, DAY = 24 * HOUR };
#define MIDNIGHT INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static void test_the_day(void **state)
{
	char seven[] = "07:30", late[] = "23:59", midnight[] = "00:00";

	(void)state;
	assert_int_equal(next("UTC0", MIDNIGHT, NULL, NULL), 0);
	assert_int_equal(next("UTC0", MIDNIGHT, seven, NULL), MIDNIGHT + 7 * HOUR + HOUR / 2);
	/* not the moment itself: it would come again at once */
	assert_int_equal(next("UTC0", MIDNIGHT, midnight, NULL), MIDNIGHT + DAY);
	assert_int_equal(next("UTC0", MIDNIGHT - 1, midnight, NULL), MIDNIGHT);
	assert_int_equal(next("UTC0", MIDNIGHT + 8 * HOUR, seven, late), MIDNIGHT + DAY - 60);
	assert_int_equal(next("UTC0", MIDNIGHT + DAY - 60, late, seven), MIDNIGHT + DAY + 7 * HOUR + HOUR / 2);
	/* a zone that is not a whole number of hours away */
	assert_int_equal(next("XYZ-05:30", MIDNIGHT, seven, NULL), MIDNIGHT + 2 * HOUR);
}

/* Middle Europe: 2026-03-29 has no 02:30, 2026-10-25 has it twice. */
static void test_summer_time(void **state)
{
	const char *zone = "CET-1CEST,M3.5.0,M10.5.0/3";
	const int64_t march = 1774738800 /* 2026-03-29T00:00+01:00 */, october = 1792879200 /* 2026-10-25T00:00+02:00 */;
	char gap[] = "02:30", noon[] = "12:00";

	(void)state;
	int64_t at = next(zone, march, gap, NULL);
	assert_true(at >= march + 3 * HOUR / 2 && at <= march + 5 * HOUR / 2);
	int64_t again = next(zone, at, gap, NULL);
	assert_int_equal(again, march + 23 * HOUR + 5 * HOUR / 2);
	assert_int_equal(next(zone, march, noon, NULL), march + 11 * HOUR);
	assert_int_equal(next(zone, october, noon, NULL), october + 13 * HOUR);
	at = next(zone, october, gap, NULL);
	assert_true(at == october + 5 * HOUR / 2 || at == october + 7 * HOUR / 2);
	assert_true(next(zone, at, gap, NULL) > at);
}

/* From any moment of two years the next one is ahead, by a day and an hour at most. */
static void test_always_ahead(void **state)
{
	char one[] = "02:15", two[] = "03:00";

	(void)state;
	for (int64_t now = MIDNIGHT; now < MIDNIGHT + 730 * (int64_t)DAY; now += 1777) {
		int64_t at = next("CET-1CEST,M3.5.0,M10.5.0/3", now, one, two);

		assert_true(at > now && at <= now + DAY + HOUR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_day),
		cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_always_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
