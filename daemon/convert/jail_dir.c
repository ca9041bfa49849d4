/* jail_dir: the converter's private working directory, made empty and removed with all that was put
 * into it. */
#include "convert/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 }; /* deeper trees are left behind: each level holds a descriptor open */

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

/* Empties the directory behind `fd`, which it closes. */
static void empty(int fd, dev_t dev, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir))) {
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		/* The converter may have taken the permission away from its own directory. */
		if (fchmodat(fd, e->d_name, 0700, AT_SYMLINK_NOFOLLOW))
			continue;
		int below = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		if (depth < DEPTH_MAX && fstat(below, &st) == 0 && st.st_dev == dev)
			empty(below, dev, depth + 1);
		else
			close(below);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void jail_dir_remove(const char *path)
{
	struct stat st;

	if (rmdir(path) == 0 || errno == ENOENT)
		return;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0)
		empty(fd, st.st_dev, 0);
	else
		close(fd);
	rmdir(path);
}
