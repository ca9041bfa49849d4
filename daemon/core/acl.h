/*
 * acl: POSIX access lists, as the kernel keeps them in the attribute system.posix_acl_access: read, checked, evaluated.
 *
 * The bytes are stored as they are; nothing of them is believed before it is checked.  Pure but for acl_read_*, which
 * ask the file system and never run on the loop.
 */
#ifndef CORE_ACL_H
#define CORE_ACL_H

#include "core/buf.h"
#include "core/caller.h"

#include <stddef.h>
#include <stdint.h>

/* What is asked for, as in the lowest three bits of a mode. */
enum { MAY_SEARCH = 1, MAY_READ = 4 };

/*
 * Stands for a list that could not be read, or was not looked at yet: no list at all, so that it is refused as any
 * other that makes no sense.
 */
#define ACL_UNKNOWN "?"
#define ACL_UNKNOWN_LEN 1

/*
 * Whether the list gives `want` to a caller who is not the owner.  As posix_acl_permission() of the kernel: named
 * users, then the owning group `gid` and the named groups (any of them that gives it all), each under the mask, then
 * the others.  A malformed list gives nothing.
 */
bool acl_permits(const void *acl, size_t len, const struct caller *c, uint32_t gid, unsigned want);
/* Whether it is a list at all: version, order and number of its entries as the kernel demands them. */
bool acl_is_valid(const void *acl, size_t len);

/*
 * Replaces *acl by the list of an open file (O_PATH will do), or of `name` below an open directory without following a link; empty if
 * there is none, or the file system has none.  What cannot be read becomes ACL_UNKNOWN.  ST_NOMEM.
 */
MUST_USE enum status acl_read_fd(int fd, struct buf *acl);
MUST_USE enum status acl_read_at(int dir_fd, const char *name, struct buf *acl);

#endif
