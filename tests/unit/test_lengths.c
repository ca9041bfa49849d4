/* test_lengths: the array behind the rank function; readers beside a writer. */
#include "store_fixture.h"

#include "store/lengths.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

static void test_values(void **state)
{
	struct fixture *f = *state;

	assert_ok(lengths_load(f->db));
	assert_int_equal(lengths_count(), 0);
	assert_true(fabs(lengths_average() - 1) < 1e-9);
	assert_int_equal(lengths_get(5), 0);
	assert_int_equal(lengths_get(-1), 0);
	assert_int_equal(lengths_get(INT64_MAX), 0);
	assert_ok(lengths_set(5, 100));
	assert_ok(lengths_set(5000000, 300));
	assert_int_equal(lengths_get(5), 100);
	assert_int_equal(lengths_get(5000000), 300);
	assert_int_equal(lengths_get(6), 0);
	assert_true(fabs(lengths_average() - 200) < 1e-9);
	assert_ok(lengths_set(5, 0));
	assert_int_equal(lengths_count(), 1);
	assert_true(fabs(lengths_average() - 300) < 1e-9);
	assert_int_not_equal(lengths_set(-1, 5), ST_OK);
	assert_int_not_equal(lengths_set(INT64_MAX, 5), ST_OK);
	assert_ok(lengths_load(f->db)); /* replaces all */
	assert_int_equal(lengths_count(), 0);
	assert_int_equal(lengths_get(5000000), 0);
}

enum { IDS = 40000 };
static atomic_bool done;

static void *read_all(void *arg)
{
	int64_t *wrong = arg;

	while (!atomic_load(&done)) {
		for (int64_t i = 0; i < IDS; i += 7) {
			uint32_t n = lengths_get(i);

			*wrong += n != 0 && n != (uint32_t)i + 1 && n != (uint32_t)i + 2;
		}
		*wrong += lengths_average() < 1;
	}
	return NULL;
}

static void test_threads(void **state)
{
	int64_t wrong[2] = {0, 0};
	pthread_t readers[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_all, &wrong[i]), 0);
	for (int round = 1; round <= 2; round++)
		for (int64_t i = 0; i < IDS; i++)
			assert_ok(lengths_set(i, (uint32_t)(i + round)));
	atomic_store(&done, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
	assert_int_equal(lengths_count(), IDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, fixture_open, fixture_close),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("lengths", tests, NULL, NULL);
}
