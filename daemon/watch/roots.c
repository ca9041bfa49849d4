/*
 * roots: the trees that the configuration names: loaded, begun, lost, found again, left.
 *
 *   named ──put──► begun ──► live ◄──► offline (absent, or another file system)
 *                              └──► leaving (no longer configured): its rows go
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "store/tree.h"
#include "watch/internal.h"

#include <stdio.h>
#include <string.h>

void root_free(struct watch *w, struct watch_root *r)
{
	struct watch_root **at = &w->roots;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	place_flush_limbo(w, true); /* what is detached from this root goes with it */
	if (r->node)
		place_remove(w, r->node);
	ignore_unref(r->ignore);
	above_destroy(r->above);
	mem_free(r->name);
	mem_free(r->path);
	mem_free(r);
}

static struct watch_root *root_by_path(struct watch *w, const char *path)
{
	for (struct watch_root *r = w->roots; r; r = r->next)
		if (!strcmp(r->path, path))
			return r;
	return NULL;
}

static struct watch_root *root_by_id(struct watch *w, int64_t id)
{
	for (struct watch_root *r = w->roots; r; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

struct watch_root *root_of_path(struct watch *w, const char *path)
{
	for (struct watch_root *r = w->roots; r; r = r->next)
		if (path_is_below(path, r->path))
			return r;
	return NULL;
}

/* --- from the configuration --------------------------------------------------------------------- */

static enum status take_settings(struct watch_root *r, const struct config_root *c)
{
	char source[300];
	struct ignore *set;
	char *name = mem_strdup(c->name);

	snprintf(source, sizeof source, "[root %s] ignore", c->name);
	if (!name || ignore_from_list(&c->ignore, source, &set) != ST_OK) {
		mem_free(name);
		return ST_NOMEM;
	}
	mem_free(r->name);
	r->name = name;
	ignore_unref(r->ignore);
	r->ignore = set;
	r->hidden = c->hidden;
	r->one_filesystem = c->one_filesystem;
	r->poll_ms = c->poll_ms;
	r->leaving = false;
	return ST_OK;
}

static enum status add_root(struct watch *w, const char *path, struct watch_root **out)
{
	struct watch_root *r = mem_zalloc(sizeof *r), **end = &w->roots;

	if (!r || !(r->path = mem_strdup(path))) {
		mem_free(r);
		return ST_NOMEM;
	}
	r->watch = w;
	while (*end)
		end = &(*end)->next;
	*end = r;
	*out = r;
	return ST_OK;
}

enum status roots_from_config(struct watch *w)
{
	enum status st = ST_OK;

	for (struct watch_root *r = w->roots; r; r = r->next)
		r->leaving = true;
	for (size_t i = 0; i < w->config->root_count && st == ST_OK; i++) {
		const struct config_root *c = &w->config->roots[i];
		struct watch_root *r = root_by_path(w, c->path);

		if (!r)
			st = add_root(w, c->path, &r);
		if (st == ST_OK)
			st = take_settings(r, c);
	}
	return st;
}

/* --- from the store ------------------------------------------------------------------------------- */

static bool load_root(void *arg, const struct root_row *row)
{
	struct watch *w = arg;
	struct watch_root *r = root_by_path(w, row->path);

	if (!r) {
		if (add_root(w, row->path, &r) != ST_OK)
			return false;
		r->leaving = true;
	}
	r->id = row->id;
	r->offline = row->offline;
	r->indexed = row->fsid_len > 0;
	r->fsid_len = row->fsid_len < (int)sizeof r->fsid ? row->fsid_len : (int)sizeof r->fsid;
	memcpy(r->fsid, row->fsid, (size_t)r->fsid_len);
	return true;
}

static bool load_dir(void *arg, const struct dir_row *row)
{
	struct watch *w = arg;
	struct watch_root *r = root_by_id(w, row->root);
	struct node *parent = row->parent ? nodes_by_id(&w->nodes, row->parent) : NULL;
	struct ident ident = row->ident;
	struct node *n;

	if (row->id >= w->nodes.next_id)
		w->nodes.next_id = row->id + 1;
	/* What was left detached by a death is swept by the writer; what has no root leaves with it. */
	if (!r || r->leaving || (!parent && (row->parent || *row->name || r->node)))
		return true;
	ident.dev = 0;
	if (nodes_add(&w->nodes, r, parent, row->id, row->name, &ident, &n) != ST_OK ||
		node_set_acl(n, row->acl, (size_t)row->acl_len) != ST_OK)
		return false;
	n->flags |= NODE_PUT | (row->fsid_len ? NODE_MOUNT : 0u) | (row->offline ? NODE_OFFLINE : 0u);
	if (!parent)
		r->node = n;
	return true;
}

enum status roots_load(struct watch *w)
{
	struct db *db = reader_pool_take(w->readers);
	enum status st = db ? db_begin(db) : ST_IO;

	if (st == ST_OK) {
		st = tree_each_root(db, load_root, w);
		if (st == ST_OK)
			st = tree_each_dir(db, load_dir, w);
		db_rollback(db);
	}
	reader_pool_give(w->readers, db, st != ST_OK);
	return st;
}

/* --- beginning and leaving --------------------------------------------------------------------------- */

static void send_put(struct watch *w, struct watch_root *r)
{
	struct tree_change *c = change_create(w, TREE_ROOT_PUT, w->epochs.current);

	if (!c)
		return;
	c->name = mem_strdup(r->path);
	c->new_name = mem_strdup(r->name);
	if (c->name && c->new_name) {
		change_send(w, c);
		return;
	}
	epoch_let(&w->epochs, c->owner);
	tree_change_destroy(c);
}

static void leave(struct watch *w, struct watch_root *r)
{
	struct tree_change *c = r->id ? change_create(w, TREE_ROOT_DELETE, w->epochs.current) : NULL;

	log_notice("root %s: no longer configured, its documents leave the index", r->path);
	if (c) {
		c->root = r->id;
		change_send(w, c);
	}
	root_free(w, r);
}

void roots_start(struct watch *w, struct watch_root *r)
{
	if (r->leaving)
		leave(w, r);
	else
		send_put(w, r);
}

static enum status make_node(struct watch *w, struct watch_root *r)
{
	struct ident none = {0};

	return r->node ? ST_OK : nodes_add(&w->nodes, r, NULL, 0, "", &none, &r->node);
}

void roots_put_done(struct watch *w, struct tree_change *c)
{
	struct watch_root *r = c->name ? root_by_path(w, c->name) : NULL;

	if (!r)
		return;
	if (!c->root) { /* it was not written */
		send_put(w, r);
		return;
	}
	r->id = c->root;
	if (make_node(w, r) != ST_OK) {
		log_error("root %s: %s", r->path, status_text(ST_NOMEM));
		return;
	}
	node_mark_below(w, r->node, 0, c->owner);
}

/* --- lost and found -------------------------------------------------------------------------------------- */

static void send_state(struct watch *w, struct watch_root *r, struct epoch *epoch)
{
	struct tree_change *c = change_create(w, TREE_ROOT_STATE, epoch);

	if (!c)
		return;
	c->root = r->id;
	c->offline = r->offline;
	c->fsid_len = r->fsid_len;
	memcpy(c->fsid, r->fsid, (size_t)r->fsid_len);
	change_send(w, c);
}

void root_offline(struct watch *w, struct watch_root *r)
{
	bool known = r->offline;

	r->offline = true;
	for (struct node *n = r->node; n; n = node_walk(r->node, n))
		node_unmark(w, n);
	hints_take_below(w, r->node, NULL);
	if (known)
		return;
	log_warning("root %s: %s", r->path,
		r->indexed ? "absent, or another file system; what was indexed stays, marked offline"
			   : "absent");
	/* Whoever waited for anything below it waits for this. */
	if (r->indexed)
		send_state(w, r, w->epochs.oldest);
}

static bool is_same_row(const struct node *n, const struct scan_task *t)
{
	const struct ident *id = &t->ident;

	return (n->flags & NODE_PUT) && node_is(n, id) && n->mode == id->mode && n->uid == id->uid &&
	       n->gid == id->gid && (!t->above || node_has_acl(n, t->acl.data, t->acl.len));
}

void root_seen(struct watch *w, struct watch_root *r, struct scan_task *t)
{
	struct node *n = r->node;
	bool same = is_same_row(n, t);
	bool news = r->offline || !r->indexed || r->fsid_len != t->fsid_len ||
		    memcmp(r->fsid, t->fsid, (size_t)t->fsid_len) != 0;
	bool back = r->offline;

	if (n->ino && !node_is(n, &t->ident)) {
		/* Another directory in its place: the watch is on the old one.  Once more, with one of its own. */
		node_unwatch(w, n);
		node_mark(w, n, true, t->epoch);
	}
	if (nodes_set_ident(&w->nodes, n, &t->ident) != ST_OK ||
		(t->above && node_set_acl(n, t->acl.data, t->acl.len) != ST_OK))
		log_warning("root %s: %s", r->path, status_text(ST_NOMEM));
	r->offline = r->unreadable = false;
	r->indexed = true;
	r->fsid_len = t->fsid_len;
	memcpy(r->fsid, t->fsid, sizeof r->fsid);
	if (!same)
		node_put(w, n, t->epoch, NULL, 0);
	if (news)
		send_state(w, r, t->epoch);
	above_seen(w, r, &t->above, t->epoch);
	if (!back)
		return;
	log_notice("root %s: there again", r->path);
	for (struct node *x = node_walk(n, n); x; x = node_walk(n, x))
		node_mark(w, x, false, t->epoch);
}

void roots_retry(struct watch *w)
{
	for (struct watch_root *r = w->roots; r; r = r->next)
		if (r->node && (r->offline || r->unreadable))
			node_mark(w, r->node, true, NULL);
}

/* Directories without events are compared at their interval; nobody waits for that. */
void roots_poll(struct watch *w)
{
	int64_t now = now_mono_ms();

	for (struct watch_root *r = w->roots; r; r = r->next) {
		int64_t every = r->poll_ms ? r->poll_ms : POLL_DEFAULT_MS;

		if (!r->polled || r->offline || now - r->polled_at_ms < every)
			continue;
		r->polled_at_ms = now;
		for (struct node *n = r->node; n; n = node_walk(r->node, n))
			if (n->flags & NODE_POLLED)
				node_mark(w, n, false, NULL);
	}
}
