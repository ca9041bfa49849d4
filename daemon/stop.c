/*
 * stop: the way down: server (replies end) ► watch (nothing new is found) ► pipeline (what is converted is committed).
 *
 * A thread that waits for a device which answers nothing cannot be ended, nor can the way down wait for it: each step
 * has a time, after which the next one is taken without it, and the last is the end of the process.
 */
#include "core/log.h"
#include "core/now.h"
#include "daemon.h"
#include "serve/notify.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* The way down, in milliseconds since its beginning: a service is out within ten seconds. */
enum {
	STOP_REPLIES_MS = 1500,	    /* requests in flight end */
	STOP_SCANS_MS = 3000,	    /* so do scans; the pipeline is stopped whether they have or not */
	STOP_CONVERSIONS_MS = 8000, /* so do conversions */
	STOP_WORKERS_MS = 8500,	    /* workers are not waited for any longer */
	STOP_LAST_MS = 9500,	    /* nor is anything */
	STOP_POOL_MS = 1000	    /* since the pipeline's end: the pool is not waited for any longer */
};

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

/* While anything runs on the pool, the loop and what it holds must stay. */
void stop_end_if_over(struct daemon *d)
{
	if (!d->watch_over || !d->pipeline_over || d->reloading || d->looking)
		return;
	mailbox_close(d->mailbox);
	for (size_t i = 0; i < sizeof d->signals / sizeof *d->signals; i++)
		close_handle((uv_handle_t *)&d->signals[i], NULL);
	close_handle((uv_handle_t *)&d->watchdog, NULL);
	close_handle((uv_handle_t *)&d->stale, NULL);
	programs_close(d);
	close_handle((uv_handle_t *)&d->status, NULL);
	close_handle((uv_handle_t *)&d->stop, NULL);
}

static void log_stuck_workers(const struct daemon *d)
{
	cJSON *workers = pipeline_workers_json(d->pipeline);
	const cJSON *worker;

	cJSON_ArrayForEach(worker, workers)
	{
		const cJSON *path = cJSON_GetObjectItemCaseSensitive(worker, "path");
		const cJSON *state = cJSON_GetObjectItemCaseSensitive(worker, "state");

		if (cJSON_IsString(path) && cJSON_IsString(state))
			log_warning("%s: a worker is stuck: %s", path->valuestring, state->valuestring);
	}
	cJSON_Delete(workers);
}

/* Threads that do not end are left to the kernel; in order all the same, if the writer has ended. */
static _Noreturn void leave(const struct daemon *d)
{
	if (!d->watch_over)
		log_warning("stop: a comparison or a look at the disk is stuck; it is not waited for");
	if (d->reloading || d->looking)
		log_warning("stop: reading the configuration is stuck; it is not waited for");
	if (!d->pipeline_over)
		log_error("stop: the writer has not ended; what it had not committed is found again");
	_exit(d->pipeline_over ? d->exit_code : EX_OSERR);
}

static void on_stop_timer(uv_timer_t *timer);

/* Wakes at `ms` since the beginning of the stop. */
static void set_stop_timer(struct daemon *d, int64_t ms)
{
	int64_t left = d->stop_began_ms + ms - now_mono_ms();

	uv_timer_start(&d->stop, on_stop_timer, left > 0 ? (uint64_t)left : 0, 0);
}

static void on_pipeline_stopped(void *arg)
{
	struct daemon *d = arg;

	d->pipeline_over = true;
	if (d->abandoned)
		leave(d);
	set_stop_timer(d, now_mono_ms() - d->stop_began_ms + STOP_POOL_MS);
	stop_end_if_over(d);
}

static void stop_pipeline(struct daemon *d)
{
	if (d->pipeline_stopping)
		return;
	d->pipeline_stopping = true;
	pipeline_stop(d->pipeline, d->stop_began_ms + STOP_CONVERSIONS_MS, on_pipeline_stopped);
}

static void on_watch_stopped(void *arg)
{
	struct daemon *d = arg;

	d->watch_over = true;
	stop_pipeline(d);
	stop_end_if_over(d);
}

static void stop_watch(struct daemon *d)
{
	if (d->watch_stopping)
		return;
	d->watch_stopping = true;
	watch_stop(d->watch, on_watch_stopped, d);
}

static void on_server_stopped(void *arg)
{
	stop_watch(arg);
}

/* A step took too long: the next one is taken without it. */
static void on_stop_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->pipeline_over || d->abandoned)
		leave(d);
	if (now_mono_ms() - d->stop_began_ms < STOP_WORKERS_MS) {
		set_stop_timer(d, STOP_WORKERS_MS);
		stop_watch(d);
		stop_pipeline(d);
		return;
	}
	log_stuck_workers(d);
	d->abandoned = true;
	set_stop_timer(d, STOP_LAST_MS);
	pipeline_abandon(d->pipeline);
}

void stop_begin(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	d->stop_began_ms = now_mono_ms();
	notify_stopping();
	set_stop_timer(d, STOP_SCANS_MS);
	server_stop(d->server, d->stop_began_ms + STOP_REPLIES_MS, on_server_stopped, d);
}

void stop_rooms(struct daemon *d)
{
	d->stopping = true;
	d->stop_began_ms = now_mono_ms();
	on_watch_stopped(d); /* it was not started */
}
