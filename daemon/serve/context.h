/*
 * context: what the handlers work with: the other rooms, the memo, the readers, the clock.
 *
 * One per server, embedded in it; every field belongs to the loop thread.
 */
#ifndef SERVE_CONTEXT_H
#define SERVE_CONTEXT_H

#include "core/config.h"
#include "core/mailbox.h"
#include "core/strmap.h"
#include "search/memo.h"
#include "serve/readers.h"
#include "serve/server.h"

struct client;
struct explains;
struct subscribe;

enum {
	CONTEXT_READ_BYTES = 64 * 1024,
	CONTEXT_TICK_MS = 50 /* while something waits that no descriptor wakes us for */
};

struct context {
	uv_loop_t *loop;
	struct config *config;
	struct mailbox *mailbox;
	struct watch *watch;
	struct pipeline *pipeline;
	struct server_hooks hooks;
	void *hook_arg;
	cJSON *sandbox;
	uid_t service_uid;
	int64_t started_ms; /* monotonic */

	struct readers *readers;
	struct memo *memo;
	struct warm *warm;
	struct strmap *parties; /* memo key -> struct party: who waits for its answer */
	uv_timer_t memo_timer;	/* for the memo's sweep; runs while entries may expire */
	uv_timer_t stale_timer; /* runs from a commit on until what it made stale has outlived its time */
	int64_t stale_clock;	/* of that commit */

	int64_t clock;		/* of the last commit heard of */
	char instance[33];	/* what the clock counts in */
	unsigned store_number;	/* grows when the store is rebuilt: an older answer is not kept */

	struct reload *reloads; /* requests that wait for one */
	struct subscribe *subscribe;
	struct explains *explains;

	struct client *clients;
	size_t client_count, clients_most;
	int64_t turned_away_ms; /* when that was last logged */
	uv_timer_t tick; /* runs while a client waits for time to pass */
	uv_idle_t pump;	 /* runs once when a client may be read again */
	char read_buffer[CONTEXT_READ_BYTES];
};

/* Begins the ticks, if they do not run: somebody waits. */
void context_wake(struct context *ctx);
/* Lets the clients take up what they held back, when the loop comes round. */
void context_pump(struct context *ctx);
/* "instance:n" of `clock`, as on the wire. */
void context_add_clock(const struct context *ctx, struct buf *out, int64_t clock);
/* The clock as a member of an object under construction; false: no memory. */
MUST_USE bool context_put_clock(const struct context *ctx, cJSON *object, int64_t clock);
/* The index committed. */
void context_committed(struct context *ctx, int64_t clock);
/* A reader saw this clock: the index is at least there. */
void context_saw_clock(struct context *ctx, int64_t clock, unsigned store_number);
/* The memo may hold something that will expire: sees to it that it is swept then. */
void context_sweep_memo(struct context *ctx);
/* A sync ended: older answers are void. */
void context_synced(struct context *ctx);

#endif
