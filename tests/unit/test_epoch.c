/* test_epoch: a line drawn now is through exactly when nothing from before it is held any more. */
#include "dice.h"
#include "watch/epoch.h"

#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_line(void **state)
{
	struct epochs e;
	uint64_t first, second, third;

	(void)state;
	assert_int_equal(epochs_init(&e), ST_OK);
	struct epoch *before = epoch_hold(&e, e.current);
	assert_int_equal(epochs_close(&e, &first), ST_OK);
	assert_true(before != e.current);
	struct epoch *after = epoch_hold(&e, e.current);
	assert_int_equal(e.held, 2);
	assert_false(epochs_are_done(&e, first));
	epoch_let(&e, before);
	assert_true(epochs_are_done(&e, first)); /* whatever came after the line */
	assert_int_equal(epochs_close(&e, &second), ST_OK);
	assert_int_equal(epochs_close(&e, &third), ST_OK);
	assert_true(first < second && second < third);
	assert_false(epochs_are_done(&e, second));
	assert_false(epochs_are_done(&e, third)); /* an older one is held */
	epoch_let(&e, after);
	assert_true(epochs_are_done(&e, second));
	assert_true(epochs_are_done(&e, third));
	assert_int_equal(e.held, 0);
	epochs_finish(&e);
}

static void test_current_is_never_done(void **state)
{
	struct epochs e;
	uint64_t n;

	(void)state;
	assert_int_equal(epochs_init(&e), ST_OK);
	assert_false(epochs_are_done(&e, e.current->n)); /* it may still be caused something */
	assert_int_equal(epochs_close(&e, &n), ST_OK);
	assert_true(epochs_are_done(&e, n));
	assert_false(epochs_are_done(&e, n + 1));
	epochs_finish(&e);
}

static void test_older(void **state)
{
	struct epochs e;
	uint64_t n;

	(void)state;
	assert_int_equal(epochs_init(&e), ST_OK);
	struct epoch *a = epoch_hold(&e, e.current);
	assert_int_equal(epochs_close(&e, &n), ST_OK);
	struct epoch *b = epoch_hold(&e, e.current);
	assert_ptr_equal(epoch_older(&e, a, b), a);
	assert_int_equal(b->held, 0);
	assert_ptr_equal(epoch_older(&e, epoch_hold(&e, b), a), a);
	assert_int_equal(a->held, 1);
	assert_int_equal(b->held, 0);
	assert_ptr_equal(epoch_older(&e, epoch_hold(&e, a), a), a); /* the same twice: held once */
	assert_int_equal(a->held, 1);
	assert_ptr_equal(epoch_older(&e, NULL, a), a);
	assert_ptr_equal(epoch_older(&e, a, NULL), a);
	assert_null(epoch_older(&e, NULL, NULL));
	assert_int_equal(e.held, 1);
	epoch_let(&e, a);
	epochs_finish(&e);
}

static void test_null(void **state)
{
	struct epochs e;

	(void)state;
	assert_int_equal(epochs_init(&e), ST_OK);
	assert_null(epoch_hold(&e, NULL));
	epoch_let(&e, NULL);
	assert_int_equal(e.held, 0);
	epochs_finish(&e);
}

static void test_no_memory(void **state)
{
	struct epochs e;
	uint64_t n = 77;

	(void)state;
	mem_fail_at(1, 0);
	assert_int_equal(epochs_init(&e), ST_NOMEM);
	mem_fail_at(0, 0);
	epochs_finish(&e);
	assert_int_equal(epochs_init(&e), ST_OK);
	struct epoch *current = e.current;
	mem_fail_at(1, 0);
	assert_int_equal(epochs_close(&e, &n), ST_NOMEM);
	mem_fail_at(0, 0);
	assert_int_equal(n, 77);
	assert_ptr_equal(e.current, current);
	epochs_finish(&e);
}

/* Against holds kept in an array: a line is through when no hold is of an epoch up to it. */
static void test_model(void **state)
{
	enum { HOLDS = 64, STEPS = 20000 };
	struct dice dice = {20260101};
	struct epochs e;
	struct epoch *held[HOLDS] = {NULL};

	(void)state;
	assert_int_equal(epochs_init(&e), ST_OK);
	for (int step = 0; step < STEPS; step++) {
		struct epoch **h = &held[dice_below(&dice, HOLDS)];
		uint64_t line = 0, oldest = UINT64_MAX;

		if (*h && dice_below(&dice, 2)) {
			epoch_let(&e, *h);
			*h = NULL;
		} else if (*h) {
			*h = epoch_older(&e, *h, epoch_hold(&e, e.current));
		} else {
			*h = epoch_hold(&e, e.current);
		}
		if (dice_below(&dice, 10))
			continue;
		assert_int_equal(epochs_close(&e, &line), ST_OK);
		for (int i = 0; i < HOLDS; i++)
			if (held[i] && held[i]->n < oldest)
				oldest = held[i]->n;
		for (uint64_t n = line > 80 ? line - 80 : 0; n <= line; n++)
			assert_int_equal(epochs_are_done(&e, n), n < oldest);
	}
	for (int i = 0; i < HOLDS; i++)
		epoch_let(&e, held[i]);
	epochs_finish(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_current_is_never_done),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
