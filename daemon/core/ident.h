/*
 * ident: what statx says of a file or directory; compared to tell whether it changed.
 *
 * Device numbers are kept for directories only in memory (they change across
 * reboots); a file's device is its directory's.
 */
#ifndef CORE_IDENT_H
#define CORE_IDENT_H

#include <stdbool.h>
#include <stdint.h>

struct ident {
	uint64_t dev;	   /* makedev() form */
	uint64_t ino;
	int64_t size;	   /* bytes */
	int64_t mtime_ns;  /* since the epoch */
	int64_t ctime_ns;
	int64_t btime_ns;  /* 0 where the file system has none */
	uint32_t mode;	   /* type and permission bits, as st_mode */
	uint32_t uid, gid;
	uint32_t nlink;
};

struct statx;
void ident_from_statx(struct ident *id, const struct statx *stx);

/* statx of `name` below `dirfd` without following a link; 0 or -errno. */
int ident_at(int dirfd, const char *name, struct ident *id);
/* Of an open descriptor, O_PATH too; 0 or -errno. */
int ident_fd(int fd, struct ident *id);

/* Same inode, size, times, mode and owner: nothing to do.  Device and link count are not compared. */
bool ident_same(const struct ident *a, const struct ident *b);
/* Same inode and same content as far as stat can tell (size, mtime, ctime). */
bool ident_same_content(const struct ident *a, const struct ident *b);

#endif
