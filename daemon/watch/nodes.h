/*
 * nodes: the directories of all roots in memory, as the store has or will have them.  Loop thread only.
 *
 * A node is found by id, by (parent, name), by inode and by watch descriptor.
 * Ids are given here and never used again.  A node whose place has vanished is
 * detached: it is in no parent, but still found by inode, so that a rename is
 * recognised whichever half is seen first.
 */
#ifndef WATCH_NODES_H
#define WATCH_NODES_H

#include "core/buf.h"
#include "core/ident.h"
#include "watch/ignore.h"
#include "watch/slab.h"
#include "watch/slabset.h"

struct epoch;
struct watch_root;

enum node_flag {
	NODE_DIRTY = 1,	      /* to be compared: in the dirty list */
	NODE_DIRTY_LIVE = 2,  /* … in that of the live lane */
	NODE_FORCE = 4,	      /* its files are to be read whatever stat says */
	NODE_DETACHED = 8,
	NODE_MOUNT = 16,      /* on another device than its parent */
	NODE_OFFLINE = 32,    /* its mount is gone: rows stay, nothing is compared */
	NODE_POLLED = 64,     /* no events from it */
	NODE_PUT = 128,	      /* the store has its row, or will have by the changes sent */
	NODE_SCANNED = 256,   /* was compared at least once since the start */
	NODE_SEEN = 512,      /* scratch: found by the comparison being applied */
	NODE_DETACHED_BULK = 1024, /* found missing by the crawl: its new place may be seen later in the crawl */
	NODE_INODE = 2048,    /* found by inode */
	NODE_TRUSTED = 8192,  /* dirty, though events have covered it without a gap */
	NODE_RESUMES = 16384, /* was cut: the next comparison goes on where it ended */
	NODE_PENDING = 4096,  /* detached, and something below it waits to be compared */
};

/* What few nodes have. */
struct node_rare {
	struct ignore *ignore; /* its own .trawlignore; NULL: none */
	struct node *wd_next;  /* others with the same watch descriptor (bind mounts) */
	char *name;	       /* its name, where inner_name was too short; NULL: inner_name */
	unsigned acl_len;
	char *acl; /* its access list, raw; NULL: none, or user mode */
};

/* A tree has many, and most of them rest: the rarer fields are elsewhere, other nodes are named by their places. */
struct node {
	struct slab_item slot;
	unsigned flags; /* enum node_flag */
	int64_t id;
	uint64_t ino;
	int64_t btime_ns, mtime_ns;
	int64_t turn; /* of the newest batch whose answer was applied here */
	struct watch_root *root;
	struct epoch *epoch; /* held while dirty or detached; may be NULL */
	struct node_rare *rare; /* NULL: has none of that */
	uint32_t parent; /* 0: a root's own directory, or detached */
	uint32_t child, next, prev;
	uint32_t dirty_next, dirty_prev;
	unsigned flights; /* of its files, under way */
	unsigned hints;	  /* of its names */
	uint32_t dev;	  /* makedev() of what the kernel has 32 bits for */
	uint32_t uid, gid;
	int wd; /* -1: not watched */
	uint16_t mode;
	uint16_t name_len;
	char inner_name[];
};

struct nodes {
	struct slab slab;
	struct slabset by_id, by_name, by_inode, by_wd;
	int64_t next_id;
};

void nodes_init(struct nodes *t);
void nodes_finish(struct nodes *t); /* destroys every node */

/* A new node, in its place (parent NULL: a root's directory).  `id` 0 gives the next. */
MUST_USE enum status nodes_add(struct nodes *t, struct watch_root *root, struct node *parent,
	int64_t id, const char *name, const struct ident *ident, struct node **out);
struct node *nodes_by_id(const struct nodes *t, int64_t id);
struct node *nodes_child(const struct nodes *t, const struct node *parent, const char *name, size_t len);
/* The node with this inode, attached or not; NULL. */
struct node *nodes_by_inode(const struct nodes *t, const struct ident *ident);
/* The first of those that share the descriptor; NULL. */
struct node *nodes_by_wd(const struct nodes *t, int wd);

void nodes_detach(struct nodes *t, struct node *n);
MUST_USE enum status nodes_attach(struct nodes *t, struct node *n, struct node *parent, const char *name);
/* Frees a node without children. */
void nodes_free(struct nodes *t, struct node *n);
MUST_USE enum status nodes_set_wd(struct nodes *t, struct node *n, int wd); /* -1 takes it out */
/* Its inode is another now (a root made anew, a mount that came back). */
MUST_USE enum status nodes_set_ident(struct nodes *t, struct node *n, const struct ident *ident);

/* Each NULL for none. */
struct node *node_parent(const struct node *n);
struct node *node_child(const struct node *n);
struct node *node_next(const struct node *n);
struct node *node_dirty_next(const struct node *n);
struct node *node_wd_next(const struct node *n);
struct ignore *node_ignore(const struct node *n);

const char *node_name(const struct node *n);
/* The node takes over `set`, NULL for none; not when it fails. */
MUST_USE enum status node_set_ignore(struct node *n, struct ignore *set);
/* Its access list, and whether it is that one; NULL and 0: none, or user mode. */
MUST_USE enum status node_set_acl(struct node *n, const void *acl, size_t len);
bool node_has_acl(const struct node *n, const void *acl, size_t len);
const char *node_acl(const struct node *n, size_t *len);

bool node_is(const struct node *n, const struct ident *ident); /* same inode and birth time */
/* Below its root, without a leading slash; "" for the root's directory. */
void node_path(const struct node *n, struct buf *out);
bool node_is_below(const struct node *n, const struct node *top); /* or top itself */
/* The next node of the subtree of `top` in depth-first order, NULL at the end. */
struct node *node_walk(const struct node *top, struct node *at);

#endif
