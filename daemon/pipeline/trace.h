/*
 * trace: where the time of one saved file goes, from the kernel's hint until everybody sees it.
 *
 *   hinted ─event─► looked ─stat─► queued ─queue─► started ─convert─► converted ─wait─► taken ─write─► written
 *                                                               landed ◄─visible─ committed ◄─commit─┘
 *
 * Whoever ends a stage notes the moment with the job: one look at the clock each, by the thread that has the job then.
 * When the file has landed all its stages are added to their histograms (live_event, live_stat, ...) at once, so that
 * these count the same files.  Only of live changes: what a scan finds has no hint, and costs no look at the clock.
 */
#ifndef PIPELINE_TRACE_H
#define PIPELINE_TRACE_H

#include <stdint.h>

enum trace_moment {
	TRACE_HINTED,	 /* the loop read the event */
	TRACE_LOOKED,	 /* a scan began to compare it with the index */
	TRACE_QUEUED,	 /* it differs: on its way to a worker */
	TRACE_STARTED,	 /* a worker has it */
	TRACE_CONVERTED, /* its text is on the way to the writer */
	TRACE_TAKEN,	 /* the writer has it */
	TRACE_WRITTEN,	 /* its rows are written; the commit begins */
	TRACE_COMMITTED, /* queries find it */
	TRACE_LANDED,	 /* the loop knows: kept answers, sync and subscriptions go by it */
	TRACE_MOMENTS
};

struct trace {
	int64_t at_us[TRACE_MOMENTS]; /* monotonic; [TRACE_HINTED] 0: of no live change */
};

/* It is that moment now. */
void trace_note(struct trace *t, enum trace_moment m);
void trace_note_at(struct trace *t, enum trace_moment m, int64_t us);
/* It has landed: adds its stages, and the whole (freshness).  A moment that it never came to ends no stage. */
void trace_land(struct trace *t);

#endif
