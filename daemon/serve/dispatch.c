/* dispatch: lines to requests; see dispatch.h. */
#include "serve/dispatch.h"

#include "core/mem.h"
#include "core/stats.h"
#include "serve/client.h"
#include "serve/request.h"

#include <stdio.h>

struct batch {
	int left; /* requests not answered, and one more while they are being run */
	struct buf replies;
};

/* --- replies ------------------------------------------------------------------------------------ */

void dispatch_reply(struct client *c, struct batch *b, struct buf *line)
{
	if (!b) {
		client_send(c, line);
	} else if (line->failed || b->replies.len + line->len > BATCH_BYTES_MOST) {
		client_drop(c, "the replies to its batch grew beyond 32 MiB");
	} else {
		buf_addc(&b->replies, b->replies.len ? ',' : '[');
		buf_add(&b->replies, line->data, line->len - 1); /* without the newline */
	}
}

void batch_hold(struct batch *b)
{
	b->left++;
}

void batch_done(struct client *c, struct batch *b)
{
	if (--b->left > 0)
		return;
	if (b->replies.len > 0) {
		buf_adds(&b->replies, "]\n");
		client_send(c, &b->replies);
	}
	buf_finish(&b->replies);
	mem_free(b);
}

/* --- refusals ----------------------------------------------------------------------------------- */

static void refuse(struct client *c, struct batch *b, const struct call *call,
	const struct call_error *error)
{
	AUTO_BUF line = BUF_INIT;

	stats_add(request_errors, 1);
	frame_add_error(&line, call->id, error->code, error->message, NULL);
	if (!call->notification)
		dispatch_reply(c, b, &line);
}

static void refuse_forbidden(struct client *c, struct batch *b, const struct call *call)
{
	AUTO_BUF line = BUF_INIT;

	stats_add(request_errors, 1);
	frame_add_trawl_error(
		&line, call->id, RPC_CODE_FORBIDDEN, "only the daemon's user and root may ask this", -1);
	if (!call->notification)
		dispatch_reply(c, b, &line);
}

/* A line that is not even a request: nobody's id. */
static void refuse_line(struct client *c, int code, const char *why)
{
	static const struct call nobody = {0};
	struct call_error error = {.code = code};

	snprintf(error.message, sizeof error.message, "%s", why);
	refuse(c, NULL, &nobody, &error);
}

void dispatch_too_long(struct client *c)
{
	AUTO_BUF line = BUF_INIT;

	stats_add(requests, 1);
	stats_add(request_errors, 1);
	frame_add_too_long(&line);
	client_send(c, &line);
}

/* --- requests ----------------------------------------------------------------------------------- */

static bool may_call(const struct peer *p, const struct method *m)
{
	switch (m->access) {
	case ACCESS_EVERYONE:
		return true;
	case ACCESS_ADMIN:
		return peer_is_admin(p);
	}
	return false;
}

/* One request object, alone or of a batch; *value is taken where the request needs it for longer. */
static void run(struct client *c, cJSON **value, struct batch *b)
{
	struct call call;
	struct call_error error;

	stats_add(requests, 1);
	if (call_parse(*value, &call, &error) != ST_OK)
		refuse(c, b, &call, &error);
	else if (!may_call(client_peer(c), call.method))
		refuse_forbidden(c, b, &call);
	else
		request_run(c, &call, value, b);
}

static void run_batch(struct client *c, cJSON *array)
{
	int count = cJSON_GetArraySize(array);
	struct batch *b;
	cJSON *value;

	if (count == 0 || count > BATCH_REQUESTS_MOST) {
		refuse_line(c, RPC_INVALID_REQUEST,
			count ? "a batch of more than 256 requests" : "an empty batch");
		return;
	}
	b = mem_zalloc(sizeof *b);
	if (!b) {
		client_drop(c, "out of memory");
		return;
	}
	b->left = 1;
	while (!client_is_closing(c) && (value = cJSON_DetachItemFromArray(array, 0))) {
		run(c, &value, b);
		cJSON_Delete(value);
	}
	batch_done(c, b);
}

/* cJSON has cut a string of it: whatever it asks, it is not answered as it was meant. */
static void refuse_nul(struct client *c, const cJSON *value)
{
	struct call call;
	struct call_error error;

	stats_add(requests, 1);
	if (call_parse(value, &call, &error) == ST_OK) {
		error.code = RPC_INVALID_PARAMS;
		snprintf(error.message, sizeof error.message, "\\u0000 in a string is refused");
	}
	refuse(c, NULL, &call, &error);
}

void dispatch_line(struct client *c, const char *bytes, size_t n)
{
	const char *why = NULL;
	cJSON *value = frame_check(bytes, n, &why) ? frame_parse(bytes, n) : NULL;

	if (!value) {
		stats_add(requests, 1);
		refuse_line(c, RPC_PARSE_ERROR, why ? why : "not JSON");
	} else if (frame_has_escaped_nul(bytes, n)) {
		refuse_nul(c, value);
	} else if (cJSON_IsArray(value)) {
		run_batch(c, value);
	} else {
		run(c, &value, NULL);
	}
	cJSON_Delete(value);
}
