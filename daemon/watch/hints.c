/*
 * hints: single names that may differ from the index, each at most once.
 *
 * A ready hint goes into the next live batch; a settling one waits for its file to
 * come to rest, which a close, a sync or the longest delay ends.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/strmap.h"
#include "watch/internal.h"

#include <string.h>

enum { HINTS_MAX = 200000 }; /* more than that, and their directories are compared whole */

struct key {
	const struct node *node;
	const char *name;
	size_t len;
};

static uint64_t hash_of(const struct node *n, const char *name, size_t len)
{
	return slabset_mix((uint64_t)n->id) ^ strmap_hash(name, len);
}

static uint64_t hash_hint(const void *item)
{
	const struct hint *h = item;

	return hash_of(h->node, h->name, h->len);
}

static bool is_hint(const void *item, const void *key)
{
	const struct hint *h = item;
	const struct key *k = key;

	return h->node == k->node && h->len == k->len && !memcmp(h->name, k->name, k->len);
}

static void enlist(struct hint_list *l, struct hint *h)
{
	h->next = NULL;
	h->at = l->end;
	*l->end = h;
	l->end = &h->next;
	l->count++;
}

static void delist(struct hint_list *l, struct hint *h)
{
	*h->at = h->next;
	if (h->next)
		h->next->at = h->at;
	else
		l->end = h->at;
	l->count--;
}

static struct hint_list *list_of(struct watch *w, const struct hint *h)
{
	return h->due_ms ? &w->settling : &w->ready;
}

static void make_ready(struct watch *w, struct hint *h)
{
	delist(&w->settling, h);
	h->due_ms = 0;
	enlist(&w->ready, h);
}

static void on_settled(uv_timer_t *timer);

/* Runs when the first settling hint is due; not at all when none is. */
static void set_timer(struct watch *w)
{
	int64_t first = 0, now = now_mono_ms();

	for (const struct hint *h = w->settling.first; h; h = h->next)
		if (!first || h->due_ms < first)
			first = h->due_ms;
	if (!first || w->stopping)
		uv_timer_stop(&w->settle_timer);
	else
		uv_timer_start(&w->settle_timer, on_settled, first > now ? (uint64_t)(first - now) : 1, 0);
}

static void on_settled(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	int64_t now = now_mono_ms();

	for (struct hint *h = w->settling.first, *next; h; h = next) {
		next = h->next;
		if (h->due_ms <= now)
			make_ready(w, h);
	}
	set_timer(w);
	crawl_kick(w);
}

void hints_init(struct watch *w)
{
	w->hints = (struct slabset){.slab = &w->hint_slab, .hash = hash_hint};
	w->ready.end = &w->ready.first;
	w->settling.end = &w->settling.first;
	w->settle_timer.data = w;
}

void hints_finish(struct watch *w)
{
	while (w->ready.first)
		hint_free(w, w->ready.first);
	while (w->settling.first)
		hint_free(w, w->settling.first);
	slabset_finish(&w->hints);
	slab_finish(&w->hint_slab);
}

void hint_to_back(struct watch *w)
{
	struct hint *h = w->ready.first;

	delist(&w->ready, h);
	enlist(&w->ready, h);
}

void hint_free(struct watch *w, struct hint *h)
{
	delist(list_of(w, h), h);
	slabset_remove(&w->hints, h);
	h->node->hints--;
	epoch_let(&w->epochs, h->epoch);
	slab_give(&w->hint_slab, h);
}

static struct hint *new_hint(struct watch *w, struct node *n, const char *name, size_t len)
{
	struct hint *h = slab_take(&w->hint_slab, sizeof *h + len + 1);

	if (!h)
		return NULL;
	h->node = n;
	h->len = (unsigned)len;
	memcpy(h->name, name, len + 1);
	return h;
}

/* A hint that is there already takes in what the new one says. */
static void merge(struct watch *w, struct hint *h, const struct hint_ask *ask)
{
	int64_t now = now_mono_ms();

	h->epoch = epoch_older(&w->epochs, h->epoch, epoch_hold(&w->epochs, ask->epoch));
	if (ask->force && !h->force) {
		h->force = true;
		h->reason = ask->reason;
	}
	if (ask->rounds > h->rounds)
		h->rounds = ask->rounds;
	if (ask->repeats > h->repeats)
		h->repeats = ask->repeats;
	if (!h->due_ms)
		return;
	if (!ask->delay_ms) {
		make_ready(w, h);
		return;
	}
	if (!ask->writing || h->rounds)
		return;
	int64_t latest = h->first_ms + SETTLE_TIMES * w->config->settle_ms;
	h->due_ms = now + ask->delay_ms < latest ? now + ask->delay_ms : latest;
}

void hint_add(struct watch *w, struct node *n, const char *name, const struct hint_ask *ask)
{
	struct key k = {n, name, strlen(name)};
	struct hint *h = slabset_find(&w->hints, hash_of(n, name, k.len), is_hint, &k);
	struct node *detached = node_detached_above(n);

	if (detached) {
		n->flags |= ask->force ? NODE_FORCE : 0u;
		node_postpone(w, detached, ask->epoch);
		return;
	}
	if (node_is_offline(n))
		return; /* when it is back, all of it is compared */
	if (h) {
		merge(w, h, ask);
		return;
	}
	/* Short of room or memory the whole directory is compared instead: nothing is lost but the shortcut. */
	if (w->hints.count >= HINTS_MAX || !(h = new_hint(w, n, name, k.len))) {
		node_mark(w, n, true, ask->epoch);
		return;
	}
	if (slabset_add(&w->hints, h) != ST_OK) {
		slab_give(&w->hint_slab, h);
		node_mark(w, n, true, ask->epoch);
		return;
	}
	n->hints++;
	h->force = ask->force;
	h->reason = ask->reason;
	h->rounds = ask->rounds;
	h->repeats = ask->repeats;
	h->epoch = epoch_hold(&w->epochs, ask->epoch);
	h->born_us = ask->born_us ? ask->born_us : now_mono_us();
	h->first_ms = now_mono_ms();
	h->due_ms = ask->delay_ms ? h->first_ms + ask->delay_ms : 0;
	enlist(list_of(w, h), h);
	if (h->due_ms && !uv_is_active((uv_handle_t *)&w->settle_timer))
		set_timer(w);
	else if (h->due_ms && (int64_t)uv_timer_get_due_in(&w->settle_timer) > ask->delay_ms)
		set_timer(w);
}

void hint_names(struct watch *w, struct node *n, const struct scan_task *t, int64_t delay_ms)
{
	for (size_t i = 0; i < t->name_count; i++) {
		const struct scan_name *s = &t->names[i];

		hint_add(w, n, s->name,
			&(struct hint_ask){.force = s->force,
				.reason = s->reason,
				.epoch = s->epoch,
				.born_us = s->born_us,
				.rounds = s->rounds,
				.repeats = s->repeats,
				.delay_ms = delay_ms});
	}
}

void hint_now(struct watch *w, struct node *n, const char *name)
{
	struct hint_ask ask = {.epoch = w->epochs.current};

	hint_add(w, n, name, &ask);
}

void hints_settle_now(struct watch *w)
{
	for (struct hint *h = w->settling.first, *next; h; h = next) {
		next = h->next;
		if (h->epoch)
			make_ready(w, h);
	}
	set_timer(w);
}

void hints_take_below(
	struct watch *w, struct node *top, void (*take)(struct watch *w, struct node *top, const struct hint *h))
{
	struct hint_list *lists[] = {&w->ready, &w->settling};
	size_t left = 0;

	for (struct node *n = top; n; n = node_walk(top, n))
		left += n->hints;
	for (size_t i = 0; i < 2; i++)
		for (struct hint *h = lists[i]->first, *next; h && left; h = next) {
			next = h->next;
			if (!node_is_below(h->node, top))
				continue;
			if (take)
				take(w, top, h);
			hint_free(w, h);
			left--;
		}
}
