/* acl: lists of the kernel's own form; see acl.h and linux/posix_acl_xattr.h. */
#include "core/acl.h"

#include <errno.h>
#include <stdio.h>
#include <sys/xattr.h>

#define ACL_NAME "system.posix_acl_access"

enum { ACL_VERSION = 2, HEAD_BYTES = 4, ENTRY_BYTES = 8, FIRST_ROOM = 256, ACL_BYTES_MAX = 64 << 10 };

/* e_tag, and with it the order in which the kernel keeps them. */
enum tag {
	TAG_OWNER = 0x01,
	TAG_USER = 0x02,
	TAG_OWNING_GROUP = 0x04,
	TAG_GROUP = 0x08,
	TAG_MASK = 0x10,
	TAG_OTHER = 0x20
};

struct entry {
	unsigned tag, perm;
	uint32_t id;
};

static uint32_t little_endian(const unsigned char *at, int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static size_t entry_count(size_t len)
{
	return (len - HEAD_BYTES) / ENTRY_BYTES;
}

static struct entry entry_at(const void *acl, size_t i)
{
	const unsigned char *at = (const unsigned char *)acl + HEAD_BYTES + i * ENTRY_BYTES;

	return (struct entry){
		.tag = little_endian(at, 2),
		.perm = little_endian(at + 2, 2),
		.id = little_endian(at + 4, 4),
	};
}

/* Whether an entry may follow one with the tag `before` (0: it is the first). */
static bool may_follow(unsigned before, unsigned tag)
{
	switch (tag) {
	case TAG_OWNER:
		return before == 0;
	case TAG_USER:
	case TAG_OWNING_GROUP:
		return before == TAG_OWNER || before == TAG_USER;
	case TAG_GROUP:
	case TAG_MASK:
		return before == TAG_OWNING_GROUP || before == TAG_GROUP;
	case TAG_OTHER:
		return before == TAG_OWNING_GROUP || before == TAG_GROUP || before == TAG_MASK;
	default:
		return false;
	}
}

bool acl_is_valid(const void *acl, size_t len)
{
	bool named = false, masked = false;
	unsigned before = 0;

	if (len < HEAD_BYTES || len > ACL_BYTES_MAX || (len - HEAD_BYTES) % ENTRY_BYTES ||
		little_endian(acl, 4) != ACL_VERSION)
		return false;
	for (size_t i = 0; i < entry_count(len); i++) {
		struct entry e = entry_at(acl, i);

		if (e.perm > 7 || !may_follow(before, e.tag))
			return false;
		named |= e.tag == TAG_USER || e.tag == TAG_GROUP;
		masked |= e.tag == TAG_MASK;
		before = e.tag;
	}
	return before == TAG_OTHER && (masked || !named);
}

/* What the mask leaves of everything between the owner and the others. */
static unsigned mask_of(const void *acl, size_t len)
{
	for (size_t i = 0; i < entry_count(len); i++) {
		struct entry e = entry_at(acl, i);

		if (e.tag == TAG_MASK)
			return e.perm;
	}
	return 7;
}

bool acl_permits(const void *acl, size_t len, const struct caller *c, uint32_t gid, unsigned want)
{
	bool in_some = false;

	if (!acl_is_valid(acl, len))
		return false;
	for (size_t i = 0; i < entry_count(len); i++) {
		struct entry e = entry_at(acl, i);
		bool gives = (e.perm & want) == want;

		if (e.tag == TAG_USER && e.id == c->uid)
			return gives && (mask_of(acl, len) & want) == want;
		if ((e.tag == TAG_OWNING_GROUP && caller_is_in(c, gid)) ||
			(e.tag == TAG_GROUP && caller_is_in(c, e.id))) {
			/* The first of the groups that would do decides: the mask is the same for all. */
			if (gives)
				return (mask_of(acl, len) & want) == want;
			in_some = true;
		}
		if (e.tag == TAG_OTHER)
			return gives && !in_some;
	}
	return false;
}

/* --- reading ------------------------------------------------------------------------------------ */

static ssize_t get(int fd, const char *path, struct buf *acl, size_t room)
{
	char self[32];

	if (path)
		return lgetxattr(path, ACL_NAME, acl->data, room);
	ssize_t n = fgetxattr(fd, ACL_NAME, acl->data, room);
	if (n >= 0 || errno != EBADF)
		return n;
	/* A descriptor that stands for a path only is followed. */
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return getxattr(self, ACL_NAME, acl->data, room);
}

/* Of the path, if it is not NULL, else of the descriptor. */
static enum status read_list(int fd, const char *path, struct buf *acl)
{
	static const size_t rooms[] = {FIRST_ROOM, ACL_BYTES_MAX};
	ssize_t n = -1;

	errno = ERANGE;
	for (size_t i = 0; i < 2 && n < 0 && errno == ERANGE; i++) {
		buf_clear(acl);
		if (!buf_reserve(acl, rooms[i]))
			return ST_NOMEM;
		n = get(fd, path, acl, rooms[i]);
	}
	if (n >= 0)
		acl->len = (size_t)n;
	else if (errno != ENODATA && errno != EOPNOTSUPP)
		buf_add(acl, ACL_UNKNOWN, ACL_UNKNOWN_LEN);
	return buf_status(acl);
}

enum status acl_read_fd(int fd, struct buf *acl)
{
	return read_list(fd, NULL, acl);
}

enum status acl_read_at(int dir_fd, const char *name, struct buf *acl)
{
	AUTO_BUF path = BUF_INIT;

	buf_addf(&path, "/proc/self/fd/%d/%s", dir_fd, name);
	return path.failed ? ST_NOMEM : read_list(-1, path.data, acl);
}
