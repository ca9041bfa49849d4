/* serve_index: what is asked of the indexing itself: explain, sync, and its administration. */
#include "core/log.h"
#include "core/mem.h"
#include "serve/catchup.h"
#include "serve/converters.h"
#include "serve/handlers.h"
#include "serve/request.h"
#include "serve/request_path.h"
#include "serve/sight.h"

#include <string.h>

static void answer(struct request *r, const char *json)
{
	request_result(r, json, strlen(json));
}

/* --- explain ------------------------------------------------------------------------------------ */

/* What is unavailable comes with a package, where the configuration says which. */
static void add_package(cJSON *verdict, const struct config *config)
{
	const char *converter = cJSON_GetStringValue(cJSON_GetObjectItem(verdict, "converter"));
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItem(verdict, "reason"));
	cJSON *sentence = cJSON_GetObjectItem(verdict, "sentence");
	const char *package = converter && reason ? converter_package(config, converter, reason) : NULL;
	AUTO_BUF text = BUF_INIT;

	if (!package || !cJSON_IsString(sentence))
		return;
	buf_addf(&text, "%s Install %s.", sentence->valuestring, package);
	cJSON_AddStringToObject(verdict, "package", package);
	if (!text.failed)
		cJSON_SetValuestring(sentence, text.data);
}

static void add_part(cJSON *verdict, const cJSON *params)
{
	const cJSON *part = cJSON_GetObjectItemCaseSensitive(params, "part");

	if (cJSON_GetArraySize(part) > 0)
		cJSON_AddItemToObject(verdict, "part", cJSON_Duplicate(part, true));
}

struct explaining {
	struct request_slot *slot;
	struct peer *peer; /* of who asks: the request may be gone first */
};

static enum status judge(void *arg, struct db *db, int64_t dir, int64_t file, bool *visible)
{
	const struct explaining *e = arg;

	return sight_row(db, peer_caller(e->peer), dir, file, visible);
}

static void on_explained(void *arg, enum status st, cJSON *verdict)
{
	struct explaining *e = arg;
	struct request *r = request_slot_take(e->slot);

	peer_unref(e->peer);
	mem_free(e);

	if (r && st == ST_OK) {
		add_package(verdict, r->context->config);
		add_part(verdict, r->params);
	}
	if (!r)
		cJSON_Delete(verdict);
	else if (st == ST_OK)
		request_result_value(r, verdict);
	else
		request_status_error(r, st);
}

void serve_explain(struct request *r)
{
	AUTO_BUF path = BUF_INIT, part = BUF_INIT;

	if (!request_path(r, &path))
		return;
	request_part(r, &part);
	if (part.failed) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	struct watch *watch = r->context->watch;
	struct explaining *e = mem_zalloc(sizeof *e);
	if (!e) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	e->peer = peer_ref(r->peer);
	e->slot = request_wait_slot(r);
	if (!e->slot) {
		peer_unref(e->peer);
		mem_free(e);
		return;
	}
	request_expire_at_deadline(r);
	const struct watch_explain_ask ask = {
		.path = path.data,
		.part = part.len ? part.data : NULL,
		.judge = caller_sees_all(peer_caller(e->peer)) ? NULL : judge,
		.done = on_explained,
		.arg = e,
	};
	enum status st = watch_explain(watch, &ask);
	if (st != ST_OK)
		on_explained(e, st, NULL);
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
