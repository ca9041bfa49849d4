/*
 * guard: what stands before one file or directory (mode, owner, access list), and whether a caller gets past it.
 *
 * Guards of all directories from `/` down to a file, in one run of bytes, are a *chain*: it says who could open the file
 * without a look at any row.  Equal chains are equal bytes.  Capabilities of the caller are not considered, but root's
 * uid gets past everything.
 */
#ifndef CORE_GUARD_H
#define CORE_GUARD_H

#include "core/acl.h"

struct guard {
	uint32_t mode, uid, gid;
	const void *acl; /* system.posix_acl_access, raw */
	size_t acl_len;	 /* 0: none */
};

/* As the kernel's acl_permission_check(): the owner by the mode alone, the others by the list if there is one. */
bool guard_permits(const struct guard *g, const struct caller *c, unsigned want);

/* Puts the guard behind those above it, or in front of those below it. */
void chain_add(struct buf *chain, const struct guard *g);
void chain_add_above(struct buf *chain, const struct guard *g);
/* The guard of a place that nobody gets past but root. */
extern const struct guard guard_closed;
/* Whether the caller may search every directory of the chain.  An empty chain lets through; a malformed one does not. */
bool chain_is_open(const void *chain, size_t len, const struct caller *c);
/* The same but for the last guard, which must give any of the bits of `last`. */
bool chain_permits(const void *chain, size_t len, const struct caller *c, unsigned last);

#endif
