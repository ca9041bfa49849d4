/* context: small helpers of the handlers; see context.h. */
#include "serve/context.h"

#include "core/now.h"
#include "core/stats.h"
#include "serve/client.h"
#include "serve/reload.h"
#include "serve/warm.h"
#include "serve/subscribe.h"

static void on_tick(uv_timer_t *timer)
{
	struct context *ctx = timer->data;
	struct client *c = ctx->clients, *next;
	int64_t now = now_mono_ms();
	bool again = false;

	for (; c; c = next) {
		next = client_next(c); /* a closed one is freed by the loop, later */
		again |= client_tick(c, now);
	}
	again |= readers_expire(ctx->readers, now);
	again |= reload_tick(ctx);
	again |= subscribe_tick(ctx->subscribe, now);
	if (!again)
		uv_timer_stop(timer);
}

void context_wake(struct context *ctx)
{
	if (!uv_is_active((const uv_handle_t *)&ctx->tick) &&
		!uv_is_closing((const uv_handle_t *)&ctx->tick))
		(void)uv_timer_start(&ctx->tick, on_tick, CONTEXT_TICK_MS, CONTEXT_TICK_MS);
}

static void on_pump(uv_idle_t *idle)
{
	struct context *ctx = idle->data;
	struct client *next;

	uv_idle_stop(idle);
	for (struct client *c = ctx->clients; c; c = next) {
		next = client_next(c);
		client_pump(c);
	}
}

void context_pump(struct context *ctx)
{
	if (!uv_is_closing((const uv_handle_t *)&ctx->pump))
		(void)uv_idle_start(&ctx->pump, on_pump);
}

void context_add_clock(const struct context *ctx, struct buf *out, int64_t clock)
{
	clock_add(out, ctx->instance, clock);
}

bool context_put_clock(const struct context *ctx, cJSON *object, int64_t clock)
{
	AUTO_BUF text = BUF_INIT;

	context_add_clock(ctx, &text, clock);
	return !text.failed && cJSON_AddStringToObject(object, "clock", text.data);
}

void context_saw_clock(struct context *ctx, int64_t clock, unsigned store_number)
{
	if (store_number == ctx->store_number && clock > ctx->clock)
		ctx->clock = clock;
}

static void on_memo_timer(uv_timer_t *timer)
{
	context_sweep_memo(timer->data);
}

void context_sweep_memo(struct context *ctx)
{
	int64_t now = now_mono_ms();

	if (uv_is_active((const uv_handle_t *)&ctx->memo_timer) ||
		uv_is_closing((const uv_handle_t *)&ctx->memo_timer))
		return;
	int64_t next = memo_sweep(ctx->memo, now);
	if (next > 0)
		(void)uv_timer_start(
			&ctx->memo_timer, on_memo_timer, next > now ? (uint64_t)(next - now) : 1, 0);
}

static void watch_for_stale(struct context *ctx);

static void on_stale_timer(uv_timer_t *timer)
{
	struct context *ctx = timer->data;

	memo_raise_floor(ctx->memo, ctx->stale_clock);
	(void)memo_sweep(ctx->memo, now_mono_ms());
	if (ctx->clock > ctx->stale_clock)
		watch_for_stale(ctx);
}

/*
 * An answer from before this commit serves while it is younger than the time to live: when that has passed since the
 * commit there is none left that may, and who kept it for an index that stands still lets go of it.
 */
static void watch_for_stale(struct context *ctx)
{
	int64_t ttl_ms = ctx->config->memo.ttl_ms;

	if (uv_is_active((const uv_handle_t *)&ctx->stale_timer) ||
		uv_is_closing((const uv_handle_t *)&ctx->stale_timer) || stats_get(memo_entries) == 0)
		return;
	ctx->stale_clock = ctx->clock;
	(void)uv_timer_start(&ctx->stale_timer, on_stale_timer, ttl_ms > 0 ? (uint64_t)ttl_ms : 1, 0);
}

void context_committed(struct context *ctx, int64_t clock)
{
	if (clock > ctx->clock)
		ctx->clock = clock;
	watch_for_stale(ctx);
	warm_committed(ctx->warm);
}

void context_synced(struct context *ctx)
{
	memo_raise_floor(ctx->memo, ctx->clock);
}
