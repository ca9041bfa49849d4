/* errand: a search in a reader; see errand.h. */
#include "serve/errand.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"

struct errand {
	struct reader_task task;
	struct context *context;

	/* owned by the loop thread */
	struct buf key;
	errand_ended *ended; /* NULL: the first one left */
	void *arg;
	int joined;	       /* and not left */
	unsigned store_number; /* when it began */

	/* set before the start, and by the reader while it runs */
	struct peer *peer;
	struct search_request *search;
	struct buf json;
	struct search_outcome outcome;
};

static void destroy(struct errand *e)
{
	peer_unref(e->peer);
	search_request_destroy(e->search);
	buf_finish(&e->key);
	buf_finish(&e->json);
	mem_free(e);
}

static enum status run(struct reader_task *t, struct db *db)
{
	struct errand *e = (struct errand *)t;
	const struct search_stop stop = {t->deadline_ms, &t->canceled};

	enum status st =
		search_run(db, e->search, peer_caller(e->peer), &stop, &e->json, &e->outcome);
	return st == ST_OK ? buf_status(&e->json) : st;
}

/* Nobody can join any more, unless a newer errand of the same key is there. */
static void unlist(struct errand *e)
{
	struct strmap *errands = e->context->errands;

	if (strmap_get(errands, e->key.data, e->key.len) == e)
		(void)strmap_take(errands, e->key.data, e->key.len);
}

static void done(struct reader_task *t)
{
	struct errand *e = (struct errand *)t;
	struct context *ctx = e->context;
	enum status st = t->st;

	unlist(e);
	if (st == ST_OK)
		context_saw_clock(ctx, e->outcome.clock, e->store_number);
	if (e->ended)
		e->ended(e->arg, st, st == ST_OK ? e->json.data : NULL, e->json.len, e->outcome.partial);
	if (st == ST_OK) {
		bool keep = !e->outcome.partial && e->store_number == ctx->store_number;

		memo_store(ctx->memo, &e->key, &e->json, now_mono_ms(), e->outcome.clock, keep);
		context_sweep_memo(ctx);
	} else {
		memo_fail(ctx->memo, &e->key, st);
	}
	destroy(e);
}

static enum status prepare(struct errand *e, const struct errand_options *o)
{
	struct context *ctx = o->context;

	e->context = ctx;
	e->task.run = run;
	e->task.done = done;
	e->task.deadline_ms = o->deadline_ms;
	e->ended = o->ended;
	e->arg = o->arg;
	e->store_number = ctx->store_number;
	e->peer = peer_ref(o->peer);
	e->search = *o->search;
	*o->search = NULL;
	buf_add(&e->key, o->key->data, o->key->len);
	if (e->key.failed)
		return ST_NOMEM;
	enum status st = strmap_put(ctx->errands, e->key.data, e->key.len, e, NULL);
	if (st != ST_OK)
		return st;
	st = readers_submit(ctx->readers, &e->task);
	if (st != ST_OK)
		unlist(e);
	return st;
}

enum status errand_start(const struct errand_options *o, struct errand **out)
{
	struct errand *e = mem_zalloc(sizeof *e);
	enum status st = e ? prepare(e, o) : ST_NOMEM;

	if (st == ST_OK) {
		*out = e;
		return ST_OK;
	}
	if (e)
		destroy(e);
	memo_fail(o->context->memo, o->key, st);
	return st;
}

struct errand *errand_join(struct context *ctx, const struct buf *key)
{
	struct errand *e = strmap_get(ctx->errands, key->data, key->len);

	BUG_UNLESS(e);
	e->joined++;
	return e;
}

bool errand_is_partial(const struct errand *e)
{
	return e->outcome.partial;
}

static void stop_if_alone(struct errand *e)
{
	if (!e->ended && e->joined == 0)
		atomic_store(&e->task.canceled, true);
}

void errand_leave_first(struct errand *e)
{
	e->ended = NULL;
	stop_if_alone(e);
}

void errand_leave(struct errand *e)
{
	BUG_UNLESS(e->joined > 0);
	e->joined--;
	stop_if_alone(e);
}
