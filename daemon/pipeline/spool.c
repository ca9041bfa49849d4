/* spool: memory first, then disk; see spool.h. */
#include "pipeline/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status trouble(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_SYSTEM;
}

enum status spool_open(struct spool *s, const char *dir)
{
	*s = (struct spool){.dir = dir};
	crypto_generichash_init(&s->hash, NULL, 0, DOCUMENT_HASH_BYTES);
	s->fd = memfd_create("part", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return s->fd < 0 ? trouble() : ST_OK;
}

void spool_close(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Root's converters are another user, and some open it by the path of their descriptor; nobody else
 * finds it. */
enum { READABLE = 0644 };

/* A file without a name, or one that loses its name at once where the file system knows no other
 * way. */
static int open_unlinked(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, READABLE);

	if (fd >= 0) {
		(void)fchmod(fd, READABLE); /* whatever the umask says */
		return fd;
	}
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return fd;
	if ((size_t)snprintf(path, sizeof path, "%s/spool.XXXXXX", dir) >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fd;
	unlink(path);
	(void)fchmod(fd, READABLE);
	return fd;
}

static enum status copy(int from, int to, int64_t size)
{
	off_t at = 0;

	while (at < size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(size - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return trouble();
		if (n == 0) {
			errno = EIO;
			return ST_SYSTEM;
		}
	}
	return ST_OK;
}

static enum status move_to_disk(struct spool *s)
{
	int fd = open_unlinked(s->dir);

	if (fd < 0)
		return trouble();
	enum status st = copy(s->fd, fd, s->size);
	if (st != ST_OK) {
		int error = errno;

		close(fd);
		errno = error;
		return st;
	}
	close(s->fd);
	s->fd = fd;
	s->on_disk = true;
	return ST_OK;
}

enum status spool_write(struct spool *s, const char *bytes, size_t n)
{
	enum status st = ST_OK;

	if (!s->on_disk && s->size + (int64_t)n > SPOOL_MEMORY_MAX)
		st = move_to_disk(s);
	crypto_generichash_update(&s->hash, (const unsigned char *)bytes, n);
	while (n && st == ST_OK) {
		ssize_t k = write(s->fd, bytes, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return trouble();
		bytes += k;
		n -= (size_t)k;
		s->size += k;
	}
	return st;
}

/* The same file through another descriptor, which cannot write. */
static int reopen(int fd)
{
	char self[32];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return open(self, O_RDONLY | O_CLOEXEC);
}

enum status spool_seal(struct spool *s, unsigned char *hash)
{
	const unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	crypto_generichash_final(&s->hash, hash, DOCUMENT_HASH_BYTES);
	if (!s->on_disk)
		return fcntl(s->fd, F_ADD_SEALS, seals) || lseek(s->fd, 0, SEEK_SET) ? ST_SYSTEM
										     : ST_OK;
	int fd = reopen(s->fd);
	if (fd < 0)
		return ST_SYSTEM;
	close(s->fd);
	s->fd = fd;
	return ST_OK;
}
