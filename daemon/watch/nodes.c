/* nodes: the tree and the four ways to find them; see nodes.h. */
#include "watch/nodes.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/strmap.h"

#include <string.h>

struct name_key {
	uint32_t parent;
	const char *name;
	size_t len;
};

static uint64_t hash_id(const void *item)
{
	return slabset_mix((uint64_t)((const struct node *)item)->id);
}

static uint64_t hash_of_name(uint32_t parent, const char *name, size_t len)
{
	return slabset_mix(parent) ^ strmap_hash(name, len);
}

static uint64_t hash_name(const void *item)
{
	const struct node *n = item;

	return hash_of_name(n->parent, node_name(n), n->name_len);
}

static uint64_t hash_inode(const void *item)
{
	return slabset_mix(((const struct node *)item)->ino);
}

static uint64_t hash_wd(const void *item)
{
	return slabset_mix((uint64_t)((const struct node *)item)->wd);
}

static bool has_id(const void *item, const void *key)
{
	return ((const struct node *)item)->id == *(const int64_t *)key;
}

static bool has_name(const void *item, const void *key)
{
	const struct node *n = item;
	const struct name_key *k = key;

	return n->parent == k->parent && n->name_len == k->len && !memcmp(node_name(n), k->name, k->len);
}

static bool has_inode(const void *item, const void *key)
{
	const struct node *n = item;
	const struct ident *id = key;

	/* One that was loaded has no device until it is compared. */
	return node_is(n, id) && (n->dev == id->dev || !n->dev);
}

static bool has_wd(const void *item, const void *key)
{
	return ((const struct node *)item)->wd == *(const int *)key;
}

void nodes_init(struct nodes *t)
{
	*t = (struct nodes){
		.by_id = {.slab = &t->slab, .hash = hash_id},
		.by_name = {.slab = &t->slab, .hash = hash_name},
		.by_inode = {.slab = &t->slab, .hash = hash_inode},
		.by_wd = {.slab = &t->slab, .hash = hash_wd},
		.next_id = 1,
	};
}

static void free_rare(struct node_rare *rare)
{
	if (!rare)
		return;
	ignore_unref(rare->ignore);
	mem_free(rare->acl);
	mem_free(rare->name);
	mem_free(rare);
}

static void release_node(struct nodes *t, struct node *n)
{
	free_rare(n->rare);
	slab_give(&t->slab, n);
}

void nodes_finish(struct nodes *t)
{
	size_t at = 0;

	for (struct node *n; (n = slabset_next(&t->by_id, &at));)
		free_rare(n->rare);
	slab_finish(&t->slab);
	slabset_finish(&t->by_id);
	slabset_finish(&t->by_name);
	slabset_finish(&t->by_inode);
	slabset_finish(&t->by_wd);
}

/* --- what few have ------------------------------------------------------------------------------ */

/* To be written to; NULL: no memory. */
static struct node_rare *rare_of(struct node *n)
{
	if (!n->rare)
		n->rare = mem_zalloc(sizeof *n->rare);
	return n->rare;
}

struct node *node_wd_next(const struct node *n)
{
	return n->rare ? n->rare->wd_next : NULL;
}

struct ignore *node_ignore(const struct node *n)
{
	return n->rare ? n->rare->ignore : NULL;
}

enum status node_set_ignore(struct node *n, struct ignore *set)
{
	if (!set && !n->rare)
		return ST_OK;
	if (!rare_of(n))
		return ST_NOMEM;
	ignore_unref(n->rare->ignore);
	n->rare->ignore = set;
	return ST_OK;
}

const char *node_name(const struct node *n)
{
	return n->rare && n->rare->name ? n->rare->name : n->inner_name;
}

const char *node_acl(const struct node *n, size_t *len)
{
	*len = n->rare ? n->rare->acl_len : 0;
	return n->rare ? n->rare->acl : NULL;
}

bool node_has_acl(const struct node *n, const void *acl, size_t len)
{
	size_t has;
	const char *own = node_acl(n, &has);

	return has == len && (len == 0 || !memcmp(own, acl, len));
}

enum status node_set_acl(struct node *n, const void *acl, size_t len)
{
	if (node_has_acl(n, acl, len))
		return ST_OK;
	char *copy = len ? mem_dup(acl, len) : NULL;
	if ((len && !copy) || !rare_of(n)) {
		mem_free(copy);
		return ST_NOMEM;
	}
	mem_free(n->rare->acl);
	n->rare->acl = copy;
	n->rare->acl_len = (unsigned)len;
	return ST_OK;
}

bool node_is(const struct node *n, const struct ident *ident)
{
	return n->ino == ident->ino && n->btime_ns == ident->btime_ns;
}

/* --- places ------------------------------------------------------------------------------------- */

struct node *node_parent(const struct node *n)
{
	return slab_near(n, n->parent);
}

struct node *node_child(const struct node *n)
{
	return slab_near(n, n->child);
}

struct node *node_next(const struct node *n)
{
	return slab_near(n, n->next);
}

struct node *node_dirty_next(const struct node *n)
{
	return slab_near(n, n->dirty_next);
}

static void link_child(struct node *parent, struct node *n)
{
	struct node *next = node_child(parent);

	n->parent = slab_place(parent);
	n->prev = 0;
	n->next = parent->child;
	parent->child = slab_place(n);
	if (next)
		next->prev = parent->child;
}

static void unlink_child(struct node *n)
{
	struct node *prev = slab_near(n, n->prev), *next = node_next(n);

	*(prev ? &prev->next : &node_parent(n)->child) = n->next;
	if (next)
		next->prev = n->prev;
	n->parent = n->next = n->prev = 0;
}

/* A bind mount shows one directory in two places: the first keeps the inode's entry. */
static enum status enter_inode(struct nodes *t, struct node *n)
{
	struct ident id = {.ino = n->ino, .btime_ns = n->btime_ns, .dev = n->dev};

	if (!n->ino || nodes_by_inode(t, &id))
		return ST_OK;
	enum status st = slabset_add(&t->by_inode, n);
	if (st == ST_OK)
		n->flags |= NODE_INODE;
	return st;
}

static void leave_inode(struct nodes *t, struct node *n)
{
	if (n->flags & NODE_INODE)
		slabset_remove(&t->by_inode, n);
	n->flags &= ~(unsigned)NODE_INODE;
}

static void copy_ident(struct node *n, const struct ident *id)
{
	n->dev = (uint32_t)id->dev;
	n->ino = id->ino;
	n->btime_ns = id->btime_ns;
	n->mtime_ns = id->mtime_ns;
	n->mode = (uint16_t)id->mode;
	n->uid = id->uid;
	n->gid = id->gid;
}

enum status nodes_add(struct nodes *t, struct watch_root *root, struct node *parent, int64_t id,
	const char *name, const struct ident *ident, struct node **out)
{
	size_t len = strlen(name);
	struct node *n = slab_take(&t->slab, offsetof(struct node, inner_name) + len + 1);
	enum status st;

	if (!n)
		return ST_NOMEM;
	n->id = id ? id : t->next_id++;
	if (n->id >= t->next_id)
		t->next_id = n->id + 1;
	n->root = root;
	n->name_len = (uint16_t)len;
	memcpy(n->inner_name, name, len + 1);
	n->wd = -1;
	copy_ident(n, ident);
	st = slabset_add(&t->by_id, n);
	if (st != ST_OK)
		goto err;
	if (parent) {
		link_child(parent, n);
		st = slabset_add(&t->by_name, n);
		if (st != ST_OK)
			goto err_after_id;
	}
	st = enter_inode(t, n);
	if (st != ST_OK)
		goto err_after_name;
	*out = n;
	return ST_OK;

err_after_name:
	if (parent)
		slabset_remove(&t->by_name, n);
err_after_id:
	if (parent)
		unlink_child(n);
	slabset_remove(&t->by_id, n);
err:
	release_node(t, n);
	return st;
}

struct node *nodes_by_id(const struct nodes *t, int64_t id)
{
	return slabset_find(&t->by_id, slabset_mix((uint64_t)id), has_id, &id);
}

struct node *nodes_child(const struct nodes *t, const struct node *parent, const char *name, size_t len)
{
	struct name_key k = {slab_place(parent), name, len};

	return slabset_find(&t->by_name, hash_of_name(k.parent, name, len), has_name, &k);
}

struct node *nodes_by_inode(const struct nodes *t, const struct ident *ident)
{
	return slabset_find(&t->by_inode, slabset_mix(ident->ino), has_inode, ident);
}

struct node *nodes_by_wd(const struct nodes *t, int wd)
{
	return slabset_find(&t->by_wd, slabset_mix((uint64_t)wd), has_wd, &wd);
}

void nodes_detach(struct nodes *t, struct node *n)
{
	BUG_UNLESS(n->parent && !(n->flags & NODE_DETACHED));
	slabset_remove(&t->by_name, n);
	unlink_child(n);
	n->flags |= NODE_DETACHED;
}

static enum status set_name(struct node *n, const char *name, size_t len)
{
	char *longer = len > n->name_len ? mem_dup(name, len) : NULL;

	if (len <= n->name_len) {
		memcpy(n->rare && n->rare->name ? n->rare->name : n->inner_name, name, len + 1);
	} else if (longer && rare_of(n)) {
		mem_free(n->rare->name);
		n->rare->name = longer;
	} else {
		mem_free(longer);
		return ST_NOMEM;
	}
	n->name_len = (uint16_t)len;
	return ST_OK;
}

enum status nodes_attach(struct nodes *t, struct node *n, struct node *parent, const char *name)
{
	enum status st = set_name(n, name, strlen(name));

	BUG_UNLESS(n->flags & NODE_DETACHED);
	if (st != ST_OK)
		return st;
	link_child(parent, n);
	st = slabset_add(&t->by_name, n);
	if (st != ST_OK) {
		unlink_child(n);
		return st;
	}
	n->flags &= ~(unsigned)(NODE_DETACHED | NODE_DETACHED_BULK | NODE_PENDING);
	return ST_OK;
}

void nodes_free(struct nodes *t, struct node *n)
{
	BUG_UNLESS(!n->child && !(n->flags & NODE_DIRTY) && !n->epoch);
	if (n->parent) {
		slabset_remove(&t->by_name, n);
		unlink_child(n);
	}
	leave_inode(t, n);
	enum status st = nodes_set_wd(t, n, -1);
	BUG_UNLESS(st == ST_OK);
	slabset_remove(&t->by_id, n);
	release_node(t, n);
}

static void leave_wd(struct nodes *t, struct node *n)
{
	struct node *first = nodes_by_wd(t, n->wd), *next = node_wd_next(n);

	if (first == n) {
		slabset_remove(&t->by_wd, n);
		if (next) {
			enum status st = slabset_add(&t->by_wd, next);

			BUG_UNLESS(st == ST_OK); /* there is room: one was just taken out */
		}
	} else {
		while (node_wd_next(first) != n)
			first = node_wd_next(first);
		first->rare->wd_next = next;
	}
	if (next)
		n->rare->wd_next = NULL;
	n->wd = -1;
}

enum status nodes_set_wd(struct nodes *t, struct node *n, int wd)
{
	if (n->wd == wd)
		return ST_OK;
	if (n->wd >= 0)
		leave_wd(t, n);
	if (wd < 0)
		return ST_OK;
	struct node *first = nodes_by_wd(t, wd);
	if (first && (!rare_of(first) || !rare_of(n)))
		return ST_NOMEM;
	n->wd = wd;
	if (first) {
		n->rare->wd_next = first->rare->wd_next;
		first->rare->wd_next = n;
		return ST_OK;
	}
	enum status st = slabset_add(&t->by_wd, n);
	if (st != ST_OK)
		n->wd = -1;
	return st;
}

enum status nodes_set_ident(struct nodes *t, struct node *n, const struct ident *ident)
{
	leave_inode(t, n);
	copy_ident(n, ident);
	return enter_inode(t, n);
}

void node_path(const struct node *n, struct buf *out)
{
	if (!n->parent)
		return;
	node_path(node_parent(n), out);
	if (out->len)
		buf_addc(out, '/');
	buf_add(out, node_name(n), n->name_len);
}

bool node_is_below(const struct node *n, const struct node *top)
{
	while (n && n != top)
		n = node_parent(n);
	return n == top;
}

struct node *node_walk(const struct node *top, struct node *at)
{
	if (at->child)
		return node_child(at);
	while (at != top && !at->next)
		at = node_parent(at);
	return at == top ? NULL : node_next(at);
}
