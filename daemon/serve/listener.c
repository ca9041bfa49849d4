/* listener: binding the socket; see listener.h. */
#include "serve/listener.h"

#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum status fail(const char *path, const char *what)
{
	log_error("%s: %s: %s", path, what, strerror(errno));
	return ST_SYSTEM;
}

/* Only the last component: what is above belongs to the system. */
static enum status make_directory(const char *path, enum config_mode mode)
{
	AUTO_FREE char *dir = mem_strdup(path);

	if (!dir)
		return ST_NOMEM;
	char *slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return ST_OK;
	*slash = '\0';
	if (mkdir(dir, mode == MODE_USER ? 0700 : 0755) < 0 && errno != EEXIST)
		return fail(dir, "mkdir");
	return ST_OK;
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ST_OK: nobody answers (refused: its owner is dead); ST_LOCKED: somebody does, or has a full backlog. */
static enum status probe(const char *path, const struct sockaddr_un *addr)
{
	int fd = new_socket();

	if (fd < 0)
		return fail(path, "socket");
	int rc = connect(fd, (const struct sockaddr *)addr, sizeof *addr);
	int why = errno;
	close(fd);
	errno = why;
	if (rc == 0 || why == EAGAIN) {
		log_error("%s: another daemon answers at this socket", path);
		return ST_LOCKED;
	}
	if (why != ECONNREFUSED && why != ENOENT)
		return fail(path, "connect");
	return ST_OK;
}

static enum status remove_stale(const char *path, const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? ST_OK : fail(path, "lstat");
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s: is in the way, and is not a socket", path);
		return ST_EXISTS;
	}
	enum status result = probe(path, addr);
	if (result != ST_OK)
		return result;
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(path, "unlink");
	return ST_OK;
}

/* At start no other thread makes files: the mask of the process may change for a moment. */
static int bind_masked(int fd, const struct sockaddr_un *addr, enum config_mode mode)
{
	mode_t before = umask(mode == MODE_USER ? 0177 : 0111);
	int rc = bind(fd, (const struct sockaddr *)addr, sizeof *addr);
	int why = errno;

	umask(before);
	errno = why;
	return rc;
}

enum status listener_bind(const char *path, enum config_mode mode, struct listener *out)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;

	*out = (struct listener){.fd = -1};
	if (strlen(path) >= sizeof addr.sun_path) {
		log_error("%s: a socket's path has at most %zu bytes", path, sizeof addr.sun_path - 1);
		return ST_TOO_LARGE;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	enum status result = make_directory(path, mode);
	if (result == ST_OK)
		result = remove_stale(path, &addr);
	if (result != ST_OK)
		return result;
	int fd = new_socket();
	if (fd < 0)
		return fail(path, "socket");
	if (bind_masked(fd, &addr, mode) < 0 || lstat(path, &st) < 0) {
		result = fail(path, "bind");
		goto err_after_socket;
	}
	out->path = mem_strdup(path);
	if (!out->path) {
		unlink(path);
		result = ST_NOMEM;
		goto err_after_socket;
	}
	out->fd = fd;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return ST_OK;

err_after_socket:
	close(fd);
	return result;
}

enum status listener_adopt(int fd, struct listener *out)
{
	int type = 0;
	socklen_t len = sizeof type;

	*out = (struct listener){.fd = -1};
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM) {
		log_error("socket activation: descriptor %d is not a stream socket", fd);
		return ST_INVALID;
	}
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return fail("socket activation", "fcntl");
	out->fd = fd;
	return ST_OK;
}

void listener_finish(struct listener *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	mem_free(l->path);
	*l = (struct listener){.fd = -1};
}
