/* serve_index: what is asked of the indexing itself: sync, and its administration. */
#include "core/log.h"
#include "core/mem.h"
#include "serve/catchup.h"
#include "serve/handlers.h"
#include "serve/request.h"
#include "serve/request_path.h"

#include <string.h>

static void answer(struct request *r, const char *json)
{
	request_result(r, json, strlen(json));
}

/* --- sync --------------------------------------------------------------------------------------- */

static void on_synced(struct request *r, enum status st, const char *beyond, void *arg)
{
	AUTO_BUF out = BUF_INIT;

	(void)arg;
	if (!r)
		return;
	if (st != ST_OK) {
		catchup_refuse(r, st);
		return;
	}
	buf_adds(&out, "{\"clock\":\"");
	context_add_clock(r->context, &out, r->context->clock);
	/* the paths that it could not vouch for are no secret to those who see every file */
	buf_addf(&out, "\",\"beyond\":%s}", peer_caller(r->peer)->all ? beyond : "[]");
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

void serve_sync(struct request *r)
{
	catchup_start(r, param_integer(r->params, "timeout_ms", REQUEST_TIMEOUT_MS), on_synced, NULL);
}

/* --- administration ----------------------------------------------------------------------------- */

void serve_reindex(struct request *r)
{
	AUTO_BUF path = BUF_INIT;
	bool all = cJSON_GetArraySize(r->params) == 0;

	if (!all && !request_path(r, &path))
		return;
	enum status st = watch_reindex(r->context->watch, all ? NULL : path.data);
	if (st == ST_OK)
		answer(r, "{\"queued\":true}");
	else
		request_status_error(r, st);
}

static void pause_or_resume(struct request *r, bool paused)
{
	enum status st = watch_pause(r->context->watch, paused);

	if (st == ST_OK)
		answer(r, paused ? "{\"paused\":true}" : "{\"paused\":false}");
	else
		request_status_error(r, st);
}

void serve_pause(struct request *r)
{
	pause_or_resume(r, true);
}

void serve_resume(struct request *r)
{
	pause_or_resume(r, false);
}

static void on_checked(void *arg, enum status st, const char *report)
{
	struct request *r = request_slot_take(arg);
	AUTO_BUF out = BUF_INIT;

	if (!r)
		return;
	if (st != ST_OK) {
		request_status_error(r, st);
		return;
	}
	buf_addf(&out, "{\"ok\":%s,\"report\":", *report ? "false" : "true");
	frame_add_string(&out, report, strlen(report));
	buf_addc(&out, '}');
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

void serve_check(struct request *r)
{
	struct pipeline *pipeline = r->context->pipeline;
	struct request_slot *slot = request_wait_slot(r);

	if (!slot)
		return;
	enum status st = pipeline_check(pipeline, on_checked, slot);
	if (st != ST_OK)
		on_checked(slot, st, NULL);
}

void serve_shutdown(struct request *r)
{
	struct context *ctx = r->context;

	log_notice("shutdown: asked by uid %u", (unsigned)peer_uid(r->peer));
	answer(r, "{\"stopping\":true}");
	ctx->hooks.shutdown(ctx->hook_arg);
}
