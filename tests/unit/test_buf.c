/* test_buf: appends against a model, and failed memory leaves what was there. */
#include "core/buf.h"

#include "core/mem.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_appends_match_a_model(void **state)
{
	static char model[1 << 16];
	struct dice d = {42};

	(void)state;
	for (int round = 0; round < 200; round++) {
		AUTO_BUF b = BUF_INIT;
		size_t len = 0;

		while (len < 4000) {
			char piece[300];
			size_t n = dice_below(&d, sizeof piece);

			for (size_t i = 0; i < n; i++)
				piece[i] = (char)dice_roll(&d);
			if (dice_below(&d, 10) == 0) {
				buf_addc(&b, 'c');
				model[len++] = 'c';
			}
			if (dice_below(&d, 10) == 0) {
				buf_addf(&b, "<%d>", round);
				len += (size_t)sprintf(model + len, "<%d>", round);
			}
			buf_add(&b, piece, n);
			memcpy(model + len, piece, n);
			len += n;
			assert_int_equal(b.len, len);
			assert_int_equal(b.data[len], '\0');
		}
		assert_int_equal(buf_status(&b), ST_OK);
		assert_memory_equal(b.data, model, len);
	}
}

static void test_reserve_gives_room(void **state)
{
	AUTO_BUF b = BUF_INIT;

	(void)state;
	for (size_t n = 0; n < 3000; n += 7) {
		assert_true(buf_reserve(&b, n));
		assert_true(b.room - b.len > n); /* the NUL fits as well */
	}
}

static void test_absurd_size_fails(void **state)
{
	AUTO_BUF b = BUF_INIT;

	(void)state;
	buf_adds(&b, "x");
	assert_false(buf_reserve(&b, SIZE_MAX - 3));
	assert_int_equal(buf_status(&b), ST_NOMEM);
	assert_string_equal(b.data, "x");
}

static void test_failure_is_sticky_until_cleared(void **state)
{
	AUTO_BUF b = BUF_INIT;
	size_t len = 0;

	(void)state;
	buf_adds(&b, "kept");
	mem_fail_at(1, 0);
	for (int i = 0; i < 1000; i++) {
		buf_adds(&b, "0123456789");
		if (b.failed && !len)
			len = b.len;
	}
	mem_fail_at(0, 0);
	assert_int_equal(buf_status(&b), ST_NOMEM);
	assert_int_equal(b.len, len); /* memory came back, the text stayed as it was */
	assert_int_equal(strlen(b.data), len);
	assert_memory_equal(b.data, "kept", 4);
	buf_clear(&b);
	buf_adds(&b, "again");
	assert_int_equal(buf_status(&b), ST_OK);
	assert_string_equal(b.data, "again");
}

static bool build(struct buf *b)
{
	buf_adds(b, "one");
	for (int i = 0; i < 100; i++)
		buf_addf(b, " %d", i);
	return buf_status(b) == ST_OK;
}

static void test_nth_allocation_fails(void **state)
{
	(void)state;
	for (int forever = 0; forever < 2; forever++) {
		bool done = false;

		for (unsigned long nth = 1; !done; nth++) {
			AUTO_BUF b = BUF_INIT;

			mem_fail_at(nth, forever);
			done = build(&b);
			mem_fail_at(0, 0);
			assert_true(done || b.failed);
			assert_true(nth < 100);
		}
	}
}

static void test_take(void **state)
{
	struct buf b = BUF_INIT;
	AUTO_FREE char *empty = buf_take(&b);

	(void)state;
	assert_string_equal(empty, "");
	buf_adds(&b, "text");
	AUTO_FREE char *text = buf_take(&b);
	assert_string_equal(text, "text");
	assert_null(b.data);
	mem_fail_at(1, 0);
	buf_adds(&b, "lost");
	mem_fail_at(0, 0);
	assert_null(buf_take(&b));
	assert_false(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_match_a_model),
		cmocka_unit_test(test_reserve_gives_room),
		cmocka_unit_test(test_absurd_size_fails),
		cmocka_unit_test(test_failure_is_sticky_until_cleared),
		cmocka_unit_test(test_nth_allocation_fails),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
