/*
 * test_slabset: the set against a plain array,
 * with hashes chosen so that runs wrap around the table.
 */
#include "dice.h"
#include "watch/slabset.h"

#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 700, STEPS = 40000, RUNS = 12 };

struct item {
	struct slab_item slot;
	unsigned id;
	uint64_t hash;
	bool in; /* the model */
};

static struct slab slab;

static struct item *new_item(uint64_t hash, unsigned id)
{
	struct item *x = slab_take(&slab, sizeof *x);

	assert_non_null(x);
	x->hash = hash;
	x->id = id;
	return x;
}

static uint64_t hash_of(const void *p)
{
	return ((const struct item *)p)->hash;
}

static bool is_this(const void *p, const void *key)
{
	return ((const struct item *)p)->id == *(const unsigned *)key;
}

static void agree(const struct slabset *s, struct item *const *items, size_t in)
{
	size_t at = 0, seen = 0;

	assert_int_equal(s->count, in);
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *x = items[i];

		assert_ptr_equal(slabset_find(s, x->hash, is_this, &x->id), x->in ? x : NULL);
	}
	for (struct item *x; (x = slabset_next(s, &at)); seen++)
		assert_true(x->in);
	assert_int_equal(seen, in);
}

/* `spread` hashes at most, from `first` on: few of them make long runs, those near the end wrap. */
static void run(uint64_t seed, uint64_t first, uint64_t spread, unsigned most)
{
	struct dice dice = {seed};
	struct slabset s = {.slab = &slab, .hash = hash_of};
	struct item *items[ITEMS];
	size_t in = 0;

	for (unsigned i = 0; i < ITEMS; i++)
		items[i] = new_item(first + dice_below(&dice, spread), i);
	for (int step = 0; step < STEPS; step++) {
		struct item *x = items[dice_below(&dice, most)];

		if (x->in)
			slabset_remove(&s, x);
		else
			assert_int_equal(slabset_add(&s, x), ST_OK);
		x->in = !x->in;
		if (x->in)
			in++;
		else
			in--;
		if (step % 997 == 0)
			agree(&s, items, in);
	}
	agree(&s, items, in);
	slabset_finish(&s);
	slab_finish(&slab);
}

static void test_model(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= RUNS; i++) {
		run(i, 0, UINT64_MAX, ITEMS);
		run(i, 60, 8, 40); /* a table of 64: the run from slot 60 on goes round */
		run(i, UINT64_MAX - 20, 20, ITEMS);
		run(i, 1020, 4, ITEMS);
	}
}

static void test_all_alike(void **state)
{
	(void)state;
	run(99, 63, 1, 40); /* every item at home in the last slot */
}

static void test_empty(void **state)
{
	struct slabset s = {.slab = &slab, .hash = hash_of};
	struct item *x = new_item(5, 1), *y = new_item(5, 2);
	size_t at = 0;

	(void)state;
	assert_null(slabset_find(&s, 5, is_this, &x->id));
	slabset_remove(&s, x);
	assert_null(slabset_next(&s, &at));
	assert_int_equal(slabset_add(&s, x), ST_OK);
	slabset_remove(&s, y); /* hashes alike, is not in */
	assert_int_equal(s.count, 1);
	assert_ptr_equal(slabset_find(&s, 5, is_this, &x->id), x);
	slabset_finish(&s);
	assert_int_equal(s.count, 0);
	assert_null(slabset_find(&s, 5, is_this, &x->id));
	slabset_finish(&s);
	slab_finish(&slab);
}

/* Without memory to grow the set is what it was. */
static void test_no_memory(void **state)
{
	struct slabset s = {.slab = &slab, .hash = hash_of};
	struct item *items[64];
	unsigned n = 0;
	enum status st = ST_OK;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		items[i] = new_item(i * 7, i);
	mem_fail_at(2, 1); /* the first table comes, no other */
	for (; n < 64 && st == ST_OK; n++)
		st = slabset_add(&s, items[n]);
	mem_fail_at(0, 0);
	assert_int_equal(st, ST_NOMEM);
	assert_int_equal(s.count, n - 1);
	for (unsigned i = 0; i + 1 < n; i++)
		assert_ptr_equal(slabset_find(&s, items[i]->hash, is_this, &i), items[i]);
	assert_int_equal(slabset_add(&s, items[n - 1]), ST_OK);
	slabset_finish(&s);
	slab_finish(&slab);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A bijection: small numbers, as ids and inodes are, never collide, and their low bits differ too.
 */
static void test_mix(void **state)
{
	enum { N = 4096, SLOTS = 64 };
	uint64_t mixed[N];
	unsigned in_slot[SLOTS] = {0};

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		mixed[i] = slabset_mix(i * 64);
		in_slot[mixed[i] % SLOTS]++;
	}
	qsort(mixed, N, sizeof *mixed, by_value);
	for (int i = 1; i < N; i++)
		assert_true(mixed[i - 1] != mixed[i]);
	for (int i = 0; i < SLOTS; i++)
		assert_in_range(in_slot[i], N / SLOTS / 3, 3 * N / SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_all_alike),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
