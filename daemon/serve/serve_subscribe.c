/* serve_subscribe: subscribe and unsubscribe. */
#include "core/units.h"
#include "serve/handlers.h"
#include "serve/request.h"
#include "serve/subscribe.h"
#include "serve/subscription.h"

#include <stdio.h>
#include <string.h>

static void refuse(struct request *r, enum status st, const struct search_error *error)
{
	if (st == ST_TOO_LARGE)
		request_trawl_error(r, RPC_CODE_TOO_LARGE, "too many subscriptions on one connection", -1);
	else if (st != ST_INVALID)
		request_status_error(r, st);
	else if (error->bad_query)
		request_trawl_error(r, RPC_CODE_BAD_QUERY, error->message, (long)error->position);
	else
		request_error(r, RPC_INVALID_PARAMS, error->message);
}

static enum status invalid(struct search_error *error, const char *message)
{
	*error = (struct search_error){.bad_query = false};
	snprintf(error->message, sizeof error->message, "%s", message);
	return ST_INVALID;
}

static enum status read_wish(
	const struct request *r, struct subscription **out, struct search_error *error)
{
	const cJSON *query = cJSON_GetObjectItemCaseSensitive(r->params, "query");
	const cJSON *snippet = cJSON_GetObjectItemCaseSensitive(r->params, "snippet");
	const char *path = param_text(r->params, "path");

	if (!query == !path)
		return invalid(error, "query: expected either query or path");
	return subscription_create(query, snippet, path, r->peer, out, error);
}

/*
 * A clock may end, as `changes` gives it, with `:begun`, in the midst of a listing of what there was then, and with
 * `@rights` of who was told so far.
 */
static enum status parse_clock(const struct context *ctx, const char *text, struct subscription *one,
	bool *fresh)
{
	size_t len = strcspn(text, "@");
	AUTO_BUF plain = BUF_INIT;

	buf_add(&plain, text, len);
	enum status st = buf_status(&plain);
	if (st != ST_OK)
		return st;
	char *colon = strchr(plain.data, ':'), *begun = colon ? strchr(colon + 1, ':') : NULL;
	if (begun) {
		*begun++ = '\0';
		st = units_int(begun, &one->listed_until);
		if (st != ST_OK || one->listed_until < 0)
			return ST_INVALID;
	}
	st = clock_parse(plain.data, ctx->instance, &one->at, fresh);
	*fresh |= strcmp(text + len, one->rights) != 0;
	one->unproved = true;
	return st;
}

/* Where it begins; *fresh: that clock is none of this index. */
static enum status read_clock(const struct request *r, struct subscription *one, bool *fresh,
	struct search_error *error)
{
	const struct context *ctx = r->context;
	const cJSON *since = cJSON_GetObjectItemCaseSensitive(r->params, "since");

	*fresh = false;
	one->at = ctx->clock;
	if (!since)
		return ST_OK;
	if (cJSON_IsNull(since)) {
		one->at = 0;
		one->listed_until = ctx->clock;
		return ST_OK;
	}
	enum status st = parse_clock(ctx, since->valuestring, one, fresh);
	if (st == ST_INVALID)
		return invalid(error, "since: expected a clock as this daemon gave it, or null");
	if (*fresh)
		one->at = ctx->clock;
	return st;
}

static void answer(struct request *r, struct subscription *one, bool fresh)
{
	struct context *ctx = r->context;
	AUTO_BUF json = BUF_INIT;

	buf_addf(&json, "{\"subscription\":%lld,\"clock\":\"", (long long)one->id);
	subscription_add_clock(one, ctx->instance, one->at, &json);
	buf_adds(&json, "\"}");
	if (json.failed) {
		(void)subscribe_remove(ctx->subscribe, r->client, one->id);
		request_status_error(r, ST_NOMEM);
		return;
	}
	request_result(r, json.data, json.len);
	subscribe_begin(ctx->subscribe, one, fresh);
}

void serve_subscribe(struct request *r)
{
	struct search_error error = {.bad_query = false};
	struct subscription *one = NULL, *taken;
	bool fresh = false;

	enum status st = read_wish(r, &one, &error);
	if (st == ST_OK) {
		one->limit = (size_t)param_integer(r->params, "limit", SUBSCRIPTION_MATCHES);
		st = read_clock(r, one, &fresh, &error);
	}
	taken = one;
	if (st == ST_OK)
		st = subscribe_add(r->context->subscribe, r->client, &one);
	if (st == ST_OK) {
		answer(r, taken, fresh);
	} else {
		subscription_destroy(one);
		refuse(r, st, &error);
	}
}

void serve_unsubscribe(struct request *r)
{
	int64_t id = param_integer(r->params, "subscription", 0);
	bool found = subscribe_remove(r->context->subscribe, r->client, id);
	const char *text = found ? "{\"unsubscribed\":true}" : "{\"unsubscribed\":false}";

	request_result(r, text, strlen(text));
}
