/*
 * jail_dir: the converter's private working directory, made empty and removed with all that was put
 * into it.
 *
 * A tree of any depth is removed with two descriptors and no recursion: what lies below a directory
 * at the top is moved to the top, until there is nothing.
 */
#include "convert/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool jail_dir_make(const char *base, char *path, size_t room)
{
	int n = snprintf(path, room, "%s/trawl-jail-XXXXXX", base);

	if (n < 0 || (size_t)n >= room) {
		errno = ENAMETOOLONG;
		return false;
	}
	return mkdtemp(path) != NULL;
}

bool jail_dir_open_to_all(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len >= sizeof part)
		return false;
	memcpy(part, path, len + 1);
	while (len > 0) {
		if (stat(part, &st) || !(st.st_mode & S_IXOTH))
			return false;
		while (len > 0 && part[len] != '/')
			len--;
		part[len] = '\0';
	}
	return true;
}

/* What a directory is called once it has been moved up, while the tree is taken apart. */
struct moved {
	int top;
	unsigned long count;
};

/* Moves a directory that is not empty to the top; false if it cannot be. */
static bool move_up(struct moved *m, int from, const char *name)
{
	char up[32];

	/* An empty directory of that name may give way; anything else of it has the next number
	 * tried. */
	do {
		snprintf(up, sizeof up, "%lu", ++m->count);
		if (renameat(from, name, m->top, up) == 0)
			return true;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	return false;
}

/* Opens a directory that the converter may have closed to its own user; -1. */
static int open_below(int fd, const char *name, dev_t dev)
{
	struct stat st;

	if (fchmodat(fd, name, 0700, AT_SYMLINK_NOFOLLOW))
		return -1;
	int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below >= 0 && (fstat(below, &st) || st.st_dev != dev)) {
		close(below);
		return -1;
	}
	return below;
}

/* Empties the directory behind `fd`, which it closes: directories below that are not empty go to
 * the top. */
static void empty(struct moved *m, int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || unlinkat(fd, e->d_name, AT_REMOVEDIR) == 0)
			continue;
		/* To be moved, a directory has to be writable itself: its ".." changes. */
		if (fchmodat(fd, e->d_name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
			(void)move_up(m, fd, e->d_name);
	}
	closedir(dir);
}

/* One pass over the top: whether something went. */
static bool empty_top(struct moved *m, dev_t dev)
{
	int fd = openat(m->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool progress = false;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT) {
			progress = true;
			continue;
		}
		int below = open_below(fd, e->d_name, dev);
		if (below >= 0)
			empty(m, below);
		progress |= unlinkat(fd, e->d_name, AT_REMOVEDIR) == 0;
	}
	closedir(dir);
	return progress;
}

void jail_dir_remove(const char *path)
{
	struct moved m = {.count = 0};
	struct stat st;

	if (rmdir(path) == 0 || errno == ENOENT)
		return;
	m.top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m.top < 0)
		return;
	if (fstat(m.top, &st) == 0 && fchmod(m.top, 0700) == 0)
		while (rmdir(path) && errno == ENOTEMPTY && empty_top(&m, st.st_dev))
			;
	close(m.top);
}
