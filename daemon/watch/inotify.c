/* inotify: descriptor, watches, reading; see inotify.h. */
#include "watch/inotify.h"

#include "core/log.h"
#include "core/stats.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE |
			     IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK |
			     IN_ONLYDIR;

enum status inotify_open(int *fd)
{
	*fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (*fd >= 0)
		return ST_OK;
	log_error("inotify: %s", strerror(errno));
	return ST_SYSTEM;
}

int inotify_watch_as(int fd, int dir_fd, uint32_t events)
{
	char self[32];

	snprintf(self, sizeof self, "/proc/self/fd/%d", dir_fd);
	return inotify_add_watch(fd, self, events);
}

int inotify_watch_fd(int fd, int dir_fd)
{
	return inotify_watch_as(fd, dir_fd, mask);
}

void inotify_unwatch(int fd, int wd)
{
	/* EINVAL: the kernel took it away already, with the directory. */
	if (inotify_rm_watch(fd, wd) && errno != EINVAL)
		log_warning("inotify_rm_watch: %s", strerror(errno));
}

long inotify_watch_limit(int percent)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_user_watches", "re");
	long limit = 0;

	if (!f)
		return LONG_MAX;
	if (fscanf(f, "%ld", &limit) != 1)
		limit = 0;
	fclose(f);
	return limit > 0 ? limit / 100 * percent + limit % 100 * percent / 100 : LONG_MAX;
}

bool inotify_drain(
	int fd, int reads, void (*each)(void *arg, const struct inotify_event *e), void *arg)
{
	char bytes[64 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (int i = 0; i < reads; i++) {
		ssize_t n = read(fd, bytes, sizeof bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n < 0 && errno != EAGAIN)
				log_error("inotify: %s", strerror(errno));
			return false;
		}
		for (char *p = bytes; p < bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)p;

			stats_add(events, 1);
			each(arg, e);
			p += sizeof *e + e->len;
		}
	}
	return true;
}
