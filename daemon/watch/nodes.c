/* nodes: the tree and the four ways to find them; see nodes.h. */
#include "watch/nodes.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/strmap.h"

#include <string.h>

struct name_key {
	const struct node *parent;
	const char *name;
	size_t len;
};

static uint64_t hash_id(const void *item)
{
	return ptrset_mix((uint64_t)((const struct node *)item)->id);
}

static uint64_t hash_of_name(const struct node *parent, const char *name, size_t len)
{
	return ptrset_mix((uint64_t)parent->id) ^ strmap_hash(name, len);
}

static uint64_t hash_name(const void *item)
{
	const struct node *n = item;

	return hash_of_name(n->parent, n->name, n->name_len);
}

static uint64_t hash_inode(const void *item)
{
	return ptrset_mix(((const struct node *)item)->ino);
}

static uint64_t hash_wd(const void *item)
{
	return ptrset_mix((uint64_t)((const struct node *)item)->wd);
}

static bool has_id(const void *item, const void *key)
{
	return ((const struct node *)item)->id == *(const int64_t *)key;
}

static bool has_name(const void *item, const void *key)
{
	const struct node *n = item;
	const struct name_key *k = key;

	return n->parent == k->parent && n->name_len == k->len && !memcmp(n->name, k->name, k->len);
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
		.by_id.hash = hash_id,
		.by_name.hash = hash_name,
		.by_inode.hash = hash_inode,
		.by_wd.hash = hash_wd,
		.next_id = 1,
	};
}

/* But for the node itself. */
static void empty_node(struct node *n)
{
	ignore_unref(n->ignore);
	mem_free(n->acl);
	if (n->name != n->inner_name)
		mem_free(n->name);
}

static void release_node(struct nodes *t, struct node *n)
{
	empty_node(n);
	slab_give(&t->slab, n);
}

void nodes_finish(struct nodes *t)
{
	size_t at = 0;

	for (struct node *n; (n = ptrset_next(&t->by_id, &at));)
		empty_node(n);
	slab_finish(&t->slab);
	ptrset_finish(&t->by_id);
	ptrset_finish(&t->by_name);
	ptrset_finish(&t->by_inode);
	ptrset_finish(&t->by_wd);
}

bool node_has_acl(const struct node *n, const void *acl, size_t len)
{
	return n->acl_len == len && (len == 0 || !memcmp(n->acl, acl, len));
}

enum status node_set_acl(struct node *n, const void *acl, size_t len)
{
	char *copy = len ? mem_dup(acl, len) : NULL;

	if (node_has_acl(n, acl, len) || (len && !copy)) {
		mem_free(copy);
		return node_has_acl(n, acl, len) ? ST_OK : ST_NOMEM;
	}
	mem_free(n->acl);
	n->acl = copy;
	n->acl_len = (unsigned)len;
	return ST_OK;
}

bool node_is(const struct node *n, const struct ident *ident)
{
	return n->ino == ident->ino && n->btime_ns == ident->btime_ns;
}

static void link_child(struct node *parent, struct node *n)
{
	n->parent = parent;
	n->prev = NULL;
	n->next = parent->child;
	if (n->next)
		n->next->prev = n;
	parent->child = n;
}

static void unlink_child(struct node *n)
{
	if (n->prev)
		n->prev->next = n->next;
	else
		n->parent->child = n->next;
	if (n->next)
		n->next->prev = n->prev;
	n->parent = n->next = n->prev = NULL;
}

/* A bind mount shows one directory in two places: the first keeps the inode's entry. */
static enum status enter_inode(struct nodes *t, struct node *n)
{
	struct ident id = {.ino = n->ino, .btime_ns = n->btime_ns, .dev = n->dev};

	if (!n->ino || nodes_by_inode(t, &id))
		return ST_OK;
	enum status st = ptrset_add(&t->by_inode, n);
	if (st == ST_OK)
		n->flags |= NODE_INODE;
	return st;
}

static void leave_inode(struct nodes *t, struct node *n)
{
	if (n->flags & NODE_INODE)
		ptrset_remove(&t->by_inode, n);
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
	n->name = n->inner_name;
	n->name_len = (uint8_t)len;
	memcpy(n->name, name, len + 1);
	n->wd = -1;
	copy_ident(n, ident);
	st = ptrset_add(&t->by_id, n);
	if (st != ST_OK)
		goto err;
	if (parent) {
		link_child(parent, n);
		st = ptrset_add(&t->by_name, n);
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
		ptrset_remove(&t->by_name, n);
err_after_id:
	if (parent)
		unlink_child(n);
	ptrset_remove(&t->by_id, n);
err:
	release_node(t, n);
	return st;
}

struct node *nodes_by_id(const struct nodes *t, int64_t id)
{
	return ptrset_find(&t->by_id, ptrset_mix((uint64_t)id), has_id, &id);
}

struct node *nodes_child(const struct nodes *t, const struct node *parent, const char *name, size_t len)
{
	struct name_key k = {parent, name, len};

	return ptrset_find(&t->by_name, hash_of_name(parent, name, len), has_name, &k);
}

struct node *nodes_by_inode(const struct nodes *t, const struct ident *ident)
{
	return ptrset_find(&t->by_inode, ptrset_mix(ident->ino), has_inode, ident);
}

struct node *nodes_by_wd(const struct nodes *t, int wd)
{
	return ptrset_find(&t->by_wd, ptrset_mix((uint64_t)wd), has_wd, &wd);
}

void nodes_detach(struct nodes *t, struct node *n)
{
	BUG_UNLESS(n->parent && !(n->flags & NODE_DETACHED));
	ptrset_remove(&t->by_name, n);
	unlink_child(n);
	n->flags |= NODE_DETACHED;
}

enum status nodes_attach(struct nodes *t, struct node *n, struct node *parent, const char *name)
{
	size_t len = strlen(name);

	BUG_UNLESS(n->flags & NODE_DETACHED);
	if (len > n->name_len) {
		char *longer = mem_dup(name, len);

		if (!longer)
			return ST_NOMEM;
		if (n->name != n->inner_name)
			mem_free(n->name);
		n->name = longer;
	} else {
		memcpy(n->name, name, len + 1);
	}
	n->name_len = (uint8_t)len;
	link_child(parent, n);
	enum status st = ptrset_add(&t->by_name, n);
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
		ptrset_remove(&t->by_name, n);
		unlink_child(n);
	}
	leave_inode(t, n);
	enum status st = nodes_set_wd(t, n, -1);
	BUG_UNLESS(st == ST_OK);
	ptrset_remove(&t->by_id, n);
	release_node(t, n);
}

enum status nodes_set_wd(struct nodes *t, struct node *n, int wd)
{
	struct node *first;

	if (n->wd == wd)
		return ST_OK;
	if (n->wd >= 0) {
		first = nodes_by_wd(t, n->wd);
		if (first == n) {
			ptrset_remove(&t->by_wd, n);
			if (n->wd_next) {
				enum status st = ptrset_add(&t->by_wd, n->wd_next);

				BUG_UNLESS(st == ST_OK); /* there is room: one was just taken out */
			}
		} else {
			while (first->wd_next != n)
				first = first->wd_next;
			first->wd_next = n->wd_next;
		}
		n->wd_next = NULL;
		n->wd = -1;
	}
	if (wd < 0)
		return ST_OK;
	first = nodes_by_wd(t, wd);
	n->wd = wd;
	if (first) {
		n->wd_next = first->wd_next;
		first->wd_next = n;
		return ST_OK;
	}
	enum status st = ptrset_add(&t->by_wd, n);
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
	node_path(n->parent, out);
	if (out->len)
		buf_addc(out, '/');
	buf_add(out, n->name, n->name_len);
}

bool node_is_below(const struct node *n, const struct node *top)
{
	while (n && n != top)
		n = n->parent;
	return n == top;
}

struct node *node_walk(const struct node *top, struct node *at)
{
	if (at->child)
		return at->child;
	while (at != top && !at->next)
		at = at->parent;
	return at == top ? NULL : at->next;
}
