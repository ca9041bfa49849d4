/*
 * subscribe: all subscriptions and the passes over them; see subscribe.h.
 *
 *                    ┌────────────── behind the clock, and its client takes more ──────────────┐
 *   standing ────────┤                                                                        ▼
 *      ▲             └─ too far behind ──► told to start over ──► standing                in a pass
 *      └──────────────────────────────────────────────────────────────────────────────────────┘
 *
 * A pass takes all that stand at one clock, as far as the next clock that some stand at: so those that differ come
 * together, and what changed is looked at once for all.  Those that are furthest ahead, who follow the index, and those
 * that are furthest behind have turns.
 */
#include "serve/subscribe.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "serve/client.h"
#include "serve/context.h"
#include "serve/subscribe_pass.h"

#include <string.h>

enum {
	RETRY_MS = 1000,	    /* after a pass that failed */
	SILENCE_MS = 10 * 60 * 1000, /* longer than this, or over so many changes, nobody is left */
	SILENCE_CHANGES = 10000	    /* with a clock that will soon be too old to go on from */
};

struct subscribe {
	struct context *context;
	struct readers *readers;
	struct percolate *set;
	struct subscription *first; /* all of them */
	size_t count;
	int64_t last_id;
	struct pass *pass; /* under way; it has the set, and its members */
	unsigned store_number; /* when it began */
	bool turn;	       /* of those that are ahead */
	bool suspended, stopped;
	bool renew; /* keys of queries are to be found anew */
	int64_t retry_ms; /* not before this; 0: at once */
};

static void start_pass(struct subscribe *s);

/* --- the list ----------------------------------------------------------------------------------- */

static void link_one(struct subscribe *s, struct client_subscriptions *of, struct subscription *one)
{
	one->next = of->first;
	one->link = &of->first;
	if (one->next)
		one->next->link = &one->next;
	of->first = one;
	of->count++;
	one->all_next = s->first;
	one->all_link = &s->first;
	if (one->all_next)
		one->all_next->all_link = &one->all_next;
	s->first = one;
	s->count++;
	stats_add(subscriptions, 1);
}

/* Nobody has it any more: the set only while no pass is under way. */
static void bury(struct subscribe *s, struct subscription *one)
{
	*one->all_link = one->all_next;
	if (one->all_next)
		one->all_next->all_link = one->all_link;
	if (one->sifted)
		percolate_remove(s->set, &one->member);
	subscription_destroy(one);
}

static void drop(struct subscribe *s, struct client_subscriptions *of, struct subscription *one)
{
	*one->link = one->next;
	if (one->next)
		one->next->link = one->link;
	of->count--;
	one->client = NULL;
	s->count--;
	stats_add(subscriptions, -1);
	if (!s->pass)
		bury(s, one);
}

static void bury_gone(struct subscribe *s)
{
	struct subscription *next;

	for (struct subscription *one = s->first; one; one = next) {
		next = one->all_next;
		if (!one->client)
			bury(s, one);
	}
}

/* Over all connections of that user. */
static size_t count_of_user(const struct subscribe *s, const struct client *c)
{
	size_t n = 0;

	for (struct client *other = s->context->clients; other; other = client_next(other))
		if (client_peer(other) && peer_uid(client_peer(other)) == peer_uid(client_peer(c)))
			n += client_subscriptions(other)->count;
	return n;
}

/* Nobody but the daemon's user and root has more than half of all. */
static bool is_room_for(const struct subscribe *s, const struct client *c)
{
	return s->count < SUBSCRIPTIONS_MOST &&
	       (peer_is_admin(client_peer(c)) || count_of_user(s, c) < SUBSCRIPTIONS_MOST / 2);
}

enum status subscribe_add(struct subscribe *s, struct client *c, struct subscription **one)
{
	struct client_subscriptions *of = client_subscriptions(c);

	if (of->count >= SUBSCRIPTIONS_OF_CLIENT)
		return ST_TOO_LARGE;
	if (!is_room_for(s, c))
		return ST_AGAIN;
	(*one)->id = ++s->last_id;
	(*one)->client = c;
	(*one)->told = (*one)->at;
	(*one)->told_ms = now_mono_ms();
	(*one)->silent = true;
	link_one(s, of, *one);
	*one = NULL;
	return ST_OK;
}

bool subscribe_remove(struct subscribe *s, struct client *c, int64_t id)
{
	struct client_subscriptions *of = client_subscriptions(c);

	for (struct subscription *one = of->first; one; one = one->next) {
		if (one->id == id) {
			drop(s, of, one);
			return true;
		}
	}
	return false;
}

void subscribe_forget(struct subscribe *s, struct client *c)
{
	struct client_subscriptions *of = client_subscriptions(c);

	while (of->first)
		drop(s, of, of->first);
}

/* --- sending ------------------------------------------------------------------------------------ */

static void send_empty(struct subscribe *s, struct subscription *one, bool fresh)
{
	AUTO_BUF line = BUF_INIT;

	subscription_add_empty(one, s->context->instance, one->at, fresh, &line);
	one->told = one->at;
	one->told_ms = now_mono_ms();
	client_send(one->client, &line);
}

/* From here on it is told what changes, and no more what was before. */
static void start_over(struct subscribe *s, struct subscription *one)
{
	one->at = s->context->clock;
	one->listed_until = 0;
	one->unproved = one->fresh = false;
	send_empty(s, one, true);
	stats_add(subscriptions_fresh, 1);
}

static bool is_held_up(struct subscription *one)
{
	if (client_queued(one->client) <= SUBSCRIBE_QUEUE_MOST)
		return false;
	client_subscriptions(one->client)->held_up = true;
	return true;
}

/* --- the next pass ------------------------------------------------------------------------------ */

static bool is_behind(const struct subscribe *s, const struct subscription *one)
{
	return one->unproved || one->at < s->context->clock;
}

static bool is_too_far_behind(const struct subscribe *s, const struct subscription *one)
{
	return one->at >= one->listed_until && s->context->clock - one->at > SUBSCRIBE_BEHIND_MOST;
}

/* Whether it may take part; who is lost starts over on the way. */
static bool may_run(struct subscribe *s, struct subscription *one)
{
	if (!one->client || client_is_closing(one->client) || one->silent || !is_behind(s, one) ||
		is_held_up(one))
		return false;
	if (is_too_far_behind(s, one)) {
		start_over(s, one);
		return false;
	}
	if (one->query && !one->sifted) {
		if (percolate_query_renew(one->query) != ST_OK ||
			percolate_add(s->set, &one->member) != ST_OK) {
			s->retry_ms = now_mono_ms() + RETRY_MS;
			return false;
		}
		one->sifted = true;
	}
	return true;
}

/* Those that may run are marked as lent; the clock at which the next ones that do stand. */
static bool choose_clock(struct subscribe *s, int64_t *clock)
{
	int64_t low = INT64_MAX, high = -1;

	for (struct subscription *one = s->first; one; one = one->all_next) {
		one->lent = may_run(s, one);
		if (!one->lent)
			continue;
		if (one->at < low)
			low = one->at;
		if (one->at > high)
			high = one->at;
	}
	s->turn = !s->turn;
	*clock = s->turn ? high : low;
	return high >= 0;
}

/* Lends those that stand at that clock, and finds where the next ones stand. */
static size_t choose_members(struct subscribe *s, struct pass *p)
{
	size_t count = 0;

	p->until = INT64_MAX;
	for (struct subscription *one = s->first; one; one = one->all_next) {
		if (one->client && one->at > p->from && one->at < p->until)
			p->until = one->at;
		one->lent = one->lent && one->at == p->from;
		count += one->lent;
	}
	return count;
}

static void end_pass(struct subscribe *s)
{
	struct pass *p = s->pass;

	for (size_t i = 0; i < p->count; i++) {
		p->members[i]->lent = false;
		buf_finish(&p->members[i]->lines);
	}
	pass_finish(p);
	mem_free(p->members);
	mem_free(p);
	s->pass = NULL;
	bury_gone(s);
}

/* Where the member stands now, and what it is sent.  True: something that it matched. */
static bool bring_home(struct subscribe *s, struct subscription *one, enum status st)
{
	if (!one->client || client_is_closing(one->client))
		return false;
	if (one->fresh || st == ST_TIMEOUT) {
		start_over(s, one);
		return false;
	}
	if (one->lines.failed) /* what it was to be told found no memory */
		s->retry_ms = now_mono_ms() + RETRY_MS;
	if (st != ST_OK || one->lines.failed)
		return false;
	one->at = one->reached;
	one->unproved = false;
	if (one->lines.len) {
		client_send(one->client, &one->lines);
		one->told = one->at;
		one->told_ms = now_mono_ms();
		return true;
	}
	if (one->at - one->told >= SILENCE_CHANGES ||
		   now_mono_ms() - one->told_ms >= SILENCE_MS) {
		send_empty(s, one, false);
	}
	return false;
}

/* The pass as the loop has it. */
struct lent_pass {
	struct pass pass;
	struct subscribe *owner;
	int64_t begun_us;
};

static void on_done(struct reader_task *t)
{
	const struct lent_pass *lent = (const struct lent_pass *)t;
	struct subscribe *s = lent->owner;
	struct pass *p = s->pass;
	bool told = false;
	bool stale = s->suspended || s->store_number != s->context->store_number;

	if (!stale) {
		context_saw_clock(s->context, p->clock, s->store_number);
		for (size_t i = 0; i < p->count; i++)
			told |= bring_home(s, p->members[i], t->st);
		if (told)
			stats_time(notify, now_mono_us() - lent->begun_us);
		if (t->st != ST_OK && t->st != ST_TIMEOUT && t->st != ST_CANCELED)
			log_warning("subscriptions: %s; tried again", status_text(t->st));
		if (t->st != ST_OK)
			s->retry_ms = now_mono_ms() + RETRY_MS;
	}
	end_pass(s);
	start_pass(s);
}

/* Up to so many of those of one client that take part. */
static void add_members(struct client_subscriptions *of, size_t most, struct pass *p)
{
	for (; of->turn && most > 0; of->turn = of->turn->next) {
		if (!of->turn->lent)
			continue;
		p->members[p->count++] = of->turn;
		most--;
	}
}

/* Some of each client in turn, then the rest: who has few does not stand behind all that another has. */
static void order_members(const struct subscribe *s, struct pass *p)
{
	struct client *first = s->context->clients;

	for (struct client *c = first; c; c = client_next(c))
		client_subscriptions(c)->turn = client_subscriptions(c)->first;
	for (size_t most = 1; most <= SUBSCRIPTIONS_OF_CLIENT; most *= 4)
		for (struct client *c = first; c; c = client_next(c))
			add_members(client_subscriptions(c), most, p);
}

static enum status fill_members(struct subscribe *s, struct pass *p)
{
	size_t count = choose_members(s, p);

	p->members = mem_resize(NULL, count, sizeof *p->members);
	if (!p->members)
		return ST_NOMEM;
	order_members(s, p);
	return pass_init(p, on_done);
}

static void renew(struct subscribe *s)
{
	for (struct subscription *one = s->first; one; one = one->all_next) {
		if (one->sifted)
			percolate_remove(s->set, &one->member);
		one->sifted = false;
	}
	s->renew = false;
}

static void start_pass(struct subscribe *s)
{
	int64_t clock;

	if (s->renew && !s->pass)
		renew(s);

	if (s->pass || s->suspended || s->stopped || !s->first || now_mono_ms() < s->retry_ms ||
		!choose_clock(s, &clock))
		goto out;
	struct lent_pass *lent = mem_zalloc(sizeof *lent);
	if (!lent) {
		s->retry_ms = now_mono_ms() + RETRY_MS;
		goto out;
	}
	lent->owner = s;
	lent->begun_us = now_mono_us();
	lent->pass.from = clock;
	lent->pass.set = s->set;
	s->pass = &lent->pass;
	s->store_number = s->context->store_number;
	enum status st = fill_members(s, s->pass);
	if (st == ST_OK)
		st = readers_submit(s->readers, &s->pass->task);
	if (st == ST_OK)
		return;
	s->retry_ms = now_mono_ms() + RETRY_MS;
	end_pass(s);
out:
	if (s->retry_ms)
		context_wake(s->context);
}

void subscribe_begin(struct subscribe *s, struct subscription *one, bool fresh)
{
	one->silent = false;
	if (fresh && !s->suspended)
		start_over(s, one);
	start_pass(s);
}

void subscribe_configure(struct subscribe *s)
{
	s->renew = true;
}

void subscribe_wake(struct subscribe *s)
{
	if (s->first)
		start_pass(s);
}

bool subscribe_tick(struct subscribe *s, int64_t now_ms)
{
	if (!s->retry_ms)
		return false;
	if (now_ms >= s->retry_ms) {
		s->retry_ms = 0;
		start_pass(s);
	}
	return s->retry_ms != 0;
}

/* --- its life ----------------------------------------------------------------------------------- */

enum status subscribe_create(struct context *ctx, const char *state_dir, struct subscribe **out)
{
	struct subscribe *s = mem_zalloc(sizeof *s);

	if (!s)
		return ST_NOMEM;
	s->context = ctx;
	enum status st = percolate_create(&s->set);
	if (st == ST_OK)
		st = readers_create(
			&(struct readers_options){state_dir, ctx->mailbox, 1, false}, &s->readers);
	if (st != ST_OK) {
		percolate_destroy(s->set);
		mem_free(s);
		return st;
	}
	*out = s;
	return ST_OK;
}

void subscribe_stop(struct subscribe *s)
{
	s->stopped = true;
	readers_stop(s->readers);
}

bool subscribe_is_busy(const struct subscribe *s)
{
	return readers_busy(s->readers) > 0;
}

void subscribe_destroy(struct subscribe *s)
{
	if (!s)
		return;
	BUG_UNLESS(!s->pass && s->count == 0);
	subscribe_stop(s);
	readers_destroy(s->readers);
	percolate_destroy(s->set);
	mem_free(s);
}

void subscribe_suspend(struct subscribe *s)
{
	s->suspended = true;
	readers_reopen(s->readers);
}

void subscribe_resume(struct subscribe *s)
{
	struct subscription *next;

	s->suspended = false;
	for (struct subscription *one = s->first; one; one = next) {
		next = one->all_next;
		if (one->client && !client_is_closing(one->client))
			start_over(s, one);
	}
	start_pass(s);
}
