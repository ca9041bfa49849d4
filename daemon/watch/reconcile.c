/*
 * reconcile: the answers of a comparison become changes: rows, documents to read, nodes of the tree.
 *
 * A batch is applied in two passes.  First every directory that is not in its
 * place any more is detached (place.c); then what was found is put in place, and
 * what differs is read or written.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "watch/internal.h"

#include <errno.h>
#include <string.h>

enum { TROUBLE_PAUSE_MS = 1000 };

/* --- first pass: what is not in its place ---------------------------------------------------------------- */

static void vacate_unseen(struct watch *w, const struct scan_task *t, struct node *parent, bool bulk)
{
	for (struct node *n = node_child(parent), *next; n; n = next) {
		next = node_next(n);
		if (!(n->flags & NODE_SEEN))
			place_vacate(w, t, n, NULL, bulk);
		n->flags &= ~(unsigned)NODE_SEEN;
	}
}

static void first_pass(struct watch *w, const struct batch *b)
{
	for (const struct scan_task *t = b->scan.tasks; t; t = t->next) {
		struct node *parent = nodes_by_id(&w->nodes, t->dir);

		if (!parent || t->outcome != SCAN_DONE || parent->turn > b->turn ||
			node_detached_above(parent))
			continue;
		parent->turn = b->turn;
		for (size_t i = 0; i < t->entry_count; i++) {
			const struct scan_entry *e = &t->entries[i];
			struct node *n = nodes_child(&w->nodes, parent, e->name, strlen(e->name));

			if (!n || (e->kind == ENTRY_GONE && e->has_dir))
				continue;
			if (e->kind == ENTRY_DIR && node_is(n, &e->ident))
				n->flags |= NODE_SEEN;
			else
				place_vacate(w, t, n, e, !b->live);
		}
		if (t->whole)
			vacate_unseen(w, t, parent, !b->live);
		else
			for (struct node *n = node_child(parent); n; n = node_next(n))
				n->flags &= ~(unsigned)NODE_SEEN;
	}
}

/* --- second pass: entries ---------------------------------------------------------------------------------- */

static void note_with_flight(
	struct watch *w, int64_t dir, const char *name, const struct scan_task *t, const struct scan_entry *e)
{
	struct flight *f = flight_find(w, dir, name);

	if (f)
		flight_again(w, f, false, JOB_CHANGED, e->epoch ? e->epoch : t->epoch);
}

/*
 * Without a row when it was compared there may be one by now, if anything was committed since; or soon, if a move is on
 * its way to the writer, behind which this deletion is queued.
 */
static void apply_gone(
	struct watch *w, const struct batch *b, const struct scan_task *t, const struct scan_entry *e)
{
	note_with_flight(w, t->dir, e->name, t, e);
	if (!e->row && b->landed == w->landed && !w->tree_changes)
		return;
	struct tree_change *c =
		change_create(w, TREE_FILE_DELETE, e->epoch ? e->epoch : t->epoch);
	if (!c)
		return;
	c->dir = t->dir;
	c->ident = e->ident;
	c->turn = b->turn;
	c->present = e->present;
	change_send_named(w, c, e->name, NULL);
}

static void apply_state(
	struct watch *w, const struct batch *b, const struct scan_task *t, const struct scan_entry *e)
{
	struct tree_change *c =
		change_create(w, TREE_FILE_STATE, e->epoch ? e->epoch : t->epoch);

	note_with_flight(w, t->dir, e->name, t, e);
	if (!c)
		return;
	buf_add(&c->acl, e->acl.data ? e->acl.data : "", e->acl.len);
	if (c->acl.failed) {
		change_drop(w, c);
		return;
	}
	c->dir = t->dir;
	c->turn = b->turn;
	c->present = true;
	c->ident = e->ident;
	c->stamp_ns = e->stamp_ns;
	c->state = e->state;
	c->replaced = e->replaced;
	c->rule = e->rule;
	change_send_named(w, c, e->name, NULL);
}

static void apply_move(
	struct watch *w, const struct batch *b, const struct scan_task *t, struct scan_entry *e)
{
	struct epoch *epoch = e->epoch ? e->epoch : t->epoch;
	struct node *from = nodes_by_id(&w->nodes, e->from_task->dir);

	note_with_flight(w, e->from_task->dir, e->from, t, e);
	e->kind = ENTRY_READ;
	e->force = true; /* the row moves, the content is verified */
	if (!from)
		return;
	if (from->turn > b->turn) { /* what is at the old name now may be another file */
		hint_add(w, from, e->from, &(struct hint_ask){.epoch = epoch});
		return;
	}
	struct tree_change *c = change_create(w, TREE_FILE_MOVE, epoch);
	if (!c)
		return;
	c->dir = e->from_task->dir;
	c->parent = t->dir;
	change_send_named(w, c, e->from, e->name);
}

/* False: the queue is full, the entry waits. */
static bool apply_entry(struct watch *w, const struct batch *b, struct node *n,
	const struct scan_task *t, struct scan_entry *e)
{
	enum status st;

	switch (e->kind) {
	case ENTRY_DIR:
		place_dir(w, t, n, e, b->live);
		return true;
	case ENTRY_GONE:
		apply_gone(w, b, t, e);
		return true;
	case ENTRY_STATE:
		apply_state(w, b, t, e);
		return true;
	case ENTRY_MOVED:
		apply_move(w, b, t, e);
		/* fall through */
	case ENTRY_READ:
		st = flight_start(w, n, t, e, b->live);
		if (st == ST_FULL)
			return false;
		if (st != ST_OK && st != ST_CLOSED)
			hint_add(w, n, e->name,
				&(struct hint_ask){.epoch = e->epoch ? e->epoch : t->epoch,
					.force = e->force,
					.reason = e->reason,
					.delay_ms = TROUBLE_PAUSE_MS});
		return true;
	}
	BUG("entry without a case");
}

/* --- tasks ---------------------------------------------------------------------------------------------------- */

/* The directory is not there: its parent's view of it decides what becomes of it. */
static void look_from_above(struct watch *w, const struct scan_task *t, struct node *n)
{
	struct hint_ask ask = {.epoch = t->epoch};

	if (!n->parent) {
		root_offline(w, n->root);
		return;
	}
	hint_add(w, node_parent(n), node_name(n), &ask);
	for (size_t i = 0; i < t->name_count; i++) {
		ask.epoch = t->names[i].epoch;
		hint_add(w, node_parent(n), node_name(n), &ask);
		/* Wherever it is now, it is compared there. */
		n->flags |= t->names[i].force ? NODE_FORCE : 0u;
		node_mark(w, n, true, t->names[i].epoch);
	}
	if (t->whole)
		node_mark(w, n, true, t->epoch);
}

static void again_later(struct watch *w, const struct scan_task *t, struct node *n)
{
	log_warning("%s/%s: %s; tried again soon", t->root_path, t->path, strerror(t->error_no));
	if (!n->parent) {
		n->root->unreadable = true; /* the retry timer looks at it */
		n->flags |= t->force ? NODE_FORCE : 0u;
		hint_names(w, n, t, TROUBLE_PAUSE_MS);
		hint_add(w, n, SCOPE_FILE, /* some name, so that a sync waits until it could be looked at */
			&(struct hint_ask){.epoch = t->epoch, .delay_ms = TROUBLE_PAUSE_MS});
		return;
	}
	n->flags &= ~(unsigned)NODE_SCANNED;
	hint_add(w, node_parent(n), node_name(n),
		&(struct hint_ask){.epoch = t->epoch, .delay_ms = TROUBLE_PAUSE_MS});
	hint_names(w, n, t, TROUBLE_PAUSE_MS);
}

static void take_watch(struct watch *w, const struct scan_task *t, struct node *n)
{
	if (t->wd < 0 || n->wd == t->wd)
		return;
	if (n->wd < 0 && !nodes_by_wd(&w->nodes, t->wd))
		w->watch_count++;
	if (nodes_set_wd(&w->nodes, n, t->wd) == ST_OK)
		events_mapped(w, n, t->epoch);
}

static void map_watch(struct watch *w, const struct scan_task *t, struct node *n)
{
	take_watch(w, t, n);
	bool wanted = n->wd < 0 && !n->root->poll_ms && !t->eventless;
	if (wanted && !t->watch && w->watch_count < w->watch_limit) {
		/* It had a watch when it was asked about, which went away meanwhile. */
		node_mark(w, n, true, w->epochs.oldest);
		return;
	}
	if (t->watch_error == ENOSPC || (wanted && !t->watch)) {
		if (!w->watches_exhausted)
			log_warning("out of inotify watches at %ld: some directories are polled instead",
				w->watch_count);
		w->watches_exhausted = true;
	} else if (t->watch_error) {
		log_warning("%s/%s: watching: %s", t->root_path, t->path, strerror(t->watch_error));
	}
	if (n->wd < 0 && !(n->flags & NODE_POLLED))
		n->root->polled_at_ms = now_mono_ms();
	node_set_polled(n, n->wd < 0);
}

static void install_ignore(struct watch *w, struct scan_task *t, struct node *n)
{
	if (!t->ignore_changed)
		return;
	if (node_set_ignore(n, t->ignore_now) != ST_OK) {
		log_warning("%s/%s: its ignore rules: %s", t->root_path, t->path, status_text(ST_NOMEM));
		node_mark(w, n, false, t->epoch); /* it reads them again */
		return;
	}
	t->ignore_now = NULL;
	t->ignore_changed = false;
	/* What was compared under the old rules is compared again; a probe saw some names only. */
	for (struct node *x = t->whole ? node_walk(n, n) : n; x; x = node_walk(n, x))
		node_mark(w, x, false, t->epoch);
}

/*
 * A whole listing says nothing of a file that was gone and had no row yet.  One that was in flight meanwhile has its row
 * now, or soon: it is looked at by name.  The first listing has nothing in flight.
 */
static void mind_flights(struct watch *w, const struct batch *b, const struct scan_task *t, struct node *n)
{
	if (!t->whole || t->after || !(n->flags & NODE_SCANNED))
		return;
	flights_mind(w, n, b->landed, t->epoch);
}

/* Of a mount point its parent's comparison tells, which knows the file system. */
static void tell_mtime(struct watch *w, const struct scan_task *t, struct node *n)
{
	if (n->mtime_ns == t->ident.mtime_ns || !n->parent || n->flags & NODE_MOUNT)
		return;
	n->mtime_ns = t->ident.mtime_ns;
	node_put(w, n, t->epoch, NULL, 0);
}

/*
 * What the directory says of itself.  If it is seen before its parent's listing, its row learns from this that other
 * callers may reach it: that listing will find it as it is by then.
 */
static void see_itself(struct watch *w, const struct scan_task *t, struct node *n)
{
	bool guarded = n->mode == t->ident.mode && n->uid == t->ident.uid && n->gid == t->ident.gid;

	if (guarded && n->dev == t->ident.dev)
		return;
	enum status st = nodes_set_ident(&w->nodes, n, &t->ident);
	if (st != ST_OK)
		log_warning("%s: %s", node_name(n), status_text(st));
	if (!guarded)
		node_put(w, n, t->epoch, t->fsid, n->flags & NODE_MOUNT ? t->fsid_len : 0);
}

static void begin_task(struct watch *w, const struct batch *b, struct scan_task *t, struct node *n)
{
	t->begun = true;
	mind_flights(w, b, t, n);
	if (t->is_root)
		root_seen(w, n->root, t);
	map_watch(w, t, n);
	tell_mtime(w, t, n);
	if (!t->is_root)
		see_itself(w, t, n);
	install_ignore(w, t, n);
	if (t->next_due)
		due_note(w, t->next_due);
}

static void end_task(struct watch *w, const struct scan_task *t, struct node *n)
{
	if (!t->whole)
		return;
	n->flags |= NODE_SCANNED;
	if (!t->more)
		return;
	bool marked = n->flags & NODE_DIRTY; /* by somebody else meanwhile: from the start, then */
	node_mark(w, n, false, t->epoch);
	if (!marked)
		crawl_resume(w, n, t->after);
}

/* The files that were to be moved here: that they are not at their old names was to be told with the move. */
static void tell_origins(struct watch *w, const struct scan_task *t)
{
	for (size_t i = t->applied; i < t->entry_count; i++) {
		const struct scan_entry *e = &t->entries[i];
		struct node *from =
			e->kind == ENTRY_MOVED ? nodes_by_id(&w->nodes, e->from_task->dir) : NULL;

		if (from)
			hint_add(w, from, e->from,
				&(struct hint_ask){.epoch = e->epoch ? e->epoch : t->epoch});
	}
}

/*
 * The answer is older than one that was applied here already: it could undo what that one found.  Looked at again in
 * the live channel, where batches follow one another.
 */
static void redo(struct watch *w, const struct scan_task *t, struct node *n)
{
	if (t->whole) {
		node_mark(w, n, true, t->epoch);
		n->flags |= t->force ? NODE_FORCE : 0u;
	}
	hint_names(w, n, t, 0);
	tell_origins(w, t);
}

/* There is no node for it any more. */
static void drop_watch(struct watch *w, const struct scan_task *t)
{
	if (t->wd >= 0 && !nodes_by_wd(&w->nodes, t->wd))
		inotify_unwatch(w->inotify, t->wd);
}

/* True when it is through. */
static bool apply_task(struct watch *w, const struct batch *b, struct scan_task *t)
{
	struct node *n = nodes_by_id(&w->nodes, t->dir);
	struct node *detached = n ? node_detached_above(n) : NULL;

	if (!n) {
		drop_watch(w, t);
		tell_origins(w, t);
		return true;
	}
	take_watch(w, t, n);
	if (detached) {
		node_postpone(w, detached, t->epoch);
		for (size_t i = 0; i < t->name_count; i++)
			node_postpone(w, detached, t->names[i].epoch);
		tell_origins(w, t);
		return true;
	}
	if (n->turn > b->turn) {
		redo(w, t, n);
		return true;
	}
	n->turn = b->turn;
	switch (t->outcome) {
	case SCAN_DONE:
		break;
	case SCAN_GONE:
		look_from_above(w, t, n);
		return true;
	case SCAN_FOREIGN:
		root_offline(w, n->root);
		return true;
	case SCAN_UNREADABLE:
		log_warning("%s/%s: %s; what was indexed below it stays", t->root_path, t->path,
			strerror(t->error_no));
		n->flags &= ~(unsigned)NODE_SCANNED; /* it is compared when it can be read again */
		if (!n->parent)
			n->root->unreadable = true;
		return true;
	case SCAN_TROUBLE:
		again_later(w, t, n);
		return true;
	}
	if (!t->begun)
		begin_task(w, b, t, n);
	while (t->applied < t->entry_count) {
		if (!apply_entry(w, b, n, t, &t->entries[t->applied]))
			return false;
		t->applied++;
	}
	end_task(w, t, n);
	return true;
}

bool reconcile_batch(struct watch *w, struct batch *b)
{
	if (!b->detached) {
		b->detached = true;
		first_pass(w, b);
	}
	/* Nothing new is begun while stopping; what was found is found again at the next start. */
	for (; b->at && !w->stopping; b->at = b->at->next)
		if (!apply_task(w, b, b->at))
			return false;
	return true;
}
