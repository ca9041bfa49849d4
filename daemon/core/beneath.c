/*
 * beneath: openat2(2) in steps that each fit the kernel's limit; see beneath.h.
 *
 * Where that call is not to be had (an older kernel, a filter of system calls: systemd's
 * RestrictSUIDSGID= is one), each component is opened by itself, without following links.
 */
#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STEP_MAX = PATH_MAX - 1 };

/* Opens one component below `dir` as openat2 would; `through`: more follow. */
static int open_component(int dir, const char *name, int flags, bool through)
{
	struct stat st;

	if (!strcmp(name, "..")) {
		errno = EXDEV;
		return -1;
	}
	int fd = openat(dir, name, flags | O_NOFOLLOW);
	/* A link on the way is told from a file on the way. */
	if (fd < 0 && through && errno == ENOTDIR) {
		bool link = !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);

		errno = link ? ELOOP : ENOTDIR;
	}
	return fd;
}

/* What openat2 does, component by component; `path` fits PATH_MAX. */
static int walk(int dir, const char *path, int flags)
{
	char name[PATH_MAX]; /* NAME_MAX is not what every file system keeps to */
	int at = dir;

	if (*path == '/' || !*path) {
		errno = *path ? EXDEV : ENOENT;
		return -1;
	}
	for (;;) {
		size_t n = strcspn(path, "/"), gap = strspn(path + n, "/");
		bool through = path[n + gap] != '\0';
		int next = -1, how = through ? O_PATH | O_CLOEXEC : flags;

		if (n < sizeof name) {
			memcpy(name, path, n);
			name[n] = '\0';
			next = open_component(at, name, how | (gap ? O_DIRECTORY : 0), through);
		} else {
			errno = ENAMETOOLONG;
		}
		int saved = errno;
		if (at != dir)
			close(at);
		errno = saved;
		if (next < 0 || !through)
			return next;
		at = next;
		path += n + gap;
	}
}

/* Takes `dir`. */
static int step(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);

	/* Some filters say EPERM of what they do not know; walked, a true EPERM comes again. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = walk(dir, path, flags);
	int saved = errno;
	close(dir);
	errno = saved;
	return fd;
}

/* As many whole components as one call takes; NULL: the first does not fit. */
static const char *end_of_step(const char *path)
{
	const char *end = path + STEP_MAX;

	while (end > path && *end != '/')
		end--;
	return end > path ? end : NULL;
}

int beneath_open(const char *root, const char *path, int flags)
{
	char part[PATH_MAX];
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (dir >= 0 && strlen(path) > STEP_MAX) {
		const char *end = end_of_step(path);

		if (!end) {
			close(dir);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		path = end + 1;
		dir = step(dir, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return dir < 0 ? -1 : step(dir, path, flags);
}
