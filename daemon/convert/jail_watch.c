/*
 * jail_watch: looks after what a converter may have too much of, where no layer limits that.
 *
 * Only needed without a root directory of its own: then its private directory is
 * on a file system of all, and its single files alone are limited.
 */
#include "convert/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, BLOCK = 512 };

bool jail_watch_needed(const struct jail_options *o, const struct jail_state *st)
{
	return o->mode != JAIL_OFF && o->wanted & jail_bit(JAIL_RLIMITS) && o->file_bytes &&
	       !(st->active & jail_bit(JAIL_MOUNT));
}

/* Adds what the directory behind `fd`, which it closes, holds; stops beyond `most`. */
static void add(int fd, dev_t dev, int depth, long long most, long long *sum)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!dir) {
		close(fd);
		return;
	}
	while (*sum <= most && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		/* Empty files fill a file system too. */
		*sum += (long long)st.st_blocks * BLOCK + BLOCK;
		if (!S_ISDIR(st.st_mode) || st.st_dev != dev)
			continue;
		/* Deeper than any honest tool goes, or closed to us: more than it may have. */
		int below = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && depth < DEPTH_MAX)
			add(below, dev, depth + 1, most, sum);
		else if (below >= 0 || errno != ENOENT)
			*sum = most + 1;
		if (below >= 0 && depth >= DEPTH_MAX)
			close(below);
	}
	closedir(dir);
}

/* Whether it is time to look again. */
static bool is_due(void)
{
	static int64_t next_ms;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (now_ms < next_ms)
		return false;
	next_ms = now_ms + JAIL_WATCH_MS;
	return true;
}

int jail_watch_exceeded(const struct jail_options *o, const struct jail_state *st)
{
	if (!is_due())
		return 0;
	/* Not made yet, or in a root directory of its own after all. */
	if (!*st->work_dir)
		return 0;
	int fd = open(st->work_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat dir;
	long long sum = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &dir)) {
		close(fd);
		return 0;
	}
	add(fd, dir.st_dev, 0, o->file_bytes, &sum);
	return sum > o->file_bytes ? SIGXFSZ : 0;
}
