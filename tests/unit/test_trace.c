/* test_trace: the stages of a file that landed are counted once each and add up; of other files nothing is. */
#include "pipeline/trace.h"

#include "core/now.h"
#include "core/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct stats_histogram *const stages[] = {
	&stats.live_event,
	&stats.live_stat,
	&stats.live_queue,
	&stats.live_convert,
	&stats.live_wait,
	&stats.live_write,
	&stats.live_commit,
	&stats.live_visible,
};

enum { STAGES = sizeof stages / sizeof *stages };

static int forget(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof stats);
	return 0;
}

static void test_stages_add_up(void **state)
{
	struct trace t = {{0}};
	int64_t began = now_mono_us() - 1000000, sum = 0;

	(void)state;
	trace_note_at(&t, TRACE_HINTED, began);
	for (int m = TRACE_LOOKED; m < TRACE_LANDED; m++)
		trace_note_at(&t, (enum trace_moment)m, began + 100 * m * m);
	trace_land(&t);
	for (int i = 0; i < STAGES; i++) {
		assert_int_equal(stages[i]->count, 1);
		if (i + 1 < STAGES) /* the differences of squares */
			assert_int_equal(stages[i]->sum_us, 100 * (2 * i + 1));
		sum += stages[i]->sum_us;
	}
	assert_in_range(stats.live_visible.sum_us, 900000, 60 * 1000000);
	assert_int_equal(stats_get(freshness.count), 1);
	assert_int_equal(stats_get(freshness.sum_us), sum);
}

static void test_without_a_hint_nothing_is_noted(void **state)
{
	struct trace t = {{0}};

	(void)state;
	trace_note_at(&t, TRACE_HINTED, 0);
	trace_note_at(&t, TRACE_LOOKED, now_mono_us());
	for (int m = TRACE_QUEUED; m < TRACE_MOMENTS; m++)
		trace_note(&t, (enum trace_moment)m);
	trace_land(&t);
	for (int m = 0; m < TRACE_MOMENTS; m++)
		assert_int_equal(t.at_us[m], 0);
	for (int i = 0; i < STAGES; i++)
		assert_int_equal(stages[i]->count, 0);
	assert_int_equal(stats_get(freshness.count), 0);
}

/* Its time is the next stage's. */
static void test_a_moment_that_was_left_out(void **state)
{
	struct trace t = {{0}};
	int64_t began = now_mono_us() - 5000;

	(void)state;
	trace_note_at(&t, TRACE_HINTED, began);
	trace_note_at(&t, TRACE_QUEUED, began + 700);
	trace_land(&t);
	assert_int_equal(stats_get(live_event.count), 0);
	assert_int_equal(stats_get(live_stat.sum_us), 700);
	assert_int_equal(stats_get(live_commit.count), 0);
	assert_int_equal(stats_get(live_visible.count), 1);
	assert_int_equal(stats_get(freshness.sum_us), stats_get(live_stat.sum_us) + stats_get(live_visible.sum_us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stages_add_up, forget),
		cmocka_unit_test_setup(test_without_a_hint_nothing_is_noted, forget),
		cmocka_unit_test_setup(test_a_moment_that_was_left_out, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
