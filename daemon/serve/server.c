/*
 * server: the socket and the life of all that hangs on it; see server.h.
 *
 *   created ──start──► serving ──stop──► draining ──(no request in flight, or deadline)──► closing ──► stopped
 *      └───────────stop────────────────────────────────────────────────────────────────────────────────┘
 *
 * Draining: nothing is accepted or read, replies are still written.  Closing: the rest is canceled, the readers are
 * joined, and when their last task came back and every handle is closed, `stopped` is called.
 */
#include "serve/server.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/stems.h"
#include "serve/client.h"
#include "serve/context.h"
#include "serve/explains.h"
#include "serve/frame.h"
#include "serve/listener.h"
#include "serve/reload.h"
#include "serve/subscribe.h"
#include "serve/warm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	READERS = 3, /* the last of them is kept for others than who has the rest */
	BACKLOG = 1024,
	ORIGIN_MS = 60 * 1000,
	DESCRIPTORS_ELSEWHERE = 256 /* of the process's limit, kept for converters, documents and the store */
};

enum server_state { SERVER_CREATED, SERVER_SERVING, SERVER_DRAINING, SERVER_CLOSING, SERVER_STOPPED };

struct server {
	struct context context;
	enum server_state state;
	struct listener listener;
	uv_pipe_t pipe;		/* the listening handle */
	uv_timer_t stop_timer;	/* looks whether the stop can go on */
	int handles;		/* not closed yet */
	int64_t deadline_ms;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* As many connections as the limit of descriptors bears. */
static size_t clients_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= CLIENT_MOST + DESCRIPTORS_ELSEWHERE)
		return CLIENT_MOST;
	return limit.rlim_cur > 2 * DESCRIPTORS_ELSEWHERE ? limit.rlim_cur - DESCRIPTORS_ELSEWHERE
							  : limit.rlim_cur / 2;
}

static enum status init_context(struct context *ctx, const struct server_options *o)
{
	const char *sandbox = o->sandbox_json ? o->sandbox_json : "{}";

	ctx->loop = o->loop;
	ctx->config = config_ref(o->config);
	ctx->mailbox = o->mailbox;
	ctx->watch = o->watch;
	ctx->pipeline = o->pipeline;
	ctx->hooks = o->hooks;
	ctx->hook_arg = o->arg;
	ctx->service_uid = geteuid();
	ctx->started_ms = now_mono_ms();
	ctx->clients_most = clients_most();
	ctx->sandbox = frame_parse(sandbox, strlen(sandbox));
	if (!ctx->sandbox)
		return ST_NOMEM;
	stems_configure(&ctx->config->languages);
	enum status st = strmap_create(&ctx->parties);
	if (st == ST_OK)
		st = memo_create(ctx->config, &ctx->memo);
	if (st == ST_OK)
		st = readers_create(&(struct readers_options){o->state_dir, ctx->mailbox, READERS,
					    ctx->config->mode == MODE_SYSTEM},
			&ctx->readers);
	if (st == ST_OK)
		readers_origin(ctx->readers, &ctx->clock, ctx->instance);
	if (st == ST_OK)
		st = subscribe_create(ctx, o->state_dir, &ctx->subscribe);
	if (st == ST_OK)
		memo_identify(ctx->memo, ctx->instance, ctx->clock);
	if (st == ST_OK)
		st = warm_create(ctx, &ctx->warm);
	if (st == ST_OK)
		st = explains_create(ctx->config->mode == MODE_SYSTEM, &ctx->explains);
	return st;
}

static void finish_context(struct context *ctx)
{
	if (ctx->readers)
		readers_stop(ctx->readers);
	readers_destroy(ctx->readers);
	subscribe_destroy(ctx->subscribe);
	explains_destroy(ctx->explains);
	warm_destroy(ctx->warm);
	memo_destroy(ctx->memo);
	strmap_destroy(ctx->parties);
	cJSON_Delete(ctx->sandbox);
	config_unref(ctx->config);
}

enum status server_create(const struct server_options *o, struct server **out)
{
	struct server *s = mem_zalloc(sizeof *s);

	if (!s)
		return ST_NOMEM;
	(void)signal(SIGPIPE, SIG_IGN); /* a client that went away is a failed write, not the end of the daemon */
	s->listener.fd = -1;
	enum status st = init_context(&s->context, o);
	if (st == ST_OK && o->listen_fd >= 0)
		st = listener_adopt(o->listen_fd, &s->listener);
	else if (st == ST_OK)
		st = listener_bind(o->config->socket, o->config->mode, &s->listener);
	if (st != ST_OK) {
		server_destroy(s);
		return st;
	}
	*out = s;
	return ST_OK;
}

static void on_connection(uv_stream_t *pipe, int rc)
{
	struct server *s = pipe->data;

	if (rc < 0)
		log_warning("socket: accept: %s", uv_strerror(rc));
	else
		client_accept(&s->context, pipe);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct server *s = handle->data;

	s->handles--;
}

static void init_timer(struct server *s, uv_timer_t *timer, void *data)
{
	BUG_UNLESS(uv_timer_init(s->context.loop, timer) == 0); /* cannot fail */
	timer->data = data;
}

enum status server_start(struct server *s)
{
	struct context *ctx = &s->context;

	BUG_UNLESS(s->state == SERVER_CREATED);
	if (uv_pipe_init(ctx->loop, &s->pipe, 0))
		return ST_SYSTEM;
	s->pipe.data = s;
	init_timer(s, &s->stop_timer, s);
	init_timer(s, &ctx->tick, ctx);
	init_timer(s, &ctx->memo_timer, ctx);
	init_timer(s, &ctx->stale_timer, ctx);
	BUG_UNLESS(uv_idle_init(ctx->loop, &ctx->pump) == 0); /* nor can this */
	ctx->pump.data = ctx;
	s->handles = 6 + warm_start(ctx->warm);
	s->state = SERVER_SERVING; /* from here on it ends by server_stop */
	int rc = uv_pipe_open(&s->pipe, s->listener.fd);
	if (rc == 0) {
		s->listener.fd = -1; /* the handle's */
		rc = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_connection);
	}
	if (rc) {
		log_error("socket: listen: %s", uv_strerror(rc));
		return ST_SYSTEM;
	}
	return ST_OK;
}

void server_configure(struct server *s, struct config *config)
{
	struct config *before = s->context.config;

	if (s->listener.path && strcmp(config->socket, before->socket) != 0)
		log_notice("%s: the socket stays here until the daemon starts anew", before->socket);
	s->context.config = config_ref(config);
	config_unref(before);
	stems_configure(&config->languages); /* before who works with them */
	memo_configure(s->context.memo, config);
	subscribe_configure(s->context.subscribe);
	warm_configure(s->context.warm);
	reload_ended(&s->context, ST_OK, "");
}

void server_reload_failed(struct server *s, enum status st, const char *errors)
{
	reload_ended(&s->context, st, errors);
}

void server_committed(struct server *s, int64_t clock, bool permissions)
{
	context_committed(&s->context, clock);
	if (permissions)
		memo_raise_floor(s->context.memo, clock);
	subscribe_wake(s->context.subscribe);
}

/* --- a new store -------------------------------------------------------------------------------- */

/* Asks a reader what the new store's clock counts in. */
struct origin {
	struct reader_task task;
	struct context *context;
	int64_t clock;
	char instance[sizeof ((struct context *)0)->instance];
};

static enum status read_origin(struct reader_task *t, struct db *db)
{
	struct origin *o = (struct origin *)t;

	o->clock = db_clock(db);
	snprintf(o->instance, sizeof o->instance, "%s", db_instance(db));
	return ST_OK;
}

static void take_origin(struct reader_task *t)
{
	struct origin *o = (struct origin *)t;
	struct context *ctx = o->context;

	if (t->st == ST_OK) {
		memcpy(ctx->instance, o->instance, sizeof ctx->instance);
		if (o->clock > ctx->clock)
			ctx->clock = o->clock;
		memo_identify(ctx->memo, ctx->instance, o->clock);
	} else {
		log_error("store: the new one's clock is not known: %s", status_text(t->st));
	}
	subscribe_resume(ctx->subscribe);
	mem_free(o);
}

void server_store_rebuilt(struct server *s)
{
	struct context *ctx = &s->context;
	struct origin *o = mem_zalloc(sizeof *o);

	ctx->store_number++;
	ctx->clock = 0;
	memo_configure(ctx->memo, ctx->config); /* clears it, the floor too: the clock begins anew */
	warm_configure(ctx->warm);
	readers_reopen(ctx->readers);
	subscribe_suspend(ctx->subscribe);
	if (!o) {
		log_error("store: the new one's clock is not known: out of memory");
		return;
	}
	o->context = ctx;
	o->task.run = read_origin;
	o->task.done = take_origin;
	o->task.deadline_ms = now_mono_ms() + ORIGIN_MS;
	if (readers_submit(ctx->readers, &o->task) != ST_OK) {
		log_error("store: the new one's clock is not known: the readers are busy");
		mem_free(o);
	}
}

/* --- stopping ----------------------------------------------------------------------------------- */

static void close_handle(struct server *s, uv_handle_t *handle)
{
	handle->data = s;
	uv_close(handle, on_handle_closed);
}

static void on_last_closed(uv_handle_t *handle)
{
	struct server *s = handle->data;

	s->handles--;
	BUG_UNLESS(s->handles == 0);
	s->state = SERVER_STOPPED;
	if (s->stopped)
		s->stopped(s->stopped_arg);
}

static void begin_closing(struct server *s)
{
	struct client *next;

	s->state = SERVER_CLOSING;
	for (struct client *c = s->context.clients; c; c = next) {
		next = client_next(c);
		client_close(c);
	}
	readers_stop(s->context.readers);
	subscribe_stop(s->context.subscribe);
	close_handle(s, (uv_handle_t *)&s->context.tick);
	close_handle(s, (uv_handle_t *)&s->context.pump);
	close_handle(s, (uv_handle_t *)&s->context.memo_timer);
	close_handle(s, (uv_handle_t *)&s->context.stale_timer);
	warm_close(s->context.warm, on_handle_closed, s);
}

static void on_stop_timer(uv_timer_t *timer)
{
	struct server *s = timer->data;
	struct context *ctx = &s->context;

	if (s->state == SERVER_DRAINING && (!ctx->clients || now_mono_ms() >= s->deadline_ms))
		begin_closing(s);
	if (s->state == SERVER_CLOSING && !ctx->clients && readers_busy(ctx->readers) == 0 &&
		!subscribe_is_busy(ctx->subscribe) && !explains_are_busy(ctx->explains) &&
		s->handles == 1)
		uv_close((uv_handle_t *)timer, on_last_closed);
}

/* Nobody was ever accepted, and no handle is open. */
static void end_unstarted(struct server *s, void (*stopped)(void *arg), void *arg)
{
	s->state = SERVER_STOPPED;
	listener_finish(&s->listener);
	readers_stop(s->context.readers);
	subscribe_stop(s->context.subscribe);
	stopped(arg);
}

void server_stop(struct server *s, int64_t deadline_ms, void (*stopped)(void *arg), void *arg)
{
	struct client *next;

	if (s->state == SERVER_CREATED) {
		end_unstarted(s, stopped, arg);
		return;
	}
	BUG_UNLESS(s->state == SERVER_SERVING);
	s->state = SERVER_DRAINING;
	s->deadline_ms = deadline_ms;
	s->stopped = stopped;
	s->stopped_arg = arg;
	listener_finish(&s->listener); /* while the descriptor holds the inode, its number is no other's */
	close_handle(s, (uv_handle_t *)&s->pipe);
	for (struct client *c = s->context.clients; c; c = next) {
		next = client_next(c);
		client_drain(c);
	}
	BUG_UNLESS(uv_timer_start(&s->stop_timer, on_stop_timer, 0, CONTEXT_TICK_MS / 5) == 0);
}

void server_destroy(struct server *s)
{
	if (!s)
		return;
	BUG_UNLESS(s->state == SERVER_CREATED || s->state == SERVER_STOPPED);
	listener_finish(&s->listener);
	finish_context(&s->context);
	mem_free(s);
}
