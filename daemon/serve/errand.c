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
	struct asked *asked;
	int64_t sent_us, ended_us;
	struct memo_far far;
	struct memo_made made;
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
		if (!e->ended && !e->made.kept.ahead)
			readers_cancel(&e->task);
}

struct party *party_join(struct context *ctx, const struct buf *key, struct turns_lane *lane)
{
	struct party *p = strmap_get(ctx->parties, key->data, key->len);

	BUG_UNLESS(p);
	p->joined++;
	for (struct errand *e = p->errands; e; e = e->next)
		readers_promote(&e->task, lane);
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

static enum status search(struct errand *e, struct db *db)
{
	const struct search_stop stop = {e->task.deadline_ms, &e->task.canceled};
	struct memo_made *made = &e->made;
	struct search_outcome outcome;
	int64_t begin = now_mono_us();

	enum status st = search_run(db, e->asked->search, peer_caller(e->asked->peer), &stop,
		&made->kept.json, &outcome);
	stats_add(queries, 1);
	stats_add(queries_partial, st == ST_OK && outcome.partial);
	e->ended_us = now_mono_us();
	stats_time(query, e->ended_us - begin);
	if (e->task.lane) /* who runs ahead waits for nobody's sake */
		stats_time(query_wait, begin - e->sent_us);
	made->kept.clock = outcome.clock;
	made->kept.born_ms = begin / 1000;
	made->keep = !outcome.partial;
	return st == ST_OK ? buf_status(&made->kept.json) : st;
}

static enum status run(struct reader_task *t, struct db *db)
{
	struct errand *e = (struct errand *)t;
	struct memo_kept found;

	if (memo_far_get(&e->far, &found)) {
		e->made.found_ahead = found.ahead;
		found.ahead = e->made.kept.ahead;
		e->made.kept = found;
		e->made.cached = true;
		return ST_OK;
	}
	enum status st = search(e, db);
	if (st == ST_OK && e->made.keep)
		memo_far_put(&e->far, &e->made.kept);
	return st;
}

static void destroy(struct errand *e)
{
	asked_unref(e->asked);
	memo_far_end(&e->far);
	buf_finish(&e->made.kept.json);
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
	const struct memo_kept *kept = &e->made.kept;
	const struct memo_answer answer = {kept->json.data, kept->json.len, kept->clock,
		e->made.cached ? kept->age_ms : 0, e->made.cached};

	if (st == ST_OK && !e->made.cached)
		context_saw_clock(ctx, kept->clock, e->store_number);
	if (e->ended) {
		e->ended(e->arg, st, st == ST_OK ? &answer : NULL);
		if (e->task.lane && e->ended_us)
			stats_time(query_reply, now_mono_us() - e->ended_us);
	}
	p->served_partly = st == ST_OK && !e->made.cached && !e->made.keep;
	if (st == ST_OK) {
		memo_store(ctx->memo, &p->key, &e->made, now_mono_ms());
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
	e->task.low = !o->lane;
	e->task.deadline_ms = o->deadline_ms;
	e->ended = o->ended;
	e->arg = o->arg;
	e->store_number = o->context->store_number;
	e->sent_us = now_mono_us();
	e->asked = asked_ref(o->asked);
	e->made.kept.ahead = !o->lane;
	memo_far_begin(o->context->memo, o->key, o->context->clock, o->max_age_ms, &e->far);
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
