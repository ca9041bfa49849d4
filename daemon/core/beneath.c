/* beneath: openat2(2) in steps that each fit the kernel's limit; see beneath.h. */
#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STEP_MAX = PATH_MAX - 1 };

static int step(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
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
