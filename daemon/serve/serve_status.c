/*
 * serve_status: what the daemon says of itself: status, stats, roots, version.
 *
 * All from memory: nothing here waits for the store, so that `status` is answered under any load.
 */
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "serve/converters.h"
#include "serve/dispatch.h"
#include "serve/handlers.h"
#include "serve/openrpc.h"
#include "serve/request.h"

#include <string.h>
#include <unistd.h>

enum { PROTOCOL_VERSION = 1 };

/* ,"key": and the tree, which it takes; NULL is no memory. */
static void add_tree(struct buf *out, const char *key, cJSON *tree)
{
	buf_addf(out, ",\"%s\":", key);
	if (tree)
		frame_add_json(out, tree);
	else
		out->failed = true;
	cJSON_Delete(tree);
}

static void add_head(struct buf *out, const struct context *ctx)
{
	buf_addf(out, "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%lld,\"clock\":\"", TRAWL_VERSION,
		(int)getpid(), (long long)(now_mono_ms() - ctx->started_ms) / 1000);
	context_add_clock(ctx, out, ctx->clock);
	buf_addf(out, "\",\"state\":\"%s\"", watch_state_word(watch_state(ctx->watch)));
}

static void add_counts(struct buf *out, const struct context *ctx)
{
	buf_addf(out,
		",\"files\":{\"indexed\":%lld,\"pending\":%lld,\"failed\":%lld,\"skipped\":%lld,"
		"\"unavailable\":%lld}",
		stats_get(files_indexed), (long long)watch_pending_files(ctx->watch), stats_get(files_failed),
		stats_get(files_skipped), stats_get(files_unavailable));
	buf_addf(out,
		",\"parts\":{\"indexed\":%lld,\"failed\":%lld,\"skipped\":%lld,\"unavailable\":%lld}",
		stats_get(parts_indexed), stats_get(parts_failed), stats_get(parts_skipped),
		stats_get(parts_unavailable));
	buf_addf(out,
		",\"queue\":{\"live\":%lld,\"bulk\":%lld,\"size\":%lld,\"in_flight\":%lld,"
		"\"results_bytes\":%lld}",
		stats_get(queue_live), stats_get(queue_bulk), (long long)ctx->config->queue_size,
		stats_get(in_flight), stats_get(results_bytes));
	buf_addf(out,
		",\"store\":{\"bytes\":%lld,\"wal_bytes\":%lld,\"documents\":%lld,\"directories\":%lld,"
		"\"full\":%s,\"rebuilds\":%lld}",
		stats_get(store_bytes), stats_get(wal_bytes), stats_get(documents), stats_get(directories),
		pipeline_is_full(ctx->pipeline) ? "true" : "false", stats_get(store_rebuilds));
}

static void add_progress(struct buf *out, const struct context *ctx)
{
	struct watch_progress p;

	watch_progress(ctx->watch, &p);
	buf_addf(out, ",\"progress\":{\"done\":%lld,\"total\":%lld,\"eta_s\":", (long long)p.done,
		(long long)p.total);
	if (p.eta_s >= 0)
		buf_addf(out, "%lld}", (long long)p.eta_s);
	else
		buf_adds(out, "null}");
}

/* Administrators see every root, though not every file below it. */
static const struct caller everyone = {.all = true};

/* What is global (counts, paths in work) is for those who may see every file. */
void serve_status(struct request *r)
{
	const struct context *ctx = r->context;
	AUTO_BUF out = BUF_INIT;

	add_head(&out, ctx);
	if (peer_caller(r->peer)->all || peer_is_admin(r->peer)) {
		add_counts(&out, ctx);
		add_tree(&out, "roots", watch_roots_json(ctx->watch, &everyone));
		add_tree(&out, "workers", pipeline_workers_json(ctx->pipeline));
		buf_adds(&out, ",\"converters\":");
		converters_add(&out, ctx->config);
		buf_adds(&out, ",\"sandbox\":");
		frame_add_json(&out, ctx->sandbox);
		add_progress(&out, ctx);
		add_tree(&out, "memo", memo_json(ctx->memo));
	}
	buf_addc(&out, '}');
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

static void answer_prometheus(struct request *r)
{
	AUTO_BUF text = BUF_INIT, out = BUF_INIT;

	stats_prometheus(&text);
	buf_adds(&out, "{\"text\":");
	frame_add_string(&out, text.data ? text.data : "", text.len);
	buf_addc(&out, '}');
	if (text.failed || out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

void serve_stats(struct request *r)
{
	const char *format = param_text(r->params, "format");

	if (!format || strcmp(format, "json") == 0)
		request_result_value(r, stats_json());
	else if (strcmp(format, "prometheus") == 0)
		answer_prometheus(r);
	else
		request_error(r, RPC_INVALID_PARAMS, "format: expected \"json\" or \"prometheus\"");
}

void serve_roots(struct request *r)
{
	cJSON *roots = watch_roots_json(r->context->watch, peer_caller(r->peer));
	cJSON *result = roots ? cJSON_CreateObject() : NULL;

	if (result && cJSON_AddItemToObject(result, "roots", roots)) {
		request_result_value(r, result);
		return;
	}
	cJSON_Delete(result);
	cJSON_Delete(roots);
	request_status_error(r, ST_NOMEM);
}

void serve_rpc_discover(struct request *r)
{
	AUTO_BUF out = BUF_INIT;

	openrpc_add(&out);
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

/* {"search":{"query":"a string",…},…} */
static void add_params(struct buf *out)
{
	for (size_t i = 0; i < method_count; i++) {
		buf_addf(out, "%s\"%s\":{", i ? "," : "{", methods[i].name);
		for (const struct param *p = methods[i].params; p->name; p++)
			buf_addf(out, "%s\"%s\":\"%s\"", p == methods[i].params ? "" : ",", p->name,
				param_type_text(p->type));
		buf_addc(out, '}');
	}
	buf_addc(out, '}');
}

void serve_version(struct request *r)
{
	AUTO_BUF out = BUF_INIT;

	buf_addf(&out, "{\"version\":\"%s\",\"schema\":%d,\"protocol\":%d,\"methods\":[", TRAWL_VERSION,
		DB_SCHEMA_VERSION, PROTOCOL_VERSION);
	for (size_t i = 0; i < method_count; i++)
		buf_addf(&out, "%s\"%s\"", i ? "," : "", methods[i].name);
	buf_adds(&out, "],\"params\":");
	add_params(&out);
	buf_addf(&out,
		",\"limits\":{\"request_bytes\":%d,\"request_depth\":%d,\"requests_in_flight\":%d,"
		"\"batch_requests\":%d,\"connections\":%zu,\"reply_bytes\":%d}}",
		FRAME_LINE_MAX, FRAME_DEPTH_MAX, CLIENT_REQUESTS_MOST, BATCH_REQUESTS_MOST,
		r->context->clients_most, CLIENT_QUEUE_MOST / 2);
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}
