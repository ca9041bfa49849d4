/*
 * sync: answers when everything that happened before it was asked is committed.
 *
 * The kernel queues an event within the call that caused it, so reading the
 * descriptor to its end sees every earlier change; from there on epochs tell when
 * all that followed is through.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "watch/internal.h"

#include <string.h>

struct watch_sync {
	struct watch_sync *next;
	struct watch *watch;
	uint64_t epoch;
	uv_timer_t timer;
	watch_sync_done *done;
	void *arg;
};

static void on_closed(uv_handle_t *handle)
{
	struct watch_sync *s = handle->data;

	s->watch->handles--;
	mem_free(s);
}

static void take_out(struct watch_sync *s)
{
	struct watch_sync **at = &s->watch->syncs;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* What events do not cover: named in the answer, not waited for. */
static cJSON *beyond(struct watch *w)
{
	cJSON *list = cJSON_CreateArray();

	for (const struct watch_root *r = w->roots; r; r = r->next) {
		AUTO_BUF text = BUF_INIT;

		if (!r->offline && !r->polled)
			continue;
		utf8_add_lossy(&text, r->path, strlen(r->path));
		cJSON_AddItemToArray(list, cJSON_CreateString(text.data ? text.data : ""));
	}
	return list;
}

static void answer(struct watch_sync *s, enum status st)
{
	struct watch *w = s->watch;
	watch_sync_done *done = s->done;
	void *arg = s->arg;
	cJSON *list = beyond(w);

	take_out(s);
	done(arg, st, list);
	cJSON_Delete(list);
}

static void on_timeout(uv_timer_t *timer)
{
	answer(timer->data, ST_TIMEOUT);
}

void syncs_check(struct watch *w)
{
	if (!w->batches && !w->applying)
		events_forget_early(w);
	for (struct watch_sync *s = w->syncs, *next; s; s = next) {
		next = s->next;
		if (epochs_are_done(&w->epochs, s->epoch))
			answer(s, ST_OK);
		else if (pipeline_is_full(w->pipeline))
			answer(s, ST_FULL);
	}
}

void syncs_fail(struct watch *w, enum status st)
{
	while (w->syncs)
		answer(w->syncs, st);
}

enum status watch_sync(
	struct watch *w, int64_t timeout_ms, watch_sync_done *done, void *arg, struct watch_sync **out)
{
	if (w->paused)
		return ST_CANCELED;
	if (pipeline_is_full(w->pipeline))
		return ST_FULL;
	if (w->stopping || !w->started)
		return ST_CLOSED;
	struct watch_sync *s = mem_zalloc(sizeof *s);
	if (!s)
		return ST_NOMEM;
	s->watch = w;
	s->done = done;
	s->arg = arg;
	s->timer.data = s;
	events_read(w, true);
	hints_settle_now(w);
	enum status st = epochs_close(&w->epochs, &s->epoch);
	if (st != ST_OK) {
		mem_free(s);
		return st;
	}
	uv_timer_init(w->loop, &s->timer);
	w->handles++;
	uv_timer_start(&s->timer, on_timeout, (uint64_t)(timeout_ms > 0 ? timeout_ms : 1), 0);
	/* Answered from the loop's next turn on, never from within this call. */
	s->next = w->syncs;
	w->syncs = s;
	*out = s;
	watch_kick_soon(w);
	return ST_OK;
}

void watch_sync_cancel(struct watch_sync *s)
{
	take_out(s);
}
