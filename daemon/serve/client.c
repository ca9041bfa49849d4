/*
 * client: one connection; see client.h.
 *
 *   reading ──(end of file, drain)──► draining ──(nothing in flight, all written)──► closing ──► freed
 *      └────────(error, gone, too slow, drop)───────────────────────────────────────────┘
 *
 * A client that reads slowly, or has very many requests in flight, is not read
 * from until that is better; one that stops reading is dropped.  One that shut
 * down only its sending side gets its replies.
 */
#include "serve/client.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "serve/dispatch.h"
#include "serve/request.h"
#include "serve/subscribe.h"

#include <poll.h>
#include <string.h>

struct client {
	uv_pipe_t pipe;
	struct context *context;
	struct client *next, **link;
	struct peer *peer;	 /* NULL until accepted */
	struct turns_lane *lane; /* the same */

	struct frame_splitter splitter;
	struct request *requests;
	int in_flight;
	struct client_subscriptions subscriptions;
	bool draining, closing;

	/* While too much is in flight or waits to be written: nothing is read, and what was read already waits. */
	bool reading;
	struct buf held; /* whole lines, each with its newline */
	size_t held_done;

	/* progress of writing */
	size_t queued_seen;
	int64_t moved_ms;
};

struct outgoing {
	uv_write_t write;
	struct buf bytes;
};

static uv_stream_t *stream(const struct client *c)
{
	return (uv_stream_t *)(uintptr_t)&c->pipe;
}

static size_t queued(const struct client *c)
{
	return uv_stream_get_write_queue_size(stream(c));
}

static bool must_wait(const struct client *c)
{
	return c->in_flight >= CLIENT_REQUESTS_MOST || queued(c) > CLIENT_QUEUE_PAUSE;
}

struct client *client_next(const struct client *c)
{
	return c->next;
}

struct context *client_context(const struct client *c)
{
	return c->context;
}

bool client_is_closing(const struct client *c)
{
	return c->closing;
}

struct peer *client_peer(const struct client *c)
{
	return c->peer;
}

struct client_subscriptions *client_subscriptions(struct client *c)
{
	return &c->subscriptions;
}

size_t client_queued(const struct client *c)
{
	return queued(c);
}

struct turns_lane *client_lane(const struct client *c)
{
	return c->lane;
}

static void stop_reading(struct client *c)
{
	c->reading = false;
	uv_read_stop(stream(c));
}

/* --- ending ------------------------------------------------------------------------------------- */

/*
 * What is in flight is canceled here, from the loop, and not where a write failed: that may be in the midst of somebody
 * else's answers.
 */
static void on_close(uv_handle_t *handle)
{
	struct client *c = handle->data;

	while (c->requests)
		request_abandon(c->requests, ST_CANCELED);
	subscribe_forget(c->context->subscribe, c);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->context->client_count--;
	stats_add(clients, -1);
	frame_splitter_finish(&c->splitter);
	buf_finish(&c->held);
	readers_lane_release(c->context->readers, c->lane);
	peer_unref(c->peer);
	mem_free(c);
}

void client_close(struct client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	uv_close((uv_handle_t *)&c->pipe, on_close);
}

void client_drop(struct client *c, const char *why)
{
	if (c->closing)
		return;
	log_notice("client of uid %u: dropped: %s", (unsigned)peer_uid(c->peer), why);
	stats_add(clients_dropped, 1);
	client_close(c);
}

/* Who answers may be in the midst of something: the next line is taken from the loop, not from here. */
void client_settle(struct client *c)
{
	if (c->closing)
		return;
	if (c->draining && c->in_flight == 0 && queued(c) == 0)
		client_close(c);
	else if (!c->reading && !c->draining && !must_wait(c))
		context_pump(c->context);
}

/* Whether the other side is closed altogether, and not only done with sending. */
static bool is_gone(const struct client *c)
{
	struct pollfd p = {.fd = -1, .events = 0};

	if (uv_fileno((const uv_handle_t *)&c->pipe, &p.fd))
		return true;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

void client_drain(struct client *c)
{
	if (c->closing || c->draining)
		return;
	c->draining = true;
	stop_reading(c);
	buf_finish(&c->held);
	if (is_gone(c))
		client_close(c);
	else
		client_settle(c);
	context_wake(c->context);
}

bool client_tick(struct client *c, int64_t now_ms)
{
	struct request *r = c->requests, *next;
	bool waits = false;

	for (; r; r = next) {
		next = r->next;
		waits |= r->expires_ms > 0;
		if (r->expires_ms > 0 && now_ms >= r->expires_ms)
			request_abandon(r, ST_TIMEOUT);
		if (c->closing)
			return false;
	}
	if (!c->reading && is_gone(c)) { /* who is read tells it by the end of what it sends */
		client_close(c);
		return false;
	}
	if (queued(c) != c->queued_seen || queued(c) == 0) {
		c->queued_seen = queued(c);
		c->moved_ms = now_ms;
	} else if (now_ms - c->moved_ms >= CLIENT_STALL_MS) {
		client_drop(c, "it read nothing for 30 s");
		return false;
	}
	return waits || !c->reading || queued(c) > 0;
}

/* --- writing ------------------------------------------------------------------------------------ */

/* Its subscriptions go on when it has taken the half of what held them up. */
static void go_on(struct client *c)
{
	if (!c->subscriptions.held_up || queued(c) > SUBSCRIBE_QUEUE_MOST / 2)
		return;
	c->subscriptions.held_up = false;
	subscribe_wake(c->context->subscribe);
}

static void on_written(uv_write_t *write, int rc)
{
	struct outgoing *o = write->data;
	struct client *c = write->handle->data;

	buf_finish(&o->bytes);
	mem_free(o);
	if (c->closing)
		return;
	if (rc < 0) {
		client_close(c); /* it went away */
		return;
	}
	go_on(c);
	client_settle(c);
}

/* What the socket did not take at once. */
static void enqueue(struct client *c, struct buf *bytes, size_t written)
{
	struct outgoing *o = NULL;

	if (queued(c) + bytes->len - written > CLIENT_QUEUE_MOST) {
		client_drop(c, "more than 64 MiB of replies wait for it");
		return;
	}
	o = mem_zalloc(sizeof *o);
	if (!o) {
		client_drop(c, "out of memory");
		return;
	}
	o->bytes = *bytes;
	*bytes = (struct buf)BUF_INIT;
	o->write.data = o;
	uv_buf_t rest = uv_buf_init(o->bytes.data + written, (unsigned)(o->bytes.len - written));
	if (uv_write(&o->write, stream(c), &rest, 1, on_written)) {
		buf_finish(&o->bytes);
		mem_free(o);
		client_close(c);
		return;
	}
	context_wake(c->context);
}

void client_send(struct client *c, struct buf *bytes)
{
	size_t written = 0;

	if (c->closing || bytes->len == 0)
		return;
	if (bytes->failed) {
		client_drop(c, "out of memory");
		return;
	}
	if (queued(c) == 0) {
		uv_buf_t all = uv_buf_init(bytes->data, (unsigned)bytes->len);
		int n = uv_try_write(stream(c), &all, 1);

		if (n < 0 && n != UV_EAGAIN) {
			client_close(c);
			return;
		}
		written = n > 0 ? (size_t)n : 0;
	}
	if (written < bytes->len)
		enqueue(c, bytes, written);
	buf_clear(bytes);
}

/* --- requests ----------------------------------------------------------------------------------- */

void client_add(struct client *c, struct request *r)
{
	r->next = c->requests;
	r->link = &c->requests;
	if (r->next)
		r->next->link = &r->next;
	c->requests = r;
	c->in_flight++;
}

void client_remove(struct client *c, struct request *r)
{
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	c->in_flight--;
}

int client_cancel(struct client *c, const cJSON *id, const struct request *but)
{
	struct request *r = c->requests, *next;
	int n = 0;

	for (; r; r = next) {
		next = r->next;
		if (r != but && r->id && cJSON_Compare(r->id, id, 1)) {
			request_abandon(r, ST_CANCELED);
			n++;
		}
		if (c->closing)
			break;
	}
	return n;
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool on_line(void *arg, const char *bytes, size_t n)
{
	struct client *c = arg;

	if (c->held.len > 0 || must_wait(c)) {
		stop_reading(c);
		context_wake(c->context);
		buf_add(&c->held, bytes, n);
		buf_addc(&c->held, '\n');
		if (c->held.failed)
			client_drop(c, "out of memory");
	} else {
		dispatch_line(c, bytes, n);
	}
	return !c->closing;
}

static bool on_too_long(void *arg)
{
	struct client *c = arg;

	dispatch_too_long(c);
	return !c->closing;
}

/* One buffer serves all: libuv fills it and calls on_read before it asks again. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct client *c = handle->data;

	(void)suggested;
	*out = uv_buf_init(c->context->read_buffer, sizeof c->context->read_buffer);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = s->data;

	if (n == 0 || c->closing)
		return;
	if (n == UV_EOF) {
		client_drain(c);
	} else if (n < 0) {
		client_close(c);
	} else if (frame_feed(&c->splitter, buf->base, (size_t)n, FRAME_LINE_MAX, on_line, on_too_long,
			   c) != ST_OK) {
		client_drop(c, "out of memory");
	}
}

/* Takes what is held while it may, then reads again. */
void client_pump(struct client *c)
{
	if (c->reading || c->draining || c->closing)
		return;
	while (!c->closing && c->held_done < c->held.len && !must_wait(c)) {
		const char *line = c->held.data + c->held_done;
		const char *end = memchr(line, '\n', c->held.len - c->held_done);

		BUG_UNLESS(end);
		c->held_done += (size_t)(end - line) + 1;
		dispatch_line(c, line, (size_t)(end - line));
	}
	if (c->closing || c->held_done < c->held.len || must_wait(c))
		return;
	buf_finish(&c->held);
	c->held_done = 0;
	c->reading = true;
	if (uv_read_start(stream(c), on_alloc, on_read))
		client_close(c);
}

/* --- beginning ---------------------------------------------------------------------------------- */

static struct client *create(struct context *ctx)
{
	struct client *c = mem_zalloc(sizeof *c);

	if (!c)
		return NULL;
	if (uv_pipe_init(ctx->loop, &c->pipe, 0)) {
		mem_free(c);
		return NULL;
	}
	c->pipe.data = c;
	c->context = ctx;
	c->next = ctx->clients;
	c->link = &ctx->clients;
	if (c->next)
		c->next->link = &c->next;
	ctx->clients = c;
	ctx->client_count++;
	stats_add(clients, 1);
	return c;
}

/* A word to whom is turned away, if the socket takes it at once; a line in the log, once a second at most. */
static void turn_away(struct client *c, enum rpc_code code, const char *why)
{
	struct context *ctx = c->context;
	AUTO_BUF line = BUF_INIT;

	stats_add(clients_dropped, 1);
	if (now_mono_ms() - ctx->turned_away_ms >= 1000) {
		ctx->turned_away_ms = now_mono_ms();
		log_warning("client of uid %u: turned away: %s", (unsigned)peer_uid(c->peer), why);
	}
	frame_add_trawl_error(&line, NULL, code, why, -1);
	client_send(c, &line);
	client_close(c);
}

/* No user alone keeps the others out, and all of them together not those who may stop the daemon. */
static bool is_one_too_many(const struct client *c)
{
	const struct context *ctx = c->context;
	size_t most = ctx->clients_most, own = 0;

	if (peer_is_admin(c->peer))
		return ctx->client_count > most;
	if (ctx->client_count > most - most / CLIENT_ADMIN_SHARE)
		return true;
	for (const struct client *o = ctx->clients; o; o = o->next)
		own += o->peer && peer_uid(o->peer) == peer_uid(c->peer);
	return own > most / 2;
}

void client_accept(struct context *ctx, uv_stream_t *listener)
{
	struct client *c = create(ctx);
	int fd = -1;

	if (!c) {
		log_error("socket: a connection waits: out of memory");
		return;
	}
	if (uv_accept(listener, stream(c)) || uv_fileno((uv_handle_t *)&c->pipe, &fd) ||
		peer_create(fd, ctx->config->mode, ctx->service_uid, &c->peer) != ST_OK ||
		readers_lane_create(ctx->readers, peer_uid(c->peer), &c->lane) != ST_OK) {
		log_warning("socket: a connection could not be accepted");
		client_close(c);
		return;
	}
	stats_add(connections, 1);
	if (is_one_too_many(c))
		turn_away(c, RPC_CODE_BUSY, "too many connections are open");
	else if (!peer_may_connect(c->peer))
		turn_away(c, RPC_CODE_FORBIDDEN, "this daemon serves another user");
	else
		client_pump(c);
}
