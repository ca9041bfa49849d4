/* ident: identity of files by statx; see ident.h. */
#include "core/ident.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { WANTED = STATX_BASIC_STATS | STATX_BTIME };

static int64_t stamp_ns(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000000000 + t->tv_nsec;
}

void ident_from_statx(struct ident *id, const struct statx *stx)
{
	*id = (struct ident){
		.dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
		.ino = stx->stx_ino,
		.size = (int64_t)stx->stx_size,
		.mtime_ns = stamp_ns(&stx->stx_mtime),
		.ctime_ns = stamp_ns(&stx->stx_ctime),
		.btime_ns = stx->stx_mask & STATX_BTIME ? stamp_ns(&stx->stx_btime) : 0,
		.mode = stx->stx_mode,
		.uid = stx->stx_uid,
		.gid = stx->stx_gid,
		.nlink = stx->stx_nlink,
	};
}

int ident_at(int dirfd, const char *name, struct ident *id)
{
	struct statx stx;

	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, WANTED, &stx))
		return -errno;
	ident_from_statx(id, &stx);
	return 0;
}

int ident_fd(int fd, struct ident *id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, WANTED, &stx))
		return -errno;
	ident_from_statx(id, &stx);
	return 0;
}

bool ident_same_content(const struct ident *a, const struct ident *b)
{
	return a->ino == b->ino && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns;
}

bool ident_same(const struct ident *a, const struct ident *b)
{
	return ident_same_content(a, b) && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid;
}
