/*
 * place: where directories are: put into the tree, taken out of it, moved, offline; and the rows that say so.
 *
 * A directory that is not in its place any more is detached and waits in limbo; what
 * is found in a new place is looked for there by its inode first.  So renames and
 * swaps are row updates whichever half comes first.
 */
#include "core/log.h"
#include "core/mem.h"
#include "watch/internal.h"

#include <string.h>

enum { TROUBLE_PAUSE_MS = 1000, MOVE_ROUNDS = 2 };

/* --- tree changes ------------------------------------------------------------------------------- */

struct tree_change *change_create(struct watch *w, enum tree_change_kind kind, struct epoch *epoch)
{
	struct tree_change *c = mem_zalloc(sizeof *c);

	if (!c) {
		log_error("tree change: %s", status_text(ST_NOMEM));
		return NULL;
	}
	c->kind = kind;
	c->owner = epoch_hold(&w->epochs, epoch);
	return c;
}

/* A scan of the first crawl is in no hurry; whatever follows from an event is. */
void change_send(struct watch *w, struct tree_change *c)
{
	c->urgent = !w->crawling;
	w->tree_changes++;
	pipeline_tree(w->pipeline, &c);
}

void change_drop(struct watch *w, struct tree_change *c)
{
	epoch_let(&w->epochs, c->owner);
	tree_change_destroy(c);
}

/* Names are copied; false: no memory, the change is dropped and the directory compared again later. */
bool change_send_named(struct watch *w, struct tree_change *c, const char *name, const char *new_name)
{
	if (!c)
		return false;
	c->name = mem_strdup(name);
	c->new_name = new_name ? mem_strdup(new_name) : NULL;
	if (c->name && (c->new_name || !new_name)) {
		change_send(w, c);
		return true;
	}
	change_drop(w, c);
	return false;
}

static struct ident ident_of(const struct node *n)
{
	return (struct ident){
		.dev = n->dev,
		.ino = n->ino,
		.btime_ns = n->btime_ns,
		.mtime_ns = n->mtime_ns,
		.mode = n->mode,
		.uid = n->uid,
		.gid = n->gid,
	};
}

void node_put(
	struct watch *w, struct node *n, struct epoch *epoch, const unsigned char *fsid, int fsid_len)
{
	struct tree_change *c = change_create(w, TREE_DIR_PUT, epoch);
	size_t acl_len;
	const char *acl = node_acl(n, &acl_len);

	if (!c)
		return;
	c->root = n->root->id;
	c->dir = n->id;
	c->parent = n->parent ? node_parent(n)->id : 0;
	c->ident = ident_of(n);
	c->offline = n->flags & NODE_OFFLINE;
	buf_add(&c->acl, acl ? acl : "", acl_len);
	if (c->acl.failed) {
		change_drop(w, c);
		return;
	}
	c->fsid_len = fsid_len;
	if (fsid_len)
		memcpy(c->fsid, fsid, (size_t)fsid_len);
	if (change_send_named(w, c, node_name(n), NULL))
		n->flags |= NODE_PUT;
}

void node_set_polled(struct node *n, bool polled)
{
	if (polled == !!(n->flags & NODE_POLLED))
		return;
	n->flags ^= NODE_POLLED;
	n->root->polled += polled ? 1 : -1;
}

/* --- limbo ----------------------------------------------------------------------------------------- */

static void postpone_hint(struct watch *w, struct node *top, const struct hint *h)
{
	h->node->flags |= h->force ? NODE_FORCE : 0u;
	node_postpone(w, top, h->epoch);
}

/* What waits to be compared below it can only be so in its next place. */
static void postpone_below(struct watch *w, struct node *top)
{
	for (struct node *n = top; n; n = node_walk(top, n)) {
		if (!(n->flags & NODE_DIRTY))
			continue;
		struct epoch *e = epoch_hold(&w->epochs, n->epoch);
		node_unmark(w, n);
		node_postpone(w, top, e);
		epoch_let(&w->epochs, e);
	}
	hints_take_below(w, top, postpone_hint);
}

static void enter_limbo(struct watch *w, struct node *n)
{
	n->dirty_next = slab_place(w->limbo);
	w->limbo = n;
}

static void leave_limbo(struct watch *w, struct node *n)
{
	struct node *before = NULL;

	for (struct node *x = w->limbo; x != n; x = node_dirty_next(x))
		before = x;
	if (before)
		before->dirty_next = n->dirty_next;
	else
		w->limbo = node_dirty_next(n);
	n->dirty_next = 0;
}

static void detach(struct watch *w, struct node *n, bool bulk, struct epoch *epoch)
{
	node_unmark(w, n);
	postpone_below(w, n);
	nodes_detach(&w->nodes, n);
	n->epoch = epoch_older(&w->epochs, n->epoch, epoch_hold(&w->epochs, epoch));
	n->flags |= bulk ? NODE_DETACHED_BULK : 0u;
	enter_limbo(w, n);
	struct tree_change *c = change_create(w, TREE_DIR_DETACH, epoch);
	if (!c)
		return;
	c->dir = n->id;
	change_send(w, c);
}

void node_unwatch(struct watch *w, struct node *n)
{
	int wd = n->wd;

	if (wd < 0)
		return;
	enum status st = nodes_set_wd(&w->nodes, n, -1);
	BUG_UNLESS(st == ST_OK);
	if (nodes_by_wd(&w->nodes, wd))
		return; /* a bind mount's other place still has it */
	inotify_unwatch(w->inotify, wd);
	w->watch_count--;
	w->watches_exhausted = false;
}

void place_remove(struct watch *w, struct node *top)
{
	struct node *n = top;

	hints_take_below(w, top, NULL);
	/* Children first: down to a leaf, up by one, down again. */
	for (;;) {
		while (n->child)
			n = node_child(n);
		struct node *parent = n == top ? NULL : node_parent(n);
		node_unmark(w, n);
		node_unwatch(w, n);
		node_set_polled(n, false);
		if (n == top) {
			epoch_let(&w->epochs, n->epoch);
			n->epoch = NULL;
		}
		nodes_free(&w->nodes, n);
		if (!parent)
			return;
		n = parent;
	}
}

void place_flush_limbo(struct watch *w, bool bulk)
{
	struct node *kept = NULL;

	for (struct node *n = w->limbo, *next; n; n = next) {
		next = node_dirty_next(n);
		if ((n->flags & NODE_DETACHED_BULK) && !bulk) {
			kept = n;
			continue;
		}
		if (kept)
			kept->dirty_next = n->dirty_next;
		else
			w->limbo = next;
		n->dirty_next = 0;
		struct tree_change *c = change_create(w, TREE_DIR_DELETE, n->epoch);
		if (c) {
			c->dir = n->id;
			change_send(w, c);
		}
		place_remove(w, n);
	}
}

/* --- directories ------------------------------------------------------------------------------------- */

static bool has_scopes(const struct node *n)
{
	for (; n; n = node_parent(n))
		if (node_ignore(n) || (!n->parent && !ignore_is_empty(n->root->ignore)))
			return true;
	return false;
}

/* A node that was detached has been found in a new place. */
static void adopt(struct watch *w, struct node *n, struct node *parent, const struct scan_entry *e,
	struct epoch *epoch)
{
	struct epoch *held = n->epoch;
	bool pending = n->flags & NODE_PENDING;

	leave_limbo(w, n);
	n->epoch = NULL;
	if (nodes_attach(&w->nodes, n, parent, e->name) != ST_OK) {
		n->epoch = held;
		enter_limbo(w, n);
		return;
	}
	for (struct node *x = n; x && n->root != parent->root; x = node_walk(n, x)) {
		if (x == n)
			continue;
		bool polled = x->flags & NODE_POLLED;
		node_set_polled(x, false);
		x->root = parent->root;
		node_set_polled(x, polled);
	}
	bool polled = n->flags & NODE_POLLED;
	node_set_polled(n, false);
	n->root = parent->root;
	node_set_polled(n, polled);
	struct tree_change *c = change_create(w, TREE_DIR_MOVE, epoch);
	if (c) {
		c->dir = n->id;
		c->root = parent->root->id;
		c->parent = parent->id;
		change_send_named(w, c, e->name, NULL);
	}
	/* Its watches came along: what is below is looked at without hurry, unless something waits to be seen. */
	pending |= has_scopes(n);
	node_mark_below(w, n, pending ? 0 : NODE_TRUSTED, pending ? held : NULL);
	/* What is missing elsewhere may be found below it. */
	for (struct node *x = w->limbo; pending && x; x = node_dirty_next(x))
		x->flags |= NODE_DETACHED_BULK;
	epoch_let(&w->epochs, held);
}

static void go_offline(struct watch *w, struct node *n, struct epoch *epoch)
{
	n->flags |= NODE_OFFLINE;
	for (struct node *x = n; x; x = node_walk(n, x))
		node_unmark(w, x);
	hints_take_below(w, n, NULL);
	node_put(w, n, epoch, NULL, 0);
	log_warning("%s: the file system mounted at %s is gone; its documents stay as they are",
		n->root->path, node_name(n));
}

/* Without memory it keeps the old one, and is compared again. */
static void take_acl(struct node *n, const struct scan_entry *e)
{
	if (e->acl_known && node_set_acl(n, e->acl.data, e->acl.len) != ST_OK)
		log_warning("%s: %s", node_name(n), status_text(ST_NOMEM));
}

static void update_child(
	struct watch *w, const struct scan_task *t, struct node *n, const struct scan_entry *e, bool live)
{
	struct epoch *epoch = e->epoch ? e->epoch : t->epoch;
	bool changed = n->mode != e->ident.mode || n->uid != e->ident.uid || n->gid != e->ident.gid ||
		       (e->acl_known && !node_has_acl(n, e->acl.data, e->acl.len));
	bool back = n->flags & NODE_OFFLINE, touched = n->mtime_ns != e->ident.mtime_ns;

	if (changed || touched || n->dev != e->ident.dev) {
		enum status st = nodes_set_ident(&w->nodes, n, &e->ident);
		if (st != ST_OK)
			log_warning("%s: %s", node_name(n), status_text(st));
	}
	take_acl(n, e);
	n->flags &= ~(unsigned)(NODE_MOUNT | NODE_OFFLINE);
	n->flags |= e->fsid_len ? NODE_MOUNT : 0u;
	if (changed || touched || back || !(n->flags & NODE_PUT))
		node_put(w, n, epoch, e->fsid, e->fsid_len);
	if (back)
		node_mark_below(w, n, 0, epoch);
	else if (!(n->flags & (NODE_SCANNED | NODE_DIRTY)) && (changed || !t->whole))
		node_mark(w, n, live, epoch);
}

void place_dir(
	struct watch *w, const struct scan_task *t, struct node *parent, const struct scan_entry *e, bool live)
{
	struct epoch *epoch = e->epoch ? e->epoch : t->epoch;
	struct node *n = nodes_child(&w->nodes, parent, e->name, strlen(e->name));
	struct hint_ask again = {.epoch = epoch, .rounds = e->rounds + 1};

	if (n) {
		if (node_is(n, &e->ident))
			update_child(w, t, n, e, live);
		return;
	}
	struct node *other = nodes_by_inode(&w->nodes, &e->ident);
	if (other && other->flags & NODE_DETACHED) {
		adopt(w, other, parent, e, epoch);
		return;
	}
	/* Known in another place: moved here if that place is empty now, shown twice by a bind mount if not. */
	if (other && other->parent && !node_detached_above(other) && e->rounds < MOVE_ROUNDS) {
		hint_add(w, node_parent(other), node_name(other), &(struct hint_ask){.epoch = epoch});
		hint_add(w, parent, e->name, &again);
		return;
	}
	if (nodes_add(&w->nodes, parent->root, parent, 0, e->name, &e->ident, &n) != ST_OK) {
		again.delay_ms = TROUBLE_PAUSE_MS;
		hint_add(w, parent, e->name, &again);
		return;
	}
	take_acl(n, e);
	n->flags |= e->fsid_len ? NODE_MOUNT : 0u;
	node_put(w, n, epoch, e->fsid, e->fsid_len);
	node_mark(w, n, live, epoch);
}

void place_vacate(struct watch *w, const struct scan_task *t, struct node *n,
	const struct scan_entry *e, bool bulk)
{
	struct epoch *epoch = e && e->epoch ? e->epoch : t->epoch;
	bool unmounted = (n->flags & NODE_MOUNT) && e && e->kind == ENTRY_DIR && !e->fsid_len;

	if (n->flags & NODE_OFFLINE)
		return;
	if (unmounted)
		go_offline(w, n, epoch);
	else
		detach(w, n, bulk, epoch);
}
