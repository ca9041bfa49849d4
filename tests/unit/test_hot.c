/* hot: what is asked most, held against a plain list. */
#include "search/hot.h"

#include "core/mem.h"
#include "dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HALF_MS = 1000, KEYS = 200 };

static int dropped;

static void on_drop(void *value)
{
	(void)value;
	dropped++;
}

static struct hot *make(size_t most)
{
	struct hot *h;

	assert_int_equal(hot_create(most, HALF_MS, on_drop, &h), ST_OK);
	return h;
}

static bool touch(struct hot *h, const char *name, int64_t now_ms, void *value)
{
	AUTO_BUF key = BUF_INIT;

	buf_adds(&key, name);
	return hot_touch(h, &key, now_ms, value);
}

static void test_order_and_decay(void **state)
{
	struct hot *h = make(10);
	void *got[10];
	int a, b, c;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(touch(h, "a", 0, &a), i == 0);
	touch(h, "b", 0, &b);
	assert_int_equal(hot_list(h, 0, 0, got, 10), 2);
	assert_ptr_equal(got[0], &a);
	/* three half-lives on, four askings count for half a one */
	touch(h, "c", 3 * HALF_MS, &c);
	assert_int_equal(hot_list(h, 3 * HALF_MS, 0, got, 10), 3);
	assert_ptr_equal(got[0], &c);
	assert_ptr_equal(got[1], &a);
	assert_int_equal(hot_list(h, 3 * HALF_MS, 0.4, got, 10), 2);
	assert_int_equal(hot_list(h, 3 * HALF_MS, 0.6, got, 10), 1);
	assert_int_equal(hot_list(h, 3 * HALF_MS, 0, got, 1), 1);
	/* years later the order is still there */
	assert_int_equal(hot_list(h, INT64_C(1) << 40, 0, got, 10), 3);
	assert_ptr_equal(got[0], &c);
	assert_int_equal(hot_list(h, INT64_C(1) << 40, 0.1, got, 10), 0);
	dropped = 0;
	hot_clear(h);
	assert_int_equal(dropped, 3);
	assert_int_equal(hot_count(h), 0);
	hot_destroy(h);
}

static void test_bounded(void **state)
{
	struct hot *h = make(3);
	void *got[4];
	int keep, others;

	(void)state;
	dropped = 0;
	touch(h, "keep", 0, &keep);
	touch(h, "keep", 0, &keep);
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "other%d", i);
		assert_true(touch(h, name, 0, &others));
		assert_true(hot_count(h) <= 3);
	}
	assert_int_equal(dropped, 98);
	assert_int_equal(hot_list(h, 0, 0, got, 4), 3);
	assert_ptr_equal(got[0], &keep);
	hot_destroy(h);
	struct hot *none = make(0);
	assert_false(touch(none, "x", 0, &keep));
	hot_destroy(none);
}

/* Many askings at random, beside an array that is decayed by hand. */
static void test_model(void **state)
{
	static double count[KEYS];
	static int values[KEYS];
	struct hot *h = make(KEYS);
	void *got[KEYS];
	int64_t now = 0;
	struct dice dice = {42};

	(void)state;
	memset(count, 0, sizeof count);
	for (int i = 0; i < 20000; i++) {
		char name[16];
		size_t k = dice_below(&dice, KEYS) * dice_below(&dice, KEYS) / KEYS;
		int64_t step = (int64_t)dice_below(&dice, 3);

		now += step;
		for (int j = 0; j < KEYS; j++)
			count[j] *= exp2(-(double)step / HALF_MS);
		count[k]++;
		snprintf(name, sizeof name, "%zu", k);
		touch(h, name, now, &values[k]);
	}
	size_t n = hot_list(h, now, 0.5, got, KEYS);
	double last = INFINITY;
	for (size_t i = 0; i < n; i++) {
		double c = count[(int *)got[i] - values];

		assert_true(c >= 0.499 && c <= last * 1.000001);
		last = c;
	}
	for (int j = 0; j < KEYS; j++)
		if (count[j] > 0.501)
			n--;
	assert_int_equal(n, 0);
	hot_destroy(h);
}

static void test_no_memory(void **state)
{
	int value;

	(void)state;
	for (unsigned long n = 1; n < 12; n++) {
		struct hot *h = NULL;
		void *got[2];

		mem_fail_at(n, 0);
		enum status st = hot_create(2, HALF_MS, on_drop, &h);
		if (st == ST_OK) {
			(void)touch(h, "a", 0, &value);
			(void)touch(h, "b", 0, &value);
			(void)touch(h, "c", 0, &value);
			assert_true(hot_list(h, 0, 0, got, 2) <= 2);
		}
		mem_fail_at(0, 0);
		hot_destroy(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_decay),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
