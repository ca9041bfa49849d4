/* test_kept: a statement that was given back is taken again, without its values, by its connection only. */
#include "store/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	sqlite3 *raw;
	struct kept kept;
};

static int open_one(void **state)
{
	static struct fixture f;

	f = (struct fixture){NULL, {.now = 0}};
	assert_int_equal(sqlite3_open(":memory:", &f.raw), SQLITE_OK);
	kept_open(&f.kept, f.raw);
	*state = &f;
	return 0;
}

static int close_one(void **state)
{
	struct fixture *f = *state;

	kept_close(&f->kept);
	assert_int_equal(sqlite3_close(f->raw), SQLITE_OK); /* nothing is left over */
	return 0;
}

static sqlite3_stmt *take(struct fixture *f, const char *text)
{
	sqlite3_stmt *s = NULL;

	assert_int_equal(kept_take(f->raw, text, &s), SQLITE_OK);
	assert_non_null(s);
	return s;
}

static void test_taken_again_without_values(void **state)
{
	sqlite3_stmt *s = take(*state, "SELECT ?1");

	sqlite3_bind_int(s, 1, 7);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	kept_give(s); /* in the middle of its rows */
	sqlite3_stmt *again = take(*state, "SELECT ?1");
	assert_ptr_equal(again, s);
	assert_int_equal(sqlite3_step(again), SQLITE_ROW);
	assert_int_equal(sqlite3_column_type(again, 0), SQLITE_NULL);
	kept_give(again);
	sqlite3_stmt *other = take(*state, "SELECT ?1 ");
	assert_ptr_not_equal(other, s);
	kept_give(other);
}

static void test_two_at_once_are_two(void **state)
{
	sqlite3_stmt *a = take(*state, "SELECT 1"), *b = take(*state, "SELECT 1");

	assert_ptr_not_equal(a, b);
	kept_give(a);
	kept_give(b); /* one of them is kept */
	sqlite3_stmt *c = take(*state, "SELECT 1");
	assert_ptr_equal(c, b);
	kept_give(c);
}

static void test_the_oldest_goes(void **state)
{
	struct fixture *f = *state;
	char text[32];
	sqlite3_stmt *first = take(f, "SELECT 'first'");
	size_t open = 0;

	kept_give(first);
	for (int i = 0; i < 3 * KEPT_MOST; i++) {
		snprintf(text, sizeof text, "SELECT %d", i);
		kept_give(take(f, text));
		sqlite3_stmt *again = take(f, "SELECT 'first'"); /* in use all the time */
		assert_ptr_equal(again, first);
		kept_give(again);
	}
	for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->raw, s));)
		open++;
	assert_int_equal(open, KEPT_MOST);
	kept_drop(&f->kept);
	assert_null(sqlite3_next_stmt(f->raw, NULL));
	kept_give(take(f, "SELECT 'first'"));
	assert_non_null(sqlite3_next_stmt(f->raw, NULL));
}

static void test_errors_and_strangers(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *s = NULL;
	sqlite3 *stranger;

	assert_int_equal(kept_take(f->raw, "SELEC 1", &s), SQLITE_ERROR);
	assert_null(s);
	s = take(f, "SELECT abs(-9223372036854775808)");
	assert_int_equal(sqlite3_step(s), SQLITE_ERROR);
	kept_give(s); /* one that failed is not kept */
	assert_null(sqlite3_next_stmt(f->raw, NULL));
	kept_give(NULL);
	kept_give(take(f, "SELECT 1"));
	assert_int_equal(sqlite3_open(":memory:", &stranger), SQLITE_OK);
	assert_int_equal(kept_take(stranger, "SELECT 1", &s), SQLITE_OK);
	assert_ptr_equal(sqlite3_db_handle(s), stranger);
	kept_give(s);
	assert_null(sqlite3_next_stmt(stranger, NULL));
	assert_int_equal(sqlite3_close(stranger), SQLITE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_taken_again_without_values, open_one, close_one),
		cmocka_unit_test_setup_teardown(test_two_at_once_are_two, open_one, close_one),
		cmocka_unit_test_setup_teardown(test_the_oldest_goes, open_one, close_one),
		cmocka_unit_test_setup_teardown(test_errors_and_strangers, open_one, close_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
