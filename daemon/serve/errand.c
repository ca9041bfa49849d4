/* errand: searches in the readers; see errand.h. */
#include "serve/errand.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"

struct party {
	struct context *context;
	struct buf key;
	struct errand *errands; /* under way; several, where a newer answer was needed than the older would be */
	int joined;
	bool served_partly;
};

struct errand {
	struct reader_task task;

	/* owned by the loop thread */
	struct party *party;
	struct errand *next;
	errand_ended *ended; /* NULL: disowned */
	void *arg;
	unsigned store_number; /* when it began */

	/* set before the start, and by the reader while it runs */
	struct peer *peer;
	struct search_request *search;
	struct buf json;
	struct search_outcome outcome;
};

/* --- the party ---------------------------------------------------------------------------------- */

static enum status find_or_make_party(struct context *ctx, const struct buf *key, struct party **out)
{
	struct party *p = strmap_get(ctx->parties, key->data, key->len);

	if (!p) {
		p = mem_zalloc(sizeof *p);
		if (!p)
			return ST_NOMEM;
		p->context = ctx;
		buf_add(&p->key, key->data, key->len);
		if (p->key.failed || strmap_put(ctx->parties, key->data, key->len, p, NULL) != ST_OK) {
			buf_finish(&p->key);
			mem_free(p);
			return ST_NOMEM;
		}
	}
	*out = p;
	return ST_OK;
}

static void end_if_empty(struct party *p)
{
	if (p->errands || p->joined > 0)
		return;
	(void)strmap_take(p->context->parties, p->key.data, p->key.len);
	buf_finish(&p->key);
	mem_free(p);
}

/* With nobody to hear of them, errands that were disowned are of no use. */
static void stop_unwanted(struct party *p)
{
	if (p->joined > 0)
		return;
	for (struct errand *e = p->errands; e; e = e->next)
		if (!e->ended)
			readers_cancel(&e->task);
}

struct party *party_join(struct context *ctx, const struct buf *key)
{
	struct party *p = strmap_get(ctx->parties, key->data, key->len);

	BUG_UNLESS(p);
	p->joined++;
	return p;
}

bool party_is_served_partly(const struct party *p)
{
	return p->served_partly;
}

void party_leave(struct party *p)
{
	BUG_UNLESS(p->joined > 0);
	p->joined--;
	stop_unwanted(p);
	end_if_empty(p);
}

/* --- the errand --------------------------------------------------------------------------------- */

static enum status run(struct reader_task *t, struct db *db)
{
	struct errand *e = (struct errand *)t;
	const struct search_stop stop = {t->deadline_ms, &t->canceled};
	int64_t begin = now_mono_us();

	enum status st =
		search_run(db, e->search, peer_caller(e->peer), &stop, &e->json, &e->outcome);
	stats_add(queries, 1);
	stats_add(queries_partial, st == ST_OK && e->outcome.partial);
	stats_time(query, now_mono_us() - begin);
	return st == ST_OK ? buf_status(&e->json) : st;
}

static void destroy(struct errand *e)
{
	peer_unref(e->peer);
	search_request_destroy(e->search);
	buf_finish(&e->json);
	mem_free(e);
}

static void leave_party(struct errand *e)
{
	struct errand **at = &e->party->errands;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	end_if_empty(e->party);
}

/* It stays in its party until all are answered: whoever asks the same meanwhile may join. */
static void done(struct reader_task *t)
{
	struct errand *e = (struct errand *)t;
	struct party *p = e->party;
	struct context *ctx = p->context;
	enum status st = t->st;

	if (st == ST_OK)
		context_saw_clock(ctx, e->outcome.clock, e->store_number);
	if (e->ended)
		e->ended(e->arg, st, st == ST_OK ? e->json.data : NULL, e->json.len);
	p->served_partly = st == ST_OK && e->outcome.partial;
	if (st == ST_OK) {
		memo_store(ctx->memo, &p->key, &e->json, now_mono_ms(), e->outcome.clock,
			!e->outcome.partial);
		context_sweep_memo(ctx);
	} else {
		memo_fail(ctx->memo, &p->key, st);
	}
	leave_party(e);
	destroy(e);
}

static struct errand *create(const struct errand_options *o)
{
	struct errand *e = mem_zalloc(sizeof *e);

	if (!e)
		return NULL;
	e->task.run = run;
	e->task.done = done;
	e->task.lane = o->lane;
	e->task.deadline_ms = o->deadline_ms;
	e->ended = o->ended;
	e->arg = o->arg;
	e->store_number = o->context->store_number;
	e->peer = peer_ref(o->peer);
	e->search = *o->search;
	*o->search = NULL;
	return e;
}

enum status errand_start(const struct errand_options *o, struct errand **out)
{
	struct errand *e = create(o);
	enum status st = ST_NOMEM;

	if (!e)
		goto err_after_nothing;
	st = find_or_make_party(o->context, o->key, &e->party);
	if (st != ST_OK)
		goto err_after_create;
	st = readers_submit(o->context->readers, &e->task);
	if (st != ST_OK)
		goto err_after_party;
	e->next = e->party->errands;
	e->party->errands = e;
	*out = e;
	return ST_OK;

err_after_party:
	end_if_empty(e->party);
err_after_create:
	destroy(e);
err_after_nothing:
	memo_fail(o->context->memo, o->key, st);
	return st;
}

void errand_disown(struct errand *e)
{
	e->ended = NULL;
	stop_unwanted(e->party);
}
