/*
 * crawl: what is compared next: dirty directories and ready hints become batches for the pool.
 *
 * Two channels, so that an edit is seen while a big tree is walked: live (hints,
 * directories that appeared) and bulk (everything else), each with at most one
 * batch per device on the pool.  While the job queue is full or the writer far
 * behind, answers wait here, and no further batch of that channel is started: that
 * is the back-pressure.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/thread.h"
#include "watch/internal.h"

#include <string.h>

enum { BULK_TASKS = 64, LIVE_NAMES = 1024, LOOK_AHEAD = 256 };

static char *resume_take(struct watch *w, struct node *n);

/* --- the dirty lists ---------------------------------------------------------------------------- */

static struct dirty_list *dirty_list_of(struct watch *w, const struct node *n)
{
	return n->flags & NODE_DIRTY_LIVE ? &w->dirty_live : &w->dirty_bulk;
}

/* `next` comes behind `prev`; NULL: the list's end. */
static void join(struct dirty_list *l, struct node *prev, struct node *next)
{
	if (prev)
		prev->dirty_next = slab_place(next);
	else
		l->first = next;
	if (next)
		next->dirty_prev = slab_place(prev);
	else
		l->last = prev;
}

static void enlist(struct dirty_list *l, struct node *n, bool front)
{
	struct node *prev = front ? NULL : l->last, *next = front ? l->first : NULL;

	join(l, prev, n);
	join(l, n, next);
	l->count++;
}

static void delist(struct dirty_list *l, struct node *n)
{
	join(l, slab_near(n, n->dirty_prev), node_dirty_next(n));
	n->dirty_prev = n->dirty_next = 0;
	l->count--;
}

struct node *node_detached_above(struct node *n)
{
	while (n->parent)
		n = node_parent(n);
	return n->flags & NODE_DETACHED ? n : NULL;
}

bool node_is_offline(const struct node *n)
{
	if (n->root->offline && n->parent)
		return true;
	for (; n; n = node_parent(n))
		if (n->flags & NODE_OFFLINE)
			return true;
	return false;
}

void node_postpone(struct watch *w, struct node *detached, struct epoch *epoch)
{
	detached->flags |= NODE_PENDING;
	detached->epoch = epoch_older(&w->epochs, detached->epoch, epoch_hold(&w->epochs, epoch));
}

void node_mark(struct watch *w, struct node *n, bool live, struct epoch *epoch)
{
	struct node *detached = node_detached_above(n);

	if (detached) {
		node_postpone(w, detached, epoch);
		return;
	}
	if (node_is_offline(n))
		return;
	n->flags &= ~(unsigned)NODE_TRUSTED;
	if (n->flags & NODE_RESUMES) /* whatever this is about, it may be about names that were settled */
		mem_free(resume_take(w, n));
	if (n->flags & NODE_DIRTY) {
		n->epoch = epoch_older(&w->epochs, n->epoch, epoch_hold(&w->epochs, epoch));
		if (live && !(n->flags & NODE_DIRTY_LIVE)) {
			delist(&w->dirty_bulk, n);
			n->flags |= NODE_DIRTY_LIVE;
			enlist(&w->dirty_live, n, false);
		}
		return;
	}
	n->flags |= NODE_DIRTY | (live ? NODE_DIRTY_LIVE : 0u);
	n->epoch = epoch_hold(&w->epochs, epoch);
	/* Deepest first in the crawl: the list stays short. */
	enlist(dirty_list_of(w, n), n, !live && !(n->flags & NODE_SCANNED));
}

void node_unmark(struct watch *w, struct node *n)
{
	if (!(n->flags & NODE_DIRTY))
		return;
	delist(dirty_list_of(w, n), n);
	n->flags &= ~(unsigned)(NODE_DIRTY | NODE_DIRTY_LIVE);
	epoch_let(&w->epochs, n->epoch);
	n->epoch = NULL;
}

void node_mark_below(struct watch *w, struct node *top, unsigned flags, struct epoch *epoch)
{
	for (struct node *n = top; n; n = node_walk(top, n)) {
		bool first = !(n->flags & NODE_DIRTY);

		node_mark(w, n, false, epoch);
		n->flags |= first ? flags : flags & ~(unsigned)NODE_TRUSTED;
	}
}

/* --- tasks ---------------------------------------------------------------------------------------- */

static enum status add_scopes(struct scope *scope, const struct node *n, size_t len)
{
	enum status st;

	if (!n->parent)
		return scope_add(scope, n->root->ignore, 0);
	size_t above = len > n->name_len ? len - n->name_len - 1 : 0;
	st = add_scopes(scope, node_parent(n), above);
	if (st == ST_OK && node_ignore(node_parent(n)))
		st = scope_add(scope, node_ignore(node_parent(n)), above);
	return st;
}

static struct scan_task *task_for(struct watch *w, struct node *n)
{
	struct scan_task *t = scan_task_create();
	AUTO_BUF path = BUF_INIT;

	if (!t)
		return NULL;
	node_path(n, &path);
	size_t len = path.len;
	t->path = buf_take(&path);
	t->root_path = mem_strdup(n->root->path);
	if (!t->path || !t->root_path || add_scopes(&t->scope, n, len) != ST_OK) {
		scan_task_destroy(t);
		return NULL;
	}
	t->dir = n->id;
	t->expect = (struct ident){.ino = n->ino, .btime_ns = n->btime_ns};
	t->scope.hidden = n->root->hidden;
	t->one_filesystem = n->root->one_filesystem;
	t->ignore = ignore_ref(node_ignore(n));
	t->is_root = !n->parent;
	if (t->is_root) {
		memcpy(t->expect_fsid, n->root->fsid, sizeof t->expect_fsid);
		t->expect_fsid_len = n->root->fsid_len;
	}
	t->watch = n->wd < 0 && !n->root->poll_ms && w->watch_count < w->watch_limit;
	return t;
}

/* A directory that was cut goes on behind this name. */
struct resume {
	struct resume *next;
	int64_t dir;
	char *after;
};

void crawl_resume(struct watch *w, struct node *n, const char *after)
{
	struct resume *r = mem_zalloc(sizeof *r);

	if (!r || !(r->after = mem_strdup(after))) { /* from the start, then */
		mem_free(r);
		return;
	}
	n->flags |= NODE_RESUMES;
	r->dir = n->id;
	r->next = w->resumes;
	w->resumes = r;
}

static char *resume_take(struct watch *w, struct node *n)
{
	n->flags &= ~(unsigned)NODE_RESUMES;
	for (struct resume **at = &w->resumes; *at; at = &(*at)->next) {
		struct resume *r = *at;

		if (r->dir != n->id)
			continue;
		char *after = r->after;
		*at = r->next;
		mem_free(r);
		return after;
	}
	return NULL;
}

void crawl_finish(struct watch *w)
{
	while (w->resumes) {
		struct resume *r = w->resumes;

		w->resumes = r->next;
		mem_free(r->after);
		mem_free(r);
	}
	while (w->applying) {
		struct batch *b = w->applying;

		w->applying = b->next;
		crawl_drop(w, b);
	}
}

static struct scan_task *whole_task(struct watch *w, struct node *n)
{
	struct scan_task *t = task_for(w, n);

	if (!t)
		return NULL;
	t->whole = true;
	t->force = n->flags & NODE_FORCE;
	t->trusted = n->flags & NODE_TRUSTED;
	t->born_us = n->flags & NODE_DIRTY_LIVE ? now_mono_us() : 0;
	t->epoch = epoch_hold(&w->epochs, n->epoch);
	n->flags &= ~(unsigned)(NODE_FORCE | NODE_TRUSTED);
	t->after = n->flags & NODE_RESUMES ? resume_take(w, n) : NULL;
	node_unmark(w, n);
	return t;
}

/* Moves the hint into the task, its epoch too. */
static bool take_hint(struct watch *w, struct scan_task *t, struct hint *h)
{
	struct scan_name *grown = mem_resize(t->names, t->name_count + 1, sizeof *grown);
	char *name = mem_strdup(h->name);

	if (grown)
		t->names = grown;
	if (!grown || !name) {
		mem_free(name);
		return false;
	}
	t->names[t->name_count++] = (struct scan_name){
		.epoch = h->epoch,
		.born_us = h->born_us,
		.force = h->force,
		.reason = h->reason,
		.rounds = h->rounds,
		.repeats = h->repeats,
		.name = name,
	};
	h->epoch = NULL;
	hint_free(w, h);
	return true;
}

/* --- devices ---------------------------------------------------------------------------------------- */

static struct device *device_of(struct watch *w, uint64_t dev)
{
	struct device *spare = NULL;

	for (int i = 0; i < DEVICES_MAX; i++) {
		struct device *d = &w->devices[i];

		if ((d->live || d->bulk) && d->dev == dev)
			return d;
		if (!d->live && !d->bulk)
			spare = d;
	}
	if (spare)
		spare->dev = dev;
	return spare;
}

static bool is_free(struct watch *w, uint64_t dev, bool live)
{
	const struct device *d = device_of(w, dev);

	return d && !(live ? d->live : d->bulk);
}

/* --- batches ---------------------------------------------------------------------------------------- */

static void run_batch(uv_work_t *work)
{
	struct batch *b = work->data;

	thread_become(ROLE_SCAN);
	struct db *db = reader_pool_take(b->watch->readers);
	if (!db) {
		b->scan.store_trouble = true;
		b->scan.untouched = b->scan.tasks;
		b->scan.tasks = NULL;
		return;
	}
	scan_run(&b->scan, db);
	reader_pool_give(b->watch->readers, db, b->scan.store_trouble);
}

static void drop_task(struct watch *w, struct scan_task *t)
{
	for (size_t i = 0; i < t->name_count; i++)
		epoch_let(&w->epochs, t->names[i].epoch);
	epoch_let(&w->epochs, t->epoch);
	scan_task_destroy(t);
}

void crawl_drop(struct watch *w, struct batch *b)
{
	for (struct scan_task *t = b->scan.tasks, *next; t; t = next) {
		next = t->next;
		drop_task(w, t);
	}
	rules_unref(b->rules);
	mem_free(b);
}

/* Tasks that the pool did not get to are put back as they were. */
static void put_back(struct watch *w, struct batch *b)
{
	for (struct scan_task *t = b->scan.untouched, *next; t; t = next) {
		struct node *n = nodes_by_id(&w->nodes, t->dir);

		next = t->next;
		if (n && t->whole) {
			n->flags |= t->force ? NODE_FORCE : 0u;
			node_mark(w, n, b->live, t->epoch);
		}
		if (n)
			hint_names(w, n, t, b->scan.store_trouble ? CREATE_SETTLE_MS : 0);
		drop_task(w, t);
	}
	b->scan.untouched = NULL;
}

static void batch_back(uv_work_t *work, int status)
{
	struct batch *b = work->data;
	struct watch *w = b->watch;
	struct device *d = device_of(w, b->dev);

	(void)status; /* never canceled */
	BUG_UNLESS(d);
	*(b->live ? &d->live : &d->bulk) = false;
	w->batches--;
	watch_rest_later(w);
	put_back(w, b);
	b->at = b->scan.tasks;
	b->next = NULL;
	struct batch **end = &w->applying;
	while (*end)
		end = &(*end)->next;
	*end = b;
	crawl_kick(w);
}

static struct batch *new_batch(struct watch *w, uint64_t dev, bool live)
{
	struct batch *b = mem_zalloc(sizeof *b);

	if (!b)
		return NULL;
	b->work.data = b;
	b->watch = w;
	b->dev = dev;
	b->live = live;
	b->rules = rules_ref(w->rules);
	b->scan.rules = w->rules;
	b->scan.file_size_max = w->config->limits.file_size;
	b->scan.inotify = w->inotify;
	b->scan.guarded = w->config->mode == MODE_SYSTEM;
	b->scan.above_inotify = w->above_inotify;
	return b;
}

static void start_batch(struct watch *w, struct batch *b)
{
	struct device *d = device_of(w, b->dev);

	*(b->live ? &d->live : &d->bulk) = true;
	w->batches++;
	b->landed = w->landed;
	b->turn = ++w->turn;
	int err = uv_queue_work(w->loop, &b->work, run_batch, batch_back);
	BUG_UNLESS(err == 0); /* only fails for a missing callback */
}

/*
 * The first of the list whose device is free, near its front.  What is passed over goes to the back, so that the many of a
 * device that is busy, or stuck, do not hide the rest for ever.
 */
static struct node *first_free(struct watch *w, struct dirty_list *l, bool live)
{
	for (int looked = 0; l->first && looked < LOOK_AHEAD; looked++) {
		struct node *n = l->first;

		if (is_free(w, n->dev, live))
			return n;
		delist(l, n);
		enlist(l, n, false);
	}
	return NULL;
}

static void add_dirty(struct watch *w, struct batch *b, const struct dirty_list *l, int most)
{
	struct scan_task **end = &b->scan.tasks;

	while (*end)
		end = &(*end)->next;
	for (struct node *n = l->first, *next; n && most > 0; n = next) {
		next = node_dirty_next(n);
		if (n->dev != b->dev)
			continue;
		struct scan_task *t = whole_task(w, n);
		if (!t)
			return; /* stays dirty */
		*end = t;
		end = &t->next;
		most--;
	}
}

static struct scan_task *task_of_hint(struct watch *w, struct batch *b, const struct hint *h)
{
	struct scan_task **at = &b->scan.tasks;

	/* Hints of one directory mostly come together: look at the last tasks only. */
	for (; *at; at = &(*at)->next)
		if ((*at)->dir == h->node->id && !(*at)->whole)
			return *at;
	*at = task_for(w, h->node);
	return *at;
}

static void add_hints(struct watch *w, struct batch *b)
{
	int most = LIVE_NAMES;

	for (struct hint *h = w->ready.first, *next; h && most > 0; h = next) {
		next = h->next;
		if ((h->node->flags & NODE_DETACHED) || node_is_offline(h->node)) {
			hint_free(w, h);
			continue;
		}
		if (h->node->dev != b->dev)
			continue;
		struct scan_task *t = task_of_hint(w, b, h);
		if (!t || !take_hint(w, t, h))
			return; /* stays ready */
		most--;
	}
}

static const struct node *first_live(struct watch *w)
{
	struct node *n = first_free(w, &w->dirty_live, true);

	for (int looked = 0; !n && w->ready.first && looked < LOOK_AHEAD; looked++) {
		if (is_free(w, w->ready.first->node->dev, true))
			n = w->ready.first->node;
		else
			hint_to_back(w);
	}
	return n;
}

static bool start_live(struct watch *w)
{
	const struct node *n = first_live(w);
	struct batch *b = n ? new_batch(w, n->dev, true) : NULL;

	if (!b)
		return false;
	add_hints(w, b);
	add_dirty(w, b, &w->dirty_live, BULK_TASKS);
	if (!b->scan.tasks) {
		crawl_drop(w, b);
		return false;
	}
	start_batch(w, b);
	return true;
}

static bool start_bulk(struct watch *w)
{
	const struct node *n = first_free(w, &w->dirty_bulk, false);
	struct batch *b = n ? new_batch(w, n->dev, false) : NULL;

	if (!b)
		return false;
	add_dirty(w, b, &w->dirty_bulk, BULK_TASKS);
	if (!b->scan.tasks) {
		crawl_drop(w, b);
		return false;
	}
	start_batch(w, b);
	return true;
}

/* --- the turn ------------------------------------------------------------------------------------------ */

/* Answers waiting for room, by channel. */
static bool waits(const struct watch *w, bool live)
{
	for (const struct batch *b = w->applying; b; b = b->next)
		if (b->live == live)
			return true;
	return false;
}

static void apply_answers(struct watch *w)
{
	bool stuck[2] = {false, false};

	for (struct batch **at = &w->applying; *at;) {
		struct batch *b = *at;

		if (stuck[b->live] || !reconcile_batch(w, b)) {
			stuck[b->live] = true;
			at = &b->next;
			continue;
		}
		*at = b->next;
		crawl_drop(w, b);
	}
}

bool crawl_is_busy(const struct watch *w)
{
	return w->batches || w->applying || w->dirty_live.count || w->dirty_bulk.count || w->ready.count;
}

static bool live_is_quiet(const struct watch *w)
{
	if (w->ready.count || w->dirty_live.count || waits(w, true))
		return false;
	for (int i = 0; i < DEVICES_MAX; i++)
		if (w->devices[i].live)
			return false;
	return true;
}

/* A vanished directory whose new place nobody has seen by now is deleted; the kernel's events so far are read first. */
static void end_limbo(struct watch *w)
{
	if (!w->limbo || !live_is_quiet(w))
		return;
	events_read(w, true);
	if (live_is_quiet(w))
		place_flush_limbo(w, w->dirty_bulk.count == 0 && !waits(w, false) && !w->batches);
}

static void turn(struct watch *w)
{
	apply_answers(w);
	if (w->stopping)
		return;
	end_limbo(w);
	if (w->paused)
		return;
	while (!waits(w, true) && start_live(w))
		;
	while (!waits(w, false) && !pipeline_is_congested(w->pipeline) && start_bulk(w))
		;
}

void crawl_kick(struct watch *w)
{
	/* Applying an answer may ask for another turn: once more then, not deeper. */
	if (w->kicked || !w->started)
		return;
	w->kicked = true;
	turn(w);
	w->kicked = false;
	syncs_check(w);
	watch_told(w);
}
