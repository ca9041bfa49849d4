/* test_strmap: random operations against an array, iteration with removal, and failing memory. */
#include "core/strmap.h"

#include "core/mem.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 500, STEPS = 200000 };

/* The model: value of each key, NULL if absent. */
static void *model[KEYS];
static int values[KEYS * 2];

/* Keys of every length around a word's, with NUL bytes. */
static size_t key_of(unsigned i, char out[64])
{
	size_t n = 4 + i % 40;

	memset(out, 0, 64);
	memcpy(out + n - 4, &i, 4);
	return n;
}

static size_t model_count(void)
{
	size_t n = 0;

	for (unsigned i = 0; i < KEYS; i++)
		n += model[i] != NULL;
	return n;
}

static void check_all(const struct strmap *m)
{
	char key[64];
	size_t seen = 0, at = 0, len;
	const char *k;
	void *v;

	assert_int_equal(strmap_count(m), model_count());
	for (unsigned i = 0; i < KEYS; i++) {
		size_t n = key_of(i, key);

		assert_ptr_equal(strmap_get(m, key, n), model[i]);
	}
	while (strmap_next(m, &at, &k, &len, &v)) {
		unsigned i;

		memcpy(&i, k + len - 4, 4);
		assert_true(i < KEYS);
		assert_ptr_equal(model[i], v);
		assert_int_equal(len, key_of(i, key));
		assert_memory_equal(k, key, len);
		seen++;
	}
	assert_int_equal(seen, model_count());
}

static void test_random_operations(void **state)
{
	struct dice d = {11};
	struct strmap *m;
	char key[64];

	(void)state;
	memset(model, 0, sizeof model);
	assert_int_equal(strmap_create(&m), ST_OK);
	for (int step = 0; step < STEPS; step++) {
		unsigned i = (unsigned)dice_below(&d, KEYS);
		size_t n = key_of(i, key);
		/* Phases that mostly fill and phases that mostly empty it. */
		bool put = dice_below(&d, 10) < (step / 20000 % 2 ? 3U : 7U);

		if (put) {
			void *value = &values[dice_below(&d, KEYS * 2)], *old = m;

			assert_int_equal(strmap_put(m, key, n, value, &old), ST_OK);
			assert_ptr_equal(old, model[i]);
			model[i] = value;
		} else {
			assert_ptr_equal(strmap_take(m, key, n), model[i]);
			model[i] = NULL;
		}
		if (step % 5000 == 0)
			check_all(m);
	}
	check_all(m);
	strmap_destroy(m);
}

static void test_take_while_iterating(void **state)
{
	struct dice d = {23};
	char key[64];

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct strmap *m;
		int visits[KEYS] = {0};
		size_t at = 0, len, left = 0;
		const char *k;
		void *v;

		assert_int_equal(strmap_create(&m), ST_OK);
		for (unsigned i = 0; i < KEYS; i++)
			assert_int_equal(
				strmap_put(m, key, key_of(i, key), &values[i], NULL), ST_OK);
		while (strmap_next(m, &at, &k, &len, &v)) {
			unsigned i = (unsigned)((int *)v - values);

			visits[i]++;
			if (dice_below(&d, 2))
				assert_ptr_equal(strmap_take(m, key, key_of(i, key)), v);
			else
				left++;
		}
		for (unsigned i = 0; i < KEYS; i++)
			assert_int_equal(visits[i], 1);
		assert_int_equal(strmap_count(m), left);
		strmap_destroy(m);
	}
}

static void test_keys_are_bytes(void **state)
{
	struct strmap *m;
	int a, b, c;

	(void)state;
	assert_int_equal(strmap_create(&m), ST_OK);
	assert_int_equal(strmap_put(m, "", 0, &a, NULL), ST_OK);
	assert_int_equal(strmap_put(m, "\0", 1, &b, NULL), ST_OK);
	assert_int_equal(strmap_put(m, "\0\0", 2, &c, NULL), ST_OK);
	assert_ptr_equal(strmap_get(m, "", 0), &a);
	assert_ptr_equal(strmap_get(m, "\0", 1), &b);
	assert_ptr_equal(strmap_get(m, "\0\0", 2), &c);
	assert_null(strmap_get(m, "\0\0\0", 3));
	assert_int_equal(strmap_count(m), 3);
	strmap_destroy(m);
}

static void test_hash_spreads(void **state)
{
	enum { BITS = 64, ROUNDS = 4000 };
	struct dice d = {31};
	int flips[BITS] = {0};

	(void)state;
	/* One bit of the key changes about half of the bits of the hash. */
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char key[24];
		size_t n = 1 + dice_below(&d, sizeof key);

		for (size_t i = 0; i < sizeof key; i++)
			key[i] = (unsigned char)dice_roll(&d);
		uint64_t before = strmap_hash(key, n);
		assert_true(before == strmap_hash(key, n));
		key[dice_below(&d, n)] ^= (unsigned char)(1U << dice_below(&d, 8));
		uint64_t changed = before ^ strmap_hash(key, n);
		for (int i = 0; i < BITS; i++)
			flips[i] += (int)(changed >> i & 1);
	}
	for (int i = 0; i < BITS; i++)
		assert_in_range(flips[i], ROUNDS * 4 / 10, ROUNDS * 6 / 10);
}

/* Fills and empties a map; ST_NOMEM as soon as something failed, the map then still being whole. */
static enum status exercise(void)
{
	struct strmap *m;
	char key[64];
	enum status st = strmap_create(&m);
	size_t put = 0;

	if (st)
		return st;
	for (unsigned i = 0; i < 40 && !st; i++) {
		void *old = NULL;

		st = strmap_put(m, key, key_of(i, key), &values[i], &old);
		put += !st;
		assert_null(old);
	}
	assert_int_equal(strmap_count(m), put);
	for (unsigned i = 0; i < 40; i++) {
		void *want = i < put ? &values[i] : NULL;

		assert_ptr_equal(strmap_take(m, key, key_of(i, key)), want);
	}
	strmap_destroy(m);
	return st;
}

static void test_nth_allocation_fails(void **state)
{
	(void)state;
	for (int forever = 0; forever < 2; forever++) {
		enum status st = ST_NOMEM;

		for (unsigned long nth = 1; st; nth++) {
			mem_fail_at(nth, forever);
			st = exercise();
			mem_fail_at(0, 0);
			assert_true(st == ST_OK || st == ST_NOMEM);
			assert_true(nth < 200);
		}
	}
	strmap_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_take_while_iterating),
		cmocka_unit_test(test_keys_are_bytes),
		cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_nth_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
