/* request: one call in flight; see request.h. */
#include "serve/request.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "serve/dispatch.h"

#include <string.h>

enum { LATE_MS = 1000 }; /* what a reader is given beyond the deadline to stop and to tell what it found */

struct request_slot {
	struct request *request; /* NULL: abandoned */
};

/* The one end of every request.  It leaves the client's list first: an answer may end the connection. */
static void finish(struct request *r, struct buf *line)
{
	struct client *client = r->client;

	if (line->failed) { /* the reply found no memory: a short one may */
		buf_finish(line);
		frame_add_error(line, r->id, RPC_INTERNAL, "out of memory", NULL);
	}
	client_remove(client, r);
	if (!r->notification)
		dispatch_reply(client, r->batch, line);
	if (r->batch)
		batch_done(client, r->batch);
	client_settle(client);
	peer_unref(r->peer);
	cJSON_Delete(r->call);
	mem_free(r);
}

void request_line(struct request *r, struct buf *line)
{
	if (line->len > CLIENT_QUEUE_MOST / 2)
		request_trawl_error(r, RPC_CODE_TOO_LARGE,
			"the answer is larger than 32 MiB: ask for fewer at a time", -1);
	else
		finish(r, line);
	buf_finish(line);
}

void request_result(struct request *r, const char *json, size_t n)
{
	AUTO_BUF line = BUF_INIT;

	frame_add_result(&line, r->id, json, n);
	request_line(r, &line);
}

void request_result_value(struct request *r, cJSON *value)
{
	AUTO_BUF line = BUF_INIT;

	if (!value) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	frame_add_head(&line, r->id);
	buf_adds(&line, ",\"result\":");
	frame_add_json(&line, value);
	buf_adds(&line, "}\n");
	cJSON_Delete(value);
	request_line(r, &line);
}

void request_error(struct request *r, int code, const char *message)
{
	AUTO_BUF line = BUF_INIT;

	stats_add(request_errors, 1);
	frame_add_error(&line, r->id, code, message, NULL);
	finish(r, &line);
}

void request_trawl_error(struct request *r, enum rpc_code code, const char *message, long position)
{
	AUTO_BUF line = BUF_INIT;

	stats_add(request_errors, 1);
	frame_add_trawl_error(&line, r->id, code, message, position);
	finish(r, &line);
}

/* What a status of the other rooms means to a client. */
static const struct {
	enum status st;
	enum rpc_code code;
	const char *message;
} meanings[] = {
	{ST_TIMEOUT, RPC_CODE_TIMEOUT, "the time-out passed"},
	{ST_AGAIN, RPC_CODE_BUSY, "too many requests are waiting"},
	{ST_FULL, RPC_CODE_FULL, "the index cannot be written: no space left"},
	{ST_FORBIDDEN, RPC_CODE_FORBIDDEN, "not permitted"},
	{ST_NOT_FOUND, RPC_CODE_NOT_FOUND, "not found"},
	{ST_CANCELED, RPC_CODE_CANCELED, "canceled"},
	{ST_CLOSED, RPC_CODE_CANCELED, "the daemon is stopping"},
	{ST_TOO_LARGE, RPC_CODE_TOO_LARGE, "too large"},
};

void request_status_error(struct request *r, enum status st)
{
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (meanings[i].st == st) {
			request_trawl_error(r, meanings[i].code, meanings[i].message, -1);
			return;
		}
	log_error("%s: %s", r->method->name, status_text(st));
	request_error(r, RPC_INTERNAL, status_text(st));
}

void request_run(struct client *client, const struct call *call, cJSON **value, struct batch *batch)
{
	AUTO_BUF line = BUF_INIT;
	struct request *r = mem_zalloc(sizeof *r);

	if (!r) {
		frame_add_error(&line, call->id, RPC_INTERNAL, "out of memory", NULL);
		if (!call->notification)
			dispatch_reply(client, batch, &line);
		return;
	}
	r->context = client_context(client);
	r->peer = peer_ref(client_peer(client));
	r->method = call->method;
	r->params = call->params;
	r->started_us = now_mono_us();
	r->deadline_ms = r->started_us / 1000 +
			 param_integer(call->params, "timeout_ms", REQUEST_TIMEOUT_MS);
	r->client = client;
	r->id = call->id;
	r->notification = call->notification;
	r->call = *value;
	*value = NULL;
	r->batch = batch;
	if (batch)
		batch_hold(batch);
	client_add(client, r);
	r->method->handle(r);
}

void request_wait(struct request *r, void (*abandon)(struct request *r), void *work)
{
	BUG_UNLESS(r->method->where != WHERE_LOOP);
	r->abandon = abandon;
	r->work = work;
}

static void empty_slot(struct request *r)
{
	struct request_slot *slot = r->work;

	slot->request = NULL;
}

struct request_slot *request_wait_slot(struct request *r)
{
	struct request_slot *slot = mem_zalloc(sizeof *slot);

	if (!slot) {
		request_status_error(r, ST_NOMEM);
		return NULL;
	}
	slot->request = r;
	request_wait(r, empty_slot, slot);
	return slot;
}

struct request *request_slot_take(struct request_slot *slot)
{
	struct request *r = slot->request;

	mem_free(slot);
	if (r)
		r->abandon = NULL;
	return r;
}

void request_expire_at_deadline(struct request *r)
{
	r->expires_ms = r->deadline_ms;
	context_wake(r->context);
}

void request_expire_late(struct request *r)
{
	r->expires_ms = r->deadline_ms + LATE_MS;
	context_wake(r->context);
}

void request_abandon(struct request *r, enum status why)
{
	if (r->abandon)
		r->abandon(r);
	r->abandon = NULL;
	request_status_error(r, why);
}
