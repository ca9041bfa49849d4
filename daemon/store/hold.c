/* hold: state directory and lock file; see hold.h. */
#include "store/hold.h"

#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status make_dirs(const char *dir)
{
	AUTO_FREE char *path = mem_strdup(dir);
	struct stat sb;

	if (!path)
		return ST_NOMEM;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			break; /* the last one tells */
		*slash = '/';
	}
	if (mkdir(dir, 0700) && (errno != EEXIST || stat(dir, &sb) || !S_ISDIR(sb.st_mode))) {
		log_error("%s: cannot make the state directory: %s", dir, strerror(errno));
		return ST_SYSTEM;
	}
	return ST_OK;
}

enum status hold_take(const char *dir, int *out)
{
	enum status st = make_dirs(dir);
	AUTO_FREE char *path = st == ST_OK ? mem_printf("%s/lock", dir) : NULL;

	if (st != ST_OK)
		return st;
	if (!path)
		return ST_NOMEM;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		return ST_SYSTEM;
	}
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
		*out = fd;
		return ST_OK;
	}
	if (errno == EAGAIN || errno == EACCES) {
		log_error("%s: another daemon holds this store", dir);
		st = ST_LOCKED;
	} else {
		log_error("%s: cannot lock: %s", path, strerror(errno));
		st = ST_SYSTEM;
	}
	close(fd);
	return st;
}

enum status hold_make(const char *file)
{
	/* Only if it is new: closing a descriptor of a database that is open would drop its locks. */
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST) {
		log_error("%s: %s", file, strerror(errno));
		return errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_SYSTEM;
	}
	return ST_OK;
}

void hold_drop(int fd)
{
	if (fd >= 0)
		close(fd);
}
