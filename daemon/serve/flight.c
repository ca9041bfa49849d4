/* flight: a search in a reader; see flight.h. */
#include "serve/flight.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"

struct flight {
	struct reader_task task;
	struct context *context;

	/* owned by the loop thread */
	struct buf key;
	flight_ended *ended; /* NULL: the first one left */
	void *arg;
	int joined;	       /* and not left */
	unsigned store_number; /* when it began */

	/* set before the start, and by the reader while it runs */
	struct peer *peer;
	struct search_request *search;
	struct buf json;
	struct search_outcome outcome;
};

static void destroy(struct flight *f)
{
	peer_unref(f->peer);
	search_request_destroy(f->search);
	buf_finish(&f->key);
	buf_finish(&f->json);
	mem_free(f);
}

static enum status run(struct reader_task *t, struct db *db)
{
	struct flight *f = (struct flight *)t;
	const struct search_stop stop = {t->deadline_ms, &t->canceled};

	enum status st =
		search_run(db, f->search, peer_caller(f->peer), &stop, &f->json, &f->outcome);
	return st == ST_OK ? buf_status(&f->json) : st;
}

/* Nobody can join any more, unless a newer flight of the same key is there. */
static void unlist(struct flight *f)
{
	struct strmap *flights = f->context->flights;

	if (strmap_get(flights, f->key.data, f->key.len) == f)
		(void)strmap_take(flights, f->key.data, f->key.len);
}

static void done(struct reader_task *t)
{
	struct flight *f = (struct flight *)t;
	struct context *ctx = f->context;
	enum status st = t->st;

	unlist(f);
	if (st == ST_OK)
		context_saw_clock(ctx, f->outcome.clock, f->store_number);
	if (f->ended)
		f->ended(f->arg, st, st == ST_OK ? f->json.data : NULL, f->json.len, f->outcome.partial);
	if (st == ST_OK) {
		bool keep = !f->outcome.partial && f->store_number == ctx->store_number;

		memo_store(ctx->memo, &f->key, &f->json, now_mono_ms(), f->outcome.clock, keep);
		context_sweep_memo(ctx);
	} else {
		memo_fail(ctx->memo, &f->key, st);
	}
	destroy(f);
}

static enum status prepare(struct flight *f, const struct flight_options *o)
{
	struct context *ctx = o->context;

	f->context = ctx;
	f->task.run = run;
	f->task.done = done;
	f->task.deadline_ms = o->deadline_ms;
	f->ended = o->ended;
	f->arg = o->arg;
	f->store_number = ctx->store_number;
	f->peer = peer_ref(o->peer);
	f->search = *o->search;
	*o->search = NULL;
	buf_add(&f->key, o->key->data, o->key->len);
	if (f->key.failed)
		return ST_NOMEM;
	enum status st = strmap_put(ctx->flights, f->key.data, f->key.len, f, NULL);
	if (st != ST_OK)
		return st;
	st = readers_submit(ctx->readers, &f->task);
	if (st != ST_OK)
		unlist(f);
	return st;
}

enum status flight_start(const struct flight_options *o, struct flight **out)
{
	struct flight *f = mem_zalloc(sizeof *f);
	enum status st = f ? prepare(f, o) : ST_NOMEM;

	if (st == ST_OK) {
		*out = f;
		return ST_OK;
	}
	if (f)
		destroy(f);
	memo_fail(o->context->memo, o->key, st);
	return st;
}

struct flight *flight_join(struct context *ctx, const struct buf *key)
{
	struct flight *f = strmap_get(ctx->flights, key->data, key->len);

	BUG_UNLESS(f);
	f->joined++;
	return f;
}

bool flight_is_partial(const struct flight *f)
{
	return f->outcome.partial;
}

static void stop_if_alone(struct flight *f)
{
	if (!f->ended && f->joined == 0)
		atomic_store(&f->task.canceled, true);
}

void flight_leave_first(struct flight *f)
{
	f->ended = NULL;
	stop_if_alone(f);
}

void flight_leave(struct flight *f)
{
	BUG_UNLESS(f->joined > 0);
	f->joined--;
	stop_if_alone(f);
}
