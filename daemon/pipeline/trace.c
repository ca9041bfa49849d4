/* trace: the moments of one file and the stages between them; see trace.h. */
#include "pipeline/trace.h"

#include "core/now.h"
#include "core/stats.h"

/* The stage that ends at each moment. */
static struct stats_histogram *const stages[TRACE_MOMENTS] = {
	[TRACE_LOOKED] = &stats.live_event,
	[TRACE_QUEUED] = &stats.live_stat,
	[TRACE_STARTED] = &stats.live_queue,
	[TRACE_CONVERTED] = &stats.live_convert,
	[TRACE_TAKEN] = &stats.live_wait,
	[TRACE_WRITTEN] = &stats.live_write,
	[TRACE_COMMITTED] = &stats.live_commit,
	[TRACE_LANDED] = &stats.live_visible,
};

void trace_note_at(struct trace *t, enum trace_moment m, int64_t us)
{
	if (t->at_us[TRACE_HINTED] || m == TRACE_HINTED)
		t->at_us[m] = us;
}

void trace_note(struct trace *t, enum trace_moment m)
{
	if (t->at_us[TRACE_HINTED] || m == TRACE_HINTED)
		t->at_us[m] = now_mono_us();
}

void trace_land(struct trace *t)
{
	int64_t last = t->at_us[TRACE_HINTED];

	if (!last)
		return;
	trace_note(t, TRACE_LANDED);
	for (int m = TRACE_HINTED + 1; m < TRACE_MOMENTS; m++) {
		if (!t->at_us[m])
			continue;
		stats_histogram_add(stages[m], t->at_us[m] - last);
		last = t->at_us[m];
	}
	stats_time(freshness, last - t->at_us[TRACE_HINTED]);
}
