/* turns: who is next, by lanes and users, with many and with few. */
#include "serve/turns.h"

#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 2 };

struct asker {
	struct turns_lane *lane;
	struct turn turn[300];
	size_t added;
};

static struct turns *make(bool by_user)
{
	struct turns *t;

	assert_int_equal(turns_create(MOST, by_user, &t), ST_OK);
	return t;
}

static void open_lane(struct turns *t, struct asker *a, uint32_t uid)
{
	memset(a, 0, sizeof *a);
	assert_int_equal(turns_lane_create(t, uid, &a->lane), ST_OK);
}

static enum status add(struct turns *t, struct asker *a)
{
	struct turn *w = &a->turn[a->added++];

	w->deadline_ms = 1000;
	return turns_add(t, a->lane, w);
}

/* Runs one to its end; which asker's it was. */
static int run_one(struct turns *t, const struct asker *askers, int count)
{
	struct turn *w = turns_take(t);

	if (!w)
		return -1;
	for (int i = 0; i < count; i++)
		if (w->lane == askers[i].lane) {
			turns_end(w);
			return i;
		}
	fail();
	return -1;
}

static void test_in_turn(void **state)
{
	struct turns *t = make(false);
	struct asker a[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		open_lane(t, &a[i], 1000);
	for (int i = 0; i < 256; i++)
		assert_int_equal(add(t, &a[0]), ST_OK);
	assert_int_equal(add(t, &a[1]), ST_OK);
	assert_int_equal(add(t, &a[2]), ST_OK);
	assert_int_equal(add(t, &a[2]), ST_OK);
	static const int order[] = {0, 1, 2, 0, 2, 0, 0};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		assert_int_equal(run_one(t, a, 3), order[i]);
	while (run_one(t, a, 3) == 0)
		;
	assert_int_equal(turns_waiting(t), 0);
	for (int i = 0; i < 3; i++)
		turns_lane_release(a[i].lane);
	turns_destroy(t);
}

/* A user with many connections has no more turns than one with a single one. */
static void test_by_user(void **state)
{
	struct turns *t = make(true);
	struct asker a[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		open_lane(t, &a[i], i < 3 ? 1000 : 1001);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 6; k++)
			assert_int_equal(add(t, &a[i]), ST_OK);
	static const int order[] = {0, 3, 1, 3, 2, 3, 0, 3, 1, 3, 2, 3, 0, 1, 2};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		assert_int_equal(run_one(t, a, 4), order[i]);
	while (run_one(t, a, 4) >= 0)
		;
	for (int i = 0; i < 4; i++)
		turns_lane_release(a[i].lane);
	turns_destroy(t);
}

static void test_the_last_reader_is_kept(void **state)
{
	struct turn *running[MOST], *other;

	(void)state;
	for (int by_user = 0; by_user < 2; by_user++) {
		struct turns *t = make(by_user);
		struct asker a[3];

		open_lane(t, &a[0], 1000);
		open_lane(t, &a[1], 1000);
		open_lane(t, &a[2], 1001);
		for (int i = 0; i < 3; i++)
			assert_int_equal(add(t, &a[0]), ST_OK);
		for (int i = 0; i < MOST; i++)
			assert_non_null(running[i] = turns_take(t));
		assert_null(turns_take(t));
		assert_int_equal(add(t, &a[1]), ST_OK);
		other = turns_take(t);
		assert_true(by_user ? !other : other && other->lane == a[1].lane);
		assert_int_equal(add(t, &a[2]), ST_OK);
		struct turn *third = turns_take(t);
		assert_ptr_equal(third->lane, a[2].lane);
		turns_end(running[0]);
		assert_non_null(running[0] = turns_take(t));
		turns_end(running[0]);
		turns_end(running[1]);
		turns_end(third);
		while ((third = turns_take(t)))
			turns_end(third);
		if (other)
			turns_end(other);
		for (int i = 0; i < 3; i++)
			turns_lane_release(a[i].lane);
		turns_destroy(t);
	}
}

static void test_what_nobody_waits_for(void **state)
{
	struct turns *t = make(false);
	struct turn low[3] = {{.deadline_ms = 1}, {.deadline_ms = 1}, {.deadline_ms = 1}};
	struct asker a;

	(void)state;
	open_lane(t, &a, 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(turns_add(t, turns_low(t), &low[i]), ST_OK);
	assert_int_equal(add(t, &a), ST_OK);
	assert_ptr_equal(turns_take(t), &a.turn[0]);
	assert_ptr_equal(turns_take(t), &low[0]);
	assert_null(turns_take(t)); /* one at a time */
	turns_promote(t, &low[2], a.lane);
	assert_ptr_equal(turns_take(t), &low[2]);
	assert_ptr_equal(low[2].lane, a.lane);
	turns_promote(t, &low[2], a.lane); /* it runs: nothing comes of it */
	turns_end(&low[0]);
	assert_ptr_equal(turns_take(t), &low[1]);
	turns_end(&low[1]);
	turns_end(&low[2]);
	turns_end(&a.turn[0]);
	turns_lane_release(a.lane);
	turns_destroy(t);
}

/* What another asks as well need not stand behind all that the first one asks. */
static void test_waited_for_by_two(void **state)
{
	struct turns *t = make(false);
	struct asker a, b;

	(void)state;
	open_lane(t, &a, 1000);
	open_lane(t, &b, 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(add(t, &a), ST_OK);
	turns_promote(t, &a.turn[4], b.lane);
	assert_ptr_equal(turns_take(t), &a.turn[0]);
	assert_ptr_equal(turns_take(t), &a.turn[4]);
	turns_promote(t, &a.turn[4], a.lane); /* it runs */
	turns_end(&a.turn[4]);
	/* not to where it would wait longer */
	for (int i = 0; i < 5; i++)
		assert_int_equal(add(t, &b), ST_OK);
	turns_promote(t, &a.turn[1], b.lane);
	assert_ptr_equal(a.turn[1].lane, a.lane);
	/* the first one goes away: the lane ends with its last turn */
	turns_end(&a.turn[0]);
	assert_true(turns_remove(t, &a.turn[1]) && turns_remove(t, &a.turn[2]));
	turns_lane_release(a.lane);
	for (int i = 0; i < 5; i++)
		assert_true(turns_remove(t, &b.turn[i]));
	turns_promote(t, &a.turn[3], b.lane);
	assert_ptr_equal(a.turn[3].lane, b.lane);
	assert_true(turns_remove(t, &a.turn[3]));
	turns_lane_release(b.lane);
	turns_destroy(t);
}

static void test_bounded(void **state)
{
	struct turns *t = make(false);
	struct asker a[6];
	struct turn *w;

	(void)state;
	for (int i = 0; i < 6; i++)
		open_lane(t, &a[i], 1000);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 256; k++)
			assert_int_equal(add(t, &a[i]), ST_OK);
	assert_int_equal(add(t, &a[0]), ST_AGAIN);
	assert_int_equal(turns_add(t, turns_low(t), &a[5].turn[0]), ST_AGAIN);
	for (int k = 0; k < 4; k++) /* who asks for little is heard all the same */
		assert_int_equal(add(t, &a[4]), ST_OK);
	assert_int_equal(add(t, &a[4]), ST_AGAIN);
	assert_int_equal(turns_waiting(t), 1028);
	while ((w = turns_take(t)))
		turns_end(w);
	for (int i = 0; i < 6; i++)
		turns_lane_release(a[i].lane);
	turns_destroy(t);
}

static void test_taken_out(void **state)
{
	struct turns *t = make(false);
	struct asker a;

	(void)state;
	open_lane(t, &a, 1000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(add(t, &a), ST_OK);
	a.turn[2].deadline_ms = 5;
	assert_null(turns_take_late(t, 4));
	assert_ptr_equal(turns_take_late(t, 5), &a.turn[2]);
	assert_null(turns_take_late(t, 5));
	assert_true(turns_remove(t, &a.turn[0]));
	assert_false(turns_remove(t, &a.turn[0]));
	struct turn *w = turns_take(t);
	assert_ptr_equal(w, &a.turn[1]);
	assert_false(turns_remove(t, w));
	turns_lane_release(a.lane); /* its asker went away: the lane ends with the last of its turns */
	assert_true(turns_remove(t, &a.turn[3]));
	turns_end(w);
	turns_destroy(t);
}

static void test_out_of_memory(void **state)
{
	struct turns *t = NULL;
	struct turns_lane *lane = NULL;

	(void)state;
	for (unsigned long n = 1; !lane; n++) {
		mem_fail_at(n, 0);
		if (!t && turns_create(MOST, false, &t) != ST_OK)
			assert_null(t);
		if (t && turns_lane_create(t, 7, &lane) != ST_OK)
			assert_null(lane);
		mem_fail_at(0, 0);
	}
	turns_lane_release(lane);
	turns_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_turn),
		cmocka_unit_test(test_by_user),
		cmocka_unit_test(test_the_last_reader_is_kept),
		cmocka_unit_test(test_what_nobody_waits_for),
		cmocka_unit_test(test_waited_for_by_two),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_taken_out),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
