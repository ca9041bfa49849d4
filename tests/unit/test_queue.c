/*
 * test_queue: order, bound and gates of the job queue;
 * many threads lose nothing and run no suspect beside another job.
 */
#include "pipeline/queue.h"

#include "core/mem.h"
#include "core/now.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { CAPACITY = 4, READERS = 2 };

static struct queue *make(void)
{
	struct queue *q = NULL;

	assert_int_equal(queue_create(CAPACITY, READERS, &q), ST_OK);
	return q;
}

static struct job *make_job(enum job_lane lane, enum job_reason reason, uint64_t dev)
{
	struct job *j = mem_zalloc(sizeof *j);

	assert_non_null(j);
	j->lane = lane;
	j->reason = reason;
	j->seen.dev = dev;
	return j;
}

/* The pointer is only compared once the queue has it. */
static struct job *push(struct queue *q, enum job_lane lane, enum job_reason reason, uint64_t dev)
{
	struct job *j = make_job(lane, reason, dev), *pushed = j;

	assert_int_equal(queue_push(q, &j), ST_OK);
	assert_null(j);
	return pushed;
}

/* What is there now, without waiting. */
static struct job *pop(struct queue *q, bool live_only)
{
	bool closed = true;
	struct job *j = queue_pop(q, live_only, 0, &closed);

	assert_false(closed);
	return j;
}

static void finish(struct queue *q, struct job *j)
{
	assert_non_null(j);
	queue_read_done(q, j);
	queue_done(q, j);
	job_destroy(j);
}

static void end(struct queue *q)
{
	for (struct job *j = queue_close(q), *next; j; j = next) {
		next = j->next;
		job_destroy(j);
	}
	queue_destroy(q);
}

static void test_lanes(void **state)
{
	struct queue *q = make();
	struct job *b1 = push(q, LANE_BULK, JOB_NEW, 1), *b2 = push(q, LANE_BULK, JOB_NEW, 2);
	struct job *l1 = push(q, LANE_LIVE, JOB_CLOSED, 3), *l2 = push(q, LANE_LIVE, JOB_CLOSED, 4);

	(void)state;
	assert_int_equal(queue_position(q, l2), 1);
	assert_int_equal(queue_position(q, b2), 1);
	assert_int_equal(queue_outstanding(q), 4);
	assert_ptr_equal(pop(q, false), l1);
	assert_int_equal(queue_position(q, l1), -1);
	assert_ptr_equal(pop(q, true), l2);
	assert_null(pop(q, true)); /* no scan's job for the live worker */
	assert_ptr_equal(pop(q, false), b1);
	struct job *l3 = push(q, LANE_LIVE, JOB_CLOSED, 5);
	assert_ptr_equal(pop(q, false), l3); /* overtakes b2 */
	assert_ptr_equal(pop(q, false), b2);
	assert_null(pop(q, false));
	assert_int_equal(queue_outstanding(q), 5);
	struct job *all[] = {b1, b2, l1, l2, l3};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		finish(q, all[i]);
	assert_int_equal(queue_outstanding(q), 0);
	end(q);
}

static void count_room(void *arg)
{
	++*(int *)arg;
}

/* Who is in the middle of a job takes a live one that may start, and nothing else. */
static void test_take_live(void **state)
{
	struct queue *q = make();

	(void)state;
	push(q, LANE_BULK, JOB_NEW, 1);
	struct job *host = pop(q, false);
	push(q, LANE_BULK, JOB_NEW, 1);
	assert_null(queue_take_live(q));
	struct job *live = push(q, LANE_LIVE, JOB_CLOSED, 1);
	assert_ptr_equal(queue_take_live(q), live);
	assert_null(queue_take_live(q));
	finish(q, live);
	push(q, LANE_LIVE, JOB_SUSPECT, 1); /* waits for quiet, and lets nobody by */
	push(q, LANE_LIVE, JOB_CLOSED, 1);
	assert_null(queue_take_live(q));
	finish(q, host);
	struct job *alone = pop(q, false);
	assert_null(queue_take_live(q));
	finish(q, alone);
	queue_pause(q, true);
	assert_null(queue_take_live(q));
	end(q);
}

static void test_bound(void **state)
{
	struct queue *q = make();
	int told = 0;

	(void)state;
	queue_on_room(q, count_room, &told);
	for (int i = 0; i < CAPACITY; i++)
		push(q, LANE_BULK, JOB_NEW, (uint64_t)i + 1);
	struct job *more = make_job(LANE_BULK, JOB_NEW, 9), *kept = more;
	assert_int_equal(queue_push(q, &more), ST_FULL);
	assert_ptr_equal(more, kept); /* stays the caller's */
	assert_int_equal(queue_push(q, &more), ST_FULL);
	push(q, LANE_LIVE, JOB_CLOSED, 8); /* the other lane has its own bound */
	for (int i = 0; i < 1 + CAPACITY - CAPACITY / 2; i++) {
		assert_int_equal(told, 0);
		finish(q, pop(q, false)); /* the first one from the other lane */
	}
	assert_int_equal(told, 1); /* once, when half is free */
	finish(q, pop(q, false));
	assert_int_equal(told, 1);
	assert_int_equal(queue_push(q, &more), ST_OK);
	while (queue_outstanding(q) < CAPACITY)
		push(q, LANE_BULK, JOB_NEW, 20);
	more = make_job(LANE_BULK, JOB_NEW, 10);
	assert_int_equal(queue_push(q, &more), ST_FULL);
	for (int i = 0; i < CAPACITY - CAPACITY / 2; i++)
		finish(q, pop(q, false));
	assert_int_equal(told, 2);
	job_destroy(more);
	end(q);
}

static void test_close(void **state)
{
	struct queue *q = make();
	struct job *b1 = push(q, LANE_BULK, JOB_NEW, 1), *b2 = push(q, LANE_BULK, JOB_NEW, 1);
	struct job *l1 = push(q, LANE_LIVE, JOB_NEW, 1), *running = pop(q, false);
	bool closed = false;

	(void)state;
	assert_ptr_equal(running, l1);
	struct job *l2 = push(q, LANE_LIVE, JOB_NEW, 1);
	struct job *left = queue_close(q);
	assert_ptr_equal(left, l2);
	assert_ptr_equal(left->next, b1);
	assert_ptr_equal(b1->next, b2);
	assert_null(b2->next);
	assert_null(queue_pop(q, false, -1, &closed));
	assert_true(closed);
	struct job *late = make_job(LANE_LIVE, JOB_NEW, 1);
	assert_int_equal(queue_push(q, &late), ST_CLOSED);
	assert_int_equal(queue_outstanding(q), 1); /* the one with a worker */
	finish(q, running);
	assert_int_equal(queue_outstanding(q), 0);
	struct job *all[] = {late, l2, b1, b2};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		job_destroy(all[i]);
	assert_null(queue_close(q));
	queue_destroy(q);
	queue_destroy(NULL);
}

static void test_pause(void **state)
{
	struct queue *q = make();
	struct job *j = push(q, LANE_LIVE, JOB_NEW, 1);

	(void)state;
	queue_pause(q, true);
	assert_null(pop(q, false));
	assert_null(pop(q, true));
	push(q, LANE_BULK, JOB_NEW, 1); /* is taken in, waits */
	assert_int_equal(queue_outstanding(q), 2);
	queue_pause(q, false);
	assert_ptr_equal(pop(q, true), j);
	finish(q, j);
	end(q);
}

static void test_suspects(void **state)
{
	struct queue *q = make();
	struct job *plain = push(q, LANE_LIVE, JOB_NEW, 1), *after;
	struct job *suspect, *other;

	(void)state;
	assert_ptr_equal(pop(q, false), plain);
	suspect = push(q, LANE_LIVE, JOB_SUSPECT, 2);
	other = push(q, LANE_LIVE, JOB_SUSPECT, 3);
	after = push(q, LANE_BULK, JOB_NEW, 4);
	assert_null(pop(q, false)); /* waits for quiet, and nothing overtakes it */
	queue_read_done(q, plain);
	assert_null(pop(q, false)); /* converting is not quiet */
	queue_done(q, plain);
	job_destroy(plain);
	assert_ptr_equal(pop(q, false), suspect);
	push(q, LANE_LIVE, JOB_CLOSED, 5);
	assert_null(pop(q, false));
	assert_null(pop(q, true));
	finish(q, suspect);
	assert_ptr_equal(pop(q, true), other);
	assert_null(pop(q, false));
	finish(q, other);
	finish(q, pop(q, true));
	assert_ptr_equal(pop(q, false), after);
	finish(q, after);
	end(q);
}

/* Half the workers at most read one device; others are served past it. */
static void test_devices(void **state)
{
	struct queue *q = make();
	struct job *stuck[READERS], *third, *fourth, *elsewhere;

	(void)state;
	for (int i = 0; i < READERS; i++)
		push(q, LANE_BULK, JOB_NEW, 7);
	for (int i = 0; i < READERS; i++)
		stuck[i] = pop(q, false);
	third = push(q, LANE_BULK, JOB_NEW, 7);
	fourth = push(q, LANE_BULK, JOB_NEW, 7);
	elsewhere = push(q, LANE_BULK, JOB_NEW, 8);
	assert_ptr_equal(pop(q, false), elsewhere);
	assert_null(pop(q, false));
	queue_read_done(q, stuck[0]); /* it converts now: that is no reading */
	assert_ptr_equal(pop(q, false), third);
	assert_null(pop(q, false));
	queue_read_done(q, stuck[1]);
	assert_ptr_equal(pop(q, false), fourth); /* in its turn among those of its device */
	for (int i = 0; i < READERS; i++) {
		queue_done(q, stuck[i]);
		job_destroy(stuck[i]);
	}
	finish(q, third);
	finish(q, fourth);
	finish(q, elsewhere);
	end(q);
}

/* Taking the last one out of the middle leaves a lane that can be pushed to. */
static void test_tail(void **state)
{
	struct queue *q = make();
	struct job *held[READERS], *waiting, *last, *behind;

	(void)state;
	for (int i = 0; i < READERS; i++) {
		push(q, LANE_BULK, JOB_NEW, 7);
		held[i] = pop(q, false);
	}
	waiting = push(q, LANE_BULK, JOB_NEW, 7);
	last = push(q, LANE_BULK, JOB_NEW, 8);
	assert_ptr_equal(pop(q, false), last);
	behind = push(q, LANE_BULK, JOB_NEW, 9);
	assert_int_equal(queue_position(q, waiting), 0);
	assert_int_equal(queue_position(q, behind), 1);
	assert_ptr_equal(pop(q, false), behind);
	for (int i = 0; i < READERS; i++)
		finish(q, held[i]);
	assert_ptr_equal(pop(q, false), waiting);
	finish(q, waiting);
	finish(q, last);
	finish(q, behind);
	end(q);
}

static void test_time_out(void **state)
{
	struct queue *q = make();
	bool closed = true;
	int64_t began = now_mono_ms();

	(void)state;
	assert_null(queue_pop(q, false, began + 30, &closed));
	assert_false(closed);
	assert_true(now_mono_ms() >= began + 30);
	end(q);
}

/* --- threads ---------------------------------------------------------------------------------- */

enum { WORKERS = 4, JOBS = 20000, DEVICES = 3, SUSPECT_EVERY = 500 };

static struct {
	struct queue *q;
	atomic_int running, reading[DEVICES], popped, sum;
	atomic_bool crowded, beside, wrong_lane;
	atomic_bool room;
} all;

static void *work(void *arg)
{
	bool live_only = arg != NULL, closed;

	for (struct job *j; (j = queue_pop(all.q, live_only, -1, &closed));) {
		bool suspect = j->reason == JOB_SUSPECT;
		int others = atomic_fetch_add(&all.running, 1);

		if (suspect && others)
			atomic_store(&all.beside, true);
		if (live_only && j->lane != LANE_LIVE)
			atomic_store(&all.wrong_lane, true);
		if (atomic_fetch_add(&all.reading[j->seen.dev], 1) >= READERS)
			atomic_store(&all.crowded, true);
		atomic_fetch_add(&all.sum, j->attempts);
		atomic_fetch_sub(&all.reading[j->seen.dev], 1);
		queue_read_done(all.q, j);
		if (suspect && atomic_load(&all.running) != 1)
			atomic_store(&all.beside, true);
		atomic_fetch_sub(&all.running, 1);
		atomic_fetch_add(&all.popped, 1);
		queue_done(all.q, j);
		job_destroy(j);
	}
	return NULL;
}

static void room_is(void *arg)
{
	(void)arg;
	atomic_store(&all.room, true);
}

static void push_or_wait(struct job *j)
{
	enum status st;

	atomic_store(&all.room, false);
	while ((st = queue_push(all.q, &j)) == ST_FULL) {
		int64_t until = now_mono_ms() + 20000;

		while (!atomic_load(&all.room) && now_mono_ms() < until)
			nanosleep(&(struct timespec){0, 20000}, NULL);
		assert_true(atomic_load(&all.room)); /* a refusal is always followed by a call */
		atomic_store(&all.room, false);
	}
	assert_int_equal(st, ST_OK);
}

static void test_threads(void **state)
{
	pthread_t threads[WORKERS + 1];
	static char live[] = "live";
	int sum = 0;

	(void)state;
	assert_int_equal(queue_create(16, READERS, &all.q), ST_OK);
	queue_on_room(all.q, room_is, NULL);
	for (int i = 0; i <= WORKERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, i == WORKERS ? live : NULL), 0);
	for (int i = 1; i <= JOBS; i++) {
		enum job_reason reason = i % SUSPECT_EVERY ? JOB_NEW : JOB_SUSPECT;
		enum job_lane lane = i % 3 && reason == JOB_NEW ? LANE_BULK : LANE_LIVE;
		struct job *j = make_job(lane, reason, (uint64_t)(i % DEVICES));

		j->attempts = i % 7;
		sum += i % 7;
		push_or_wait(j);
	}
	for (int64_t until = now_mono_ms() + 60000;
		queue_outstanding(all.q) && now_mono_ms() < until;)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	assert_null(queue_close(all.q));
	for (int i = 0; i <= WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&all.popped), JOBS);
	assert_int_equal(atomic_load(&all.sum), sum);
	assert_false(atomic_load(&all.beside));
	assert_false(atomic_load(&all.crowded));
	assert_false(atomic_load(&all.wrong_lane));
	queue_destroy(all.q);
}

/* Closing wakes whoever waits for ever. */
static void test_close_wakes(void **state)
{
	pthread_t threads[WORKERS + 1];
	static char live[] = "live";

	(void)state;
	all.q = make();
	for (int i = 0; i <= WORKERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, i == WORKERS ? live : NULL), 0);
	nanosleep(&(struct timespec){0, 20000000}, NULL);
	assert_null(queue_close(all.q));
	for (int i = 0; i <= WORKERS; i++)
		pthread_join(threads[i], NULL);
	queue_destroy(all.q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_take_live),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_suspects),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_time_out),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_close_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
