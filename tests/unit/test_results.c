/*
 * test_results: what waits for the writer: order of the three kinds,
 * the bound in bytes, the ends.
 */
#include "pipeline/results.h"

#include "core/mem.h"
#include "core/now.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

enum { BYTES_MAX = 1000 };

static struct results *make(void)
{
	struct results *q = NULL;

	assert_int_equal(results_create(BYTES_MAX, &q), ST_OK);
	return q;
}

static struct result *make_result(enum job_lane lane, size_t bytes)
{
	struct job *j = mem_zalloc(sizeof *j);

	assert_non_null(j);
	j->lane = lane;
	struct result *r = result_create(&j);
	assert_non_null(r);
	assert_null(j);
	r->bytes = bytes;
	return r;
}

static void drop(struct result *r)
{
	job_destroy(r->job);
	r->job = NULL;
	result_destroy(r);
}

static const struct result *push(struct results *q, enum job_lane lane, size_t bytes)
{
	struct result *r = make_result(lane, bytes), *pushed = r;

	assert_int_equal(results_push(q, &r), ST_OK);
	assert_null(r);
	return pushed;
}

static const struct tree_change *push_tree(struct results *q)
{
	struct tree_change *c = mem_zalloc(sizeof *c), *pushed = c;

	assert_int_equal(results_push_tree(q, &c), ST_OK);
	assert_null(c);
	return pushed;
}

static void expect_result(struct results *q, const struct result *want)
{
	struct tree_change *c = NULL;
	struct result *r = NULL;

	assert_int_equal(results_pop(q, 0, &c, &r), RESULTS_RESULT);
	assert_null(c);
	assert_ptr_equal(r, want);
	results_release(q, r->bytes);
	drop(r);
}

static void expect_tree(struct results *q, const struct tree_change *want)
{
	struct tree_change *c = NULL;
	struct result *r = NULL;

	assert_int_equal(results_pop(q, 0, &c, &r), RESULTS_TREE);
	assert_null(r);
	assert_ptr_equal(c, want);
	tree_change_destroy(c);
}

static void expect(struct results *q, enum results_event event)
{
	struct tree_change *c = NULL;
	struct result *r = NULL;

	assert_int_equal(results_pop(q, 0, &c, &r), event);
	assert_null(c);
	assert_null(r);
}

static void test_order(void **state)
{
	struct results *q = make();
	const struct result *bulk1 = push(q, LANE_BULK, 1), *bulk2 = push(q, LANE_BULK, 1);

	(void)state;
	assert_false(results_live_waits(q));
	const struct result *live1 = push(q, LANE_LIVE, 1), *live2 = push(q, LANE_LIVE, 1);
	assert_true(results_live_waits(q));
	const struct tree_change *tree1 = push_tree(q), *tree2 = push_tree(q);
	assert_int_equal(results_tree_count(q), 2);
	expect_tree(q, tree1);
	expect_tree(q, tree2);
	assert_int_equal(results_tree_count(q), 0);
	expect_result(q, live1);
	const struct tree_change *tree3 = push_tree(q);
	expect_tree(q, tree3);
	expect_result(q, live2);
	assert_false(results_live_waits(q));
	expect_result(q, bulk1);
	const struct result *live3 = push(q, LANE_LIVE, 1);
	expect_result(q, live3);
	expect_result(q, bulk2);
	push_tree(q);
	assert_true(results_live_waits(q)); /* somebody may wait for a tree change too */
	struct tree_change *c = NULL;
	struct result *r = NULL;
	assert_int_equal(results_pop(q, -1, &c, &r), RESULTS_TREE);
	tree_change_destroy(c);
	expect(q, RESULTS_TIMEOUT);
	results_destroy(q);
}

static void test_poke(void **state)
{
	struct results *q = make();

	(void)state;
	results_poke(q);
	results_poke(q);
	const struct result *live = push(q, LANE_LIVE, 1);
	const struct tree_change *tree = push_tree(q);
	expect_tree(q, tree);
	expect(q, RESULTS_POKE); /* before results: they could keep it away for ever */
	expect_result(q, live);
	expect(q, RESULTS_TIMEOUT);
	results_destroy(q);
}

static void test_close(void **state)
{
	struct results *q = make();
	const struct result *bulk = push(q, LANE_BULK, 1);
	const struct tree_change *tree = push_tree(q);

	(void)state;
	results_close(q);
	struct result *late = make_result(LANE_LIVE, 1), *kept = late;
	assert_int_equal(results_push(q, &late), ST_CLOSED);
	assert_ptr_equal(late, kept);
	struct tree_change *late_tree = mem_zalloc(sizeof *late_tree), *kept_tree = late_tree;
	assert_int_equal(results_push_tree(q, &late_tree), ST_CLOSED);
	assert_ptr_equal(late_tree, kept_tree);
	results_poke(q);
	expect_tree(q, tree); /* what is there is popped to its end */
	expect(q, RESULTS_POKE);
	expect_result(q, bulk);
	expect(q, RESULTS_END);
	expect(q, RESULTS_END);
	struct tree_change *c = NULL;
	struct result *r = NULL;
	assert_int_equal(results_pop(q, -1, &c, &r), RESULTS_END); /* does not wait */
	drop(late);
	tree_change_destroy(late_tree);
	results_destroy(q);
	results_destroy(NULL);
}

static void test_time_out(void **state)
{
	struct results *q = make();
	struct tree_change *c = NULL;
	struct result *r = NULL;
	int64_t began = now_mono_ms();

	(void)state;
	assert_int_equal(results_pop(q, began + 30, &c, &r), RESULTS_TIMEOUT);
	assert_true(now_mono_ms() >= began + 30);
	results_destroy(q);
}

/* --- the bound ----------------------------------------------------------------------------------
 */

struct pusher {
	pthread_t thread;
	struct results *q;
	size_t bytes;
	atomic_bool through;
	enum status status;
};

static void *push_and_tell(void *arg)
{
	struct pusher *p = arg;
	struct result *r = make_result(LANE_BULK, p->bytes);

	p->status = results_push(p->q, &r);
	if (r)
		drop(r);
	atomic_store(&p->through, true);
	return NULL;
}

static void start(struct pusher *p, struct results *q, size_t bytes)
{
	p->q = q;
	p->bytes = bytes;
	p->status = ST_OK;
	atomic_init(&p->through, false);
	assert_int_equal(pthread_create(&p->thread, NULL, push_and_tell, p), 0);
}

static bool is_through(struct pusher *p, int ms)
{
	for (int i = 0; i < ms && !atomic_load(&p->through); i++)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	return atomic_load(&p->through);
}

static void drop_next(struct results *q)
{
	struct tree_change *c = NULL;
	struct result *r = NULL;

	assert_int_equal(results_pop(q, 0, &c, &r), RESULTS_RESULT);
	drop(r);
}

static void test_bound(void **state)
{
	struct results *q = make();
	struct pusher p;

	(void)state;
	push(q, LANE_BULK, 600);
	push(q, LANE_BULK, 400);
	start(&p, q, 1);
	assert_false(is_through(&p, 50));
	push_tree(q); /* the loop never waits */
	struct tree_change *c = NULL;
	struct result *r = NULL;
	assert_int_equal(results_pop(q, 0, &c, &r), RESULTS_TREE);
	tree_change_destroy(c);
	drop_next(q);
	assert_false(is_through(&p, 50)); /* popped is not released: the writer has it still */
	results_release(q, 600);
	assert_true(is_through(&p, 20000));
	pthread_join(p.thread, NULL);
	assert_int_equal(p.status, ST_OK);
	drop_next(q);
	drop_next(q);
	results_release(q, 401);
	results_destroy(q);
}

/* One that is larger than the bound waits until it can go alone, and goes. */
static void test_oversized(void **state)
{
	struct results *q = make();
	struct pusher p, small;

	(void)state;
	push(q, LANE_BULK, 1);
	start(&p, q, BYTES_MAX * 5);
	assert_false(is_through(&p, 50));
	drop_next(q);
	results_release(q, 1);
	assert_true(is_through(&p, 20000));
	pthread_join(p.thread, NULL);
	assert_int_equal(p.status, ST_OK);
	start(&small, q, 1);
	assert_false(is_through(&small, 50));
	drop_next(q);
	results_release(q, BYTES_MAX * 5);
	assert_true(is_through(&small, 20000));
	pthread_join(small.thread, NULL);
	drop_next(q);
	results_release(q, 1);
	results_destroy(q);
}

/* What fills the bound is all the writer's: it is told at once, for no worker can bring more. */
static void test_wanted_room(void **state)
{
	struct results *q = make();
	struct tree_change *c = NULL;
	struct result *r = NULL;
	struct pusher p;
	int64_t began = now_mono_ms();

	(void)state;
	push(q, LANE_BULK, 600);
	drop_next(q);
	start(&p, q, 500);
	assert_int_equal(results_pop(q, began + 20000, &c, &r), RESULTS_TIMEOUT);
	assert_true(now_mono_ms() < began + 10000);
	assert_false(is_through(&p, 20));
	results_release(q, 600);
	assert_int_equal(results_pop(q, began + 20000, &c, &r), RESULTS_RESULT);
	drop(r);
	pthread_join(p.thread, NULL);
	assert_int_equal(p.status, ST_OK);
	/* Nobody waits any more: the writer may. */
	began = now_mono_ms();
	assert_int_equal(results_pop(q, began + 30, &c, &r), RESULTS_TIMEOUT);
	assert_true(now_mono_ms() >= began + 30);
	results_release(q, 500);
	results_destroy(q);
}

static void test_close_frees_waiting(void **state)
{
	struct results *q = make();
	struct pusher p[3];

	(void)state;
	push(q, LANE_BULK, BYTES_MAX);
	for (int i = 0; i < 3; i++)
		start(&p[i], q, 10);
	assert_false(is_through(&p[0], 20));
	results_close(q);
	for (int i = 0; i < 3; i++) {
		pthread_join(p[i].thread, NULL);
		assert_int_equal(p[i].status, ST_CLOSED);
	}
	drop_next(q);
	expect(q, RESULTS_END);
	results_destroy(q);
}

/* --- threads
 * -------------------------------------------------------------------------------------- */

enum { WORKERS = 4, EACH = 5000 };

static void *push_many(void *arg)
{
	for (int i = 0; i < EACH; i++) {
		struct result *r = make_result(i % 4 ? LANE_BULK : LANE_LIVE, (size_t)(i % 700));

		if (results_push(arg, &r) != ST_OK)
			return arg;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct results *q = make();
	pthread_t threads[WORKERS];
	size_t held = 0;

	(void)state;
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push_many, q), 0);
	for (int n = 0; n < WORKERS * EACH; n++) {
		struct tree_change *c = NULL;
		struct result *r = NULL;

		assert_int_equal(results_pop(q, now_mono_ms() + 20000, &c, &r), RESULTS_RESULT);
		held += r->bytes;
		assert_in_range(held, 0, BYTES_MAX);
		if (n % 3 == 0 || held > BYTES_MAX / 4) { /* now and then, as a commit does */
			results_release(q, held);
			held = 0;
		}
		drop(r);
	}
	for (int i = 0; i < WORKERS; i++) {
		void *failed = q;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	results_release(q, held);
	expect(q, RESULTS_TIMEOUT);
	results_destroy(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_poke),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_time_out),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_wanted_room),
		cmocka_unit_test(test_close_frees_waiting),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
