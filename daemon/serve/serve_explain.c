/*
 * serve_explain: why a path is, or is not, in the index; see explains.h.
 *
 *   request ──► waits for its turn ──(few look at the disk at once, each user in turn)──► watch_explain ──► reply
 */
#include "core/mem.h"
#include "serve/context.h"
#include "serve/converters.h"
#include "serve/explains.h"
#include "serve/handlers.h"
#include "serve/peer.h"
#include "serve/request.h"
#include "serve/request_path.h"
#include "serve/sight.h"
#include "serve/turns.h"
#include "watch/watch.h"

enum { AT_ONCE = 2 }; /* they look things up on the pool, which comparisons need too */

struct explains {
	struct turns *turns;
	int running;
	bool starting;
};

struct explaining {
	struct turn turn;
	struct context *context;
	struct request *request; /* NULL: it is gone */
	struct peer *peer;	 /* of who asks */
	struct buf path, part;
};

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

static void destroy(struct explaining *e)
{
	peer_unref(e->peer);
	buf_finish(&e->path);
	buf_finish(&e->part);
	mem_free(e);
}

static enum status judge(void *arg, struct db *db, int64_t dir, int64_t file, bool *visible)
{
	const struct explaining *e = arg;

	return sight_row(db, peer_caller(e->peer), dir, file, visible);
}

static void start_next(struct context *ctx);

static void on_explained(void *arg, enum status st, cJSON *verdict)
{
	struct explaining *e = arg;
	struct context *ctx = e->context;
	struct request *r = e->request;

	ctx->explains->running--;
	turns_end(&e->turn);
	destroy(e);
	if (r)
		r->abandon = NULL;
	if (r && st == ST_OK) {
		add_package(verdict, ctx->config);
		add_part(verdict, r->params);
	}
	if (!r)
		cJSON_Delete(verdict);
	else if (st == ST_OK)
		request_result_value(r, verdict);
	else
		request_status_error(r, st);
	start_next(ctx);
}

static void start(struct explaining *e)
{
	const struct watch_explain_ask ask = {
		.path = e->path.data,
		.part = e->part.len ? e->part.data : NULL,
		.judge = caller_sees_all(peer_caller(e->peer)) ? NULL : judge,
		.done = on_explained,
		.arg = e,
	};

	e->context->explains->running++;
	enum status st = watch_explain(e->context->watch, &ask);
	if (st != ST_OK)
		on_explained(e, st, NULL);
}

/* What is told at once comes back here while the loop below runs. */
static void start_next(struct context *ctx)
{
	struct explains *x = ctx->explains;
	struct turn *w;

	if (x->starting)
		return;
	x->starting = true;
	while (x->running < AT_ONCE && (w = turns_take(x->turns)))
		start((struct explaining *)w);
	x->starting = false;
}

/* What runs ends by itself. */
static void abandon(struct request *r)
{
	struct explaining *e = r->work;

	e->request = NULL;
	if (turns_remove(e->context->explains->turns, &e->turn))
		destroy(e);
}

static enum status wait_for_turn(struct explaining *e)
{
	struct turns *turns = e->context->explains->turns;
	struct turns_lane *lane;
	enum status st = turns_lane_create(turns, peer_caller(e->peer)->uid, &lane);

	if (st != ST_OK)
		return st;
	st = turns_add(turns, lane, &e->turn);
	turns_lane_release(lane);
	return st;
}

void serve_explain(struct request *r)
{
	struct explaining *e = mem_zalloc(sizeof *e);

	if (!e) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	e->context = r->context;
	e->request = r;
	e->peer = peer_ref(r->peer);
	if (!request_path(r, &e->path)) {
		destroy(e);
		return;
	}
	request_part(r, &e->part);
	enum status st = e->part.failed ? ST_NOMEM : wait_for_turn(e);
	if (st != ST_OK) {
		destroy(e);
		request_status_error(r, st);
		return;
	}
	request_wait(r, abandon, e);
	request_expire_at_deadline(r);
	start_next(r->context);
}

enum status explains_create(bool by_user, struct explains **out)
{
	struct explains *x = mem_zalloc(sizeof *x);

	*out = NULL;
	if (!x)
		return ST_NOMEM;
	enum status st = turns_create(by_user ? AT_ONCE - 1 : AT_ONCE, by_user, &x->turns);
	if (st != ST_OK) {
		mem_free(x);
		return st;
	}
	*out = x;
	return ST_OK;
}

void explains_destroy(struct explains *x)
{
	if (!x)
		return;
	turns_destroy(x->turns);
	mem_free(x);
}

bool explains_are_busy(const struct explains *x)
{
	return x->running > 0;
}
