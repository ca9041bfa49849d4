/* watch: life, state and requests of the room; see watch.h, and internal.h for its inside. */
#include "watch/watch.h"

#include "core/guard.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"
#include "core/wire.h"
#include "watch/internal.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { POLL_TICK_MS = 1000 };

/* --- callbacks of the pipeline ------------------------------------------------------------------ */

static void on_job_done(void *arg, struct job *j)
{
	struct watch *w = arg;

	flight_landed(w, j);
	watch_kick_soon(w);
}

static void on_tree_done(void *arg, struct tree_change *c)
{
	struct watch *w = arg;

	w->tree_changes--;
	flights_row_changed(w, c);
	if (c->kind == TREE_ROOT_PUT && !w->stopping)
		roots_put_done(w, c);
	epoch_let(&w->epochs, c->owner);
	tree_change_destroy(c);
	watch_kick_soon(w);
}

static void on_room(void *arg)
{
	crawl_kick(arg);
}

static void on_link(void *arg, int64_t dir, const char *name)
{
	struct watch *w = arg;
	struct node *n = nodes_by_id(&w->nodes, dir);

	if (n && !w->stopping) {
		/* Whoever waits for the name that was written waits for this one: its epoch is no older than the oldest. */
		hint_add(w, n, name, &(struct hint_ask){.epoch = w->epochs.oldest});
		watch_kick_soon(w);
	}
}

/* The index is empty: forget what it was thought to hold, and begin again. */
static void on_rebuilt(void *arg)
{
	struct watch *w = arg;

	log_warning("the store was damaged and set aside: everything is indexed again");
	reader_pool_renew(w->readers);
	place_flush_limbo(w, true);
	for (struct watch_root *r = w->roots; r; r = r->next) {
		if (r->node)
			place_remove(w, r->node);
		r->node = NULL;
		r->indexed = r->offline = false;
		r->fsid_len = 0;
		r->id = 0;
		if (r->above)
			r->above->known = false;
		roots_start(w, r);
	}
}

struct pipeline_callbacks watch_pipeline_callbacks(void)
{
	return (struct pipeline_callbacks){
		.job_done = on_job_done,
		.tree_done = on_tree_done,
		.room = on_room,
		.links = on_link,
		.store_rebuilt = on_rebuilt,
	};
}

/* --- life ------------------------------------------------------------------------------------------ */

enum status watch_create(const struct watch_options *o, struct watch **out)
{
	struct watch *w = mem_zalloc(sizeof *w);

	if (!w)
		return ST_NOMEM;
	w->loop = o->loop;
	w->config = config_ref(o->config);
	w->rules = rules_ref(o->rules);
	w->changed = o->changed;
	w->arg = o->arg;
	w->inotify = w->above_inotify = -1;
	nodes_init(&w->nodes);
	hints_init(w);
	flights_init(w);
	w->state_dir = mem_strdup(o->state_dir);
	enum status st = w->state_dir ? epochs_init(&w->epochs) : ST_NOMEM;
	if (st == ST_OK)
		st = reader_pool_create(o->state_dir, &w->readers);
	if (st == ST_OK)
		st = inotify_open(&w->inotify);
	if (st == ST_OK && w->config->mode == MODE_SYSTEM)
		st = inotify_open(&w->above_inotify);
	if (st == ST_OK)
		st = roots_from_config(w);
	if (st == ST_OK)
		st = roots_load(w);
	if (st != ST_OK) {
		watch_destroy(w);
		return st;
	}
	w->watch_limit = inotify_watch_limit(WATCH_SHARE);
	*out = w;
	return ST_OK;
}

static void on_kick(uv_timer_t *timer)
{
	crawl_kick(timer->data);
}

void watch_kick_soon(struct watch *w)
{
	if (!uv_is_closing((uv_handle_t *)&w->kick_timer) && !uv_is_active((uv_handle_t *)&w->kick_timer))
		uv_timer_start(&w->kick_timer, on_kick, 0, 0);
}

static void on_rescan(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	for (struct watch_root *r = w->roots; r; r = r->next)
		if (r->node)
			node_mark_below(w, r->node, 0, NULL);
	crawl_kick(w);
}

static void on_poll_tick(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	roots_poll(w);
	crawl_kick(w);
}

static void on_retry(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	roots_retry(w);
	crawl_kick(w);
}

/* Timers run only while something needs them: an idle daemon is not woken. */
static void want_timer(uv_timer_t *timer, bool wanted, uv_timer_cb run, uint64_t ms)
{
	if (!wanted)
		uv_timer_stop(timer);
	else if (!uv_is_active((uv_handle_t *)timer))
		uv_timer_start(timer, run, ms, ms);
}

static void set_timers(struct watch *w)
{
	bool polled = false, lost = false;

	for (const struct watch_root *r = w->roots; r; r = r->next) {
		polled |= r->polled && !r->offline;
		lost |= r->offline || r->unreadable;
	}
	want_timer(&w->poll_timer, polled, on_poll_tick, POLL_TICK_MS);
	want_timer(&w->retry_timer, lost, on_retry, OFFLINE_RETRY_MS);
	want_timer(&w->rescan_timer, w->config->rescan_ms > 0, on_rescan, (uint64_t)w->config->rescan_ms);
}

static void open_timers(struct watch *w)
{
	uv_timer_t *timers[] = {&w->settle_timer, &w->due_timer, &w->rescan_timer, &w->poll_timer,
		&w->retry_timer, &w->kick_timer, &w->rest_timer};

	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
		uv_timer_init(w->loop, timers[i]);
		timers[i]->data = w;
		w->handles++;
	}
}

static enum status take_suspects(struct watch *w)
{
	const struct suspect *list;
	size_t n = pipeline_suspects(w->pipeline, &list);

	w->suspects = mem_zalloc(n * sizeof *w->suspects);
	if (!w->suspects)
		return ST_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct suspect_left *s = &w->suspects[i];

		s->root_path = mem_strdup(list[i].root_path);
		s->path = mem_strdup(list[i].path);
		s->charges = list[i].charges;
		w->suspect_count++;
		if (!s->root_path || !s->path)
			return ST_NOMEM;
		log_notice("%s/%s: was being read when the daemon died; it is read alone now", s->root_path,
			s->path);
	}
	return ST_OK;
}

enum status watch_start(struct watch *w, struct pipeline *p)
{
	thread_assert(ROLE_LOOP);
	w->pipeline = p;
	open_timers(w);
	enum status st = take_suspects(w);
	if (st == ST_OK)
		st = events_start(w);
	if (st == ST_OK)
		st = above_start(w);
	if (st != ST_OK)
		return st;
	w->started = w->crawling = true;
	w->began_ms = now_mono_ms();
	for (struct watch_root *r = w->roots, *next; r; r = next) {
		next = r->next;
		roots_start(w, r);
	}
	set_timers(w);
	crawl_kick(w);
	return ST_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;

	w->handles--;
}

static void check_stopped(uv_timer_t *timer);

/* One that was never initialized (the stop came before the start, or that failed half way) has no type yet. */
static void close_handle(uv_handle_t *handle)
{
	if (uv_handle_get_type(handle) != UV_UNKNOWN_HANDLE)
		uv_close(handle, on_handle_closed);
}

/* The pool's work cannot be called back: its end is waited for. */
static void end_if_quiet(struct watch *w)
{
	if (w->batches || w->due_running || w->explains || w->resting) {
		uv_timer_start(&w->kick_timer, check_stopped, 10, 0);
		return;
	}
	close_handle((uv_handle_t *)&w->kick_timer);
	w->stopped(w->stopped_arg);
}

static void check_stopped(uv_timer_t *timer)
{
	end_if_quiet(timer->data);
}

void watch_stop(struct watch *w, void (*stopped)(void *arg), void *arg)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&w->settle_timer, (uv_handle_t *)&w->due_timer,
		(uv_handle_t *)&w->rescan_timer, (uv_handle_t *)&w->poll_timer,
		(uv_handle_t *)&w->retry_timer, (uv_handle_t *)&w->rest_timer, (uv_handle_t *)&w->poll,
		(uv_handle_t *)&w->above_poll};

	thread_assert(ROLE_LOOP);
	w->stopping = true;
	w->stopped = stopped;
	w->stopped_arg = arg;
	syncs_fail(w, ST_CLOSED);
	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
		close_handle(handles[i]);
	end_if_quiet(w);
}

static void free_suspects(struct watch *w)
{
	for (size_t i = 0; i < w->suspect_count; i++) {
		mem_free(w->suspects[i].root_path);
		mem_free(w->suspects[i].path);
	}
	mem_free(w->suspects);
}

void watch_destroy(struct watch *w)
{
	if (!w)
		return;
	hints_finish(w);
	crawl_finish(w);
	events_forget_early(w);
	mem_free(w->early.items);
	while (w->limbo) {
		struct node *n = w->limbo;

		w->limbo = node_dirty_next(n);
		n->dirty_next = 0;
		place_remove(w, n);
	}
	while (w->roots)
		root_free(w, w->roots);
	flights_finish(w);
	nodes_finish(&w->nodes);
	if (w->epochs.current)
		epochs_finish(&w->epochs);
	reader_pool_destroy(w->readers);
	if (w->inotify >= 0)
		close(w->inotify);
	if (w->above_inotify >= 0)
		close(w->above_inotify);
	free_suspects(w);
	mem_free(w->state_dir);
	config_unref(w->config);
	rules_unref(w->rules);
	mem_free(w);
}

enum status watch_reconfigure(struct watch *w, struct config *config, struct rules *rules)
{
	struct config *old_config = w->config;
	struct rules *old_rules = w->rules;

	thread_assert(ROLE_LOOP);
	w->config = config_ref(config);
	w->rules = rules_ref(rules);
	w->configured = w->turn;
	config_unref(old_config);
	rules_unref(old_rules);
	enum status st = roots_from_config(w);
	if (st != ST_OK)
		return st;
	for (struct watch_root *r = w->roots, *next; r; r = next) {
		next = r->next;
		roots_start(w, r); /* once its row is put, everything below is compared again */
	}
	uv_timer_stop(&w->rescan_timer);
	set_timers(w);
	crawl_kick(w);
	return ST_OK;
}

/* --- state -------------------------------------------------------------------------------------------- */

const char *watch_state_word(enum watch_state s)
{
	static const char *const words[] = {
		[WATCH_SCANNING] = "scanning",
		[WATCH_IDLE] = "idle",
		[WATCH_PAUSED] = "paused",
		[WATCH_DEGRADED] = "degraded",
		[WATCH_FULL] = "full",
	};

	return words[s];
}

enum watch_state watch_state(const struct watch *w)
{
	if (w->paused)
		return WATCH_PAUSED;
	if (w->pipeline && pipeline_is_full(w->pipeline))
		return WATCH_FULL;
	if (!w->started || w->crawling || w->flights.count || crawl_is_busy(w))
		return WATCH_SCANNING;
	for (const struct watch_root *r = w->roots; r; r = r->next)
		if (r->offline || r->unreadable || (r->polled && !r->poll_ms))
			return WATCH_DEGRADED;
	return WATCH_IDLE;
}

bool watch_is_quiet(const struct watch *w)
{
	return w->started && !w->epochs.held && !crawl_is_busy(w) && !w->flights.count && !w->limbo &&
	       !w->tree_changes;
}

/* A crawl is on from the first dirty directory until nothing of it is left anywhere. */
static void follow_crawl(struct watch *w)
{
	bool busy = w->dirty_bulk.count || w->applying || w->batches;

	if (!w->crawling && w->dirty_bulk.count) {
		w->crawling = true;
		w->done = w->found = 0;
		w->began_ms = now_mono_ms();
	} else if (w->crawling && !busy && !w->flights.count && !w->tree_changes) {
		w->crawling = false;
		flights_forget_suspects(w);
		log_info("everything is compared: %lld documents read in %lld ms", (long long)w->done,
			(long long)(now_mono_ms() - w->began_ms));
	}
}

void watch_told(struct watch *w)
{
	if (w->stopping)
		return;
	follow_crawl(w);
	set_timers(w);
	stats_set(watches, w->watch_count);
	if (w->changed)
		w->changed(w->arg);
}

void watch_progress(const struct watch *w, struct watch_progress *out)
{
	int64_t waiting = (int64_t)w->flights.count;

	for (const struct batch *b = w->applying; b; b = b->next)
		for (const struct scan_task *t = b->at; t; t = t->next)
			waiting += (int64_t)(t->entry_count - t->applied);
	int64_t ms = now_mono_ms() - w->began_ms;
	*out = (struct watch_progress){.done = w->done, .total = w->done + waiting, .eta_s = -1};
	if (!w->crawling)
		out->eta_s = 0;
	else if (w->done > 0 && ms > 0 && !w->dirty_bulk.count)
		out->eta_s = waiting * ms / w->done / 1000;
}

int64_t watch_pending_files(const struct watch *w)
{
	struct watch_progress p;

	watch_progress(w, &p);
	return p.total - p.done;
}

static const char *root_state(const struct watch *w, const struct watch_root *r)
{
	if (r->offline)
		return "offline";
	if (r->unreadable)
		return "unreadable";
	return w->crawling ? "scanning" : "live";
}

static void add_coverage(cJSON *o, const struct watch_root *r)
{
	cJSON *coverage = cJSON_AddObjectToObject(o, "coverage");
	int64_t live = 0, polled = 0, stale = 0;

	for (struct node *n = r->node; n; n = node_walk(r->node, n)) {
		if (r->offline || (n->flags & NODE_OFFLINE) || !(n->flags & NODE_SCANNED))
			stale++;
		else if (n->flags & NODE_POLLED)
			polled++;
		else
			live++;
	}
	cJSON_AddNumberToObject(coverage, "live", (double)live);
	cJSON_AddNumberToObject(coverage, "polled", (double)polled);
	cJSON_AddNumberToObject(coverage, "stale", (double)stale);
	if (polled)
		cJSON_AddNumberToObject(coverage, "polled_age_s",
			(double)((now_mono_ms() - r->polled_at_ms) / 1000));
}

/* Whether the caller could list the root's directory, or go through it. */
static bool can_reach(const struct watch_root *r, const struct caller *caller)
{
	const struct node *n = r->node;

	if (caller_sees_all(caller))
		return true;
	if (!n || !r->above || !chain_is_open(r->above->chain.data, r->above->chain.len, caller))
		return false;
	size_t acl_len;
	const char *acl = node_acl(n, &acl_len);
	const struct guard own = {n->mode, n->uid, n->gid, acl, acl_len};
	return guard_permits(&own, caller, MAY_READ) || guard_permits(&own, caller, MAY_SEARCH);
}

cJSON *watch_roots_json(const struct watch *w, const struct caller *caller)
{
	cJSON *list = cJSON_CreateArray();

	for (const struct watch_root *r = w->roots; r; r = r->next) {
		if (!can_reach(r, caller))
			continue;
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", r->name);
		wire_put_path(o, "path", r->path, strlen(r->path));
		cJSON_AddStringToObject(o, "state", root_state(w, r));
		cJSON_AddBoolToObject(o, "offline", r->offline);
		if (caller_sees_all(caller))
			add_coverage(o, r);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

/* --- requests -------------------------------------------------------------------------------------------- */

enum status watch_pause(struct watch *w, bool paused)
{
	thread_assert(ROLE_LOOP);
	w->paused = paused;
	pipeline_pause(w->pipeline, paused);
	if (paused)
		syncs_fail(w, ST_CANCELED);
	crawl_kick(w);
	return ST_OK;
}

static struct node *node_of_path(struct watch *w, const struct watch_root *r, const char *below)
{
	struct node *n = r->node;

	while (n && *below) {
		size_t len = strcspn(below, "/");

		n = nodes_child(&w->nodes, n, below, len);
		below += len;
		below += *below == '/';
	}
	return n;
}

static enum status reindex_file(struct watch *w, const struct watch_root *r, const char *below)
{
	AUTO_FREE char *dir = mem_strdup(below);
	struct hint_ask ask = {.force = true, .reason = JOB_RETRY, .epoch = w->epochs.current};

	if (!dir)
		return ST_NOMEM;
	if (strlen(dir) >= PATH_MAX)
		return ST_NOT_FOUND;
	char *slash = strrchr(dir, '/');
	*(slash ? slash : dir) = '\0';
	struct node *n = node_of_path(w, r, dir);
	if (!n)
		return ST_NOT_FOUND;
	hint_add(w, n, path_base(below), &ask);
	return ST_OK;
}

enum status watch_reindex(struct watch *w, const char *path)
{
	enum status st = ST_OK;

	thread_assert(ROLE_LOOP);
	if (!path) {
		for (struct watch_root *r = w->roots; r; r = r->next)
			if (r->node)
				node_mark_below(w, r->node, NODE_FORCE, w->epochs.current);
	} else {
		const struct watch_root *r = root_of_path(w, path);

		if (!r || !r->node)
			return ST_NOT_FOUND;
		const char *below = path + strlen(r->path);
		below += *below == '/';
		struct node *n = node_of_path(w, r, below);
		if (n)
			node_mark_below(w, n, NODE_FORCE, w->epochs.current);
		else
			st = reindex_file(w, r, below);
	}
	watch_kick_soon(w);
	return st;
}
