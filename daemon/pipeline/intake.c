/* intake: opening, copying and hashing a document; see intake.h. */
#include "pipeline/intake.h"

#include "core/acl.h"
#include "core/beneath.h"
#include "core/now.h"
#include "core/stats.h"
#include "pipeline/spool.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 128 << 10 };

/* From the path descriptor, so that what is opened is what was looked at. */
static int open_for_reading(int path_fd)
{
	char self[32];

	snprintf(self, sizeof self, "/proc/self/fd/%d", path_fd);
	int fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* O_NOATIME is for owners */
		fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd;
}

static enum intake_verdict verdict_of_errno(struct intake *in, int error)
{
	in->error_no = error;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
	case ENXIO:
	case ESTALE:
		return INTAKE_GONE;
	case EACCES:
	case EPERM:
		return INTAKE_UNREADABLE;
	default:
		return INTAKE_TROUBLE;
	}
}

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t k = write(fd, bytes, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		bytes += k;
		n -= (size_t)k;
	}
	return true;
}

/*
 * Hashes the source from its start and, unless `copy` is -1, copies it; false with errno.  Reads to the end of the
 * file, but never more than one chunk beyond the size that was seen: a file that grows faster than it is read ends.
 */
static bool read_through(const struct intake *in, int copy, unsigned char *hash)
{
	crypto_generichash_state state;
	char chunk[CHUNK];
	off_t at = 0;

	crypto_generichash_init(&state, NULL, 0, DOCUMENT_HASH_BYTES);
	for (;;) {
		ssize_t k = pread(in->source, chunk, sizeof chunk, at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return false;
		if (k == 0)
			break;
		crypto_generichash_update(&state, (const unsigned char *)chunk, (size_t)k);
		if (copy >= 0 && !write_all(copy, chunk, (size_t)k))
			return false;
		at += k;
		if (at > in->ident.size)
			break;
		/* A short read at the size seen is the end: saves one call a document. */
		if (at == in->ident.size && k < CHUNK)
			break;
	}
	stats_add(bytes_read, at);
	crypto_generichash_final(&state, hash, DOCUMENT_HASH_BYTES);
	return true;
}

static bool copy_sealed(struct intake *in)
{
	const unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	int fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		in->error_no = errno;
		return false;
	}
	if (!read_through(in, fd, in->hash) || fcntl(fd, F_ADD_SEALS, seals) ||
		lseek(fd, 0, SEEK_SET)) {
		in->error_no = errno;
		close(fd);
		return false;
	}
	in->fd = fd;
	in->sealed = true;
	return true;
}

/* To the spool, which goes to disk where it is large; false with errno. */
static bool copy_spooled(struct intake *in, const char *dir)
{
	struct spool spool;
	char chunk[CHUNK];
	enum status st = spool_open(&spool, dir);
	ssize_t k = 1;

	while (st == ST_OK && k && spool.size <= in->ident.size) {
		k = pread(in->source, chunk, sizeof chunk, spool.size);
		if (k < 0 && errno == EINTR)
			continue;
		st = k < 0 ? ST_SYSTEM : spool_write(&spool, chunk, (size_t)k);
	}
	if (st == ST_OK)
		st = spool_seal(&spool, in->hash);
	if (st != ST_OK) {
		in->error_no = errno;
		spool_close(&spool);
		return false;
	}
	stats_add(bytes_read, spool.size);
	in->fd = spool.fd;
	in->sealed = true;
	return true;
}

static bool unchanged(struct intake *in)
{
	struct ident now;

	return !ident_fd(in->source, &now) && ident_same_content(&now, &in->ident);
}

/*
 * What was read is stored for those who may read it.  A file that never rests is stored though it changed meanwhile,
 * but not if that change was of who may: a secret may have been written behind it.
 */
static bool same_guard(struct intake *in)
{
	AUTO_BUF acl = BUF_INIT;
	struct ident now;

	if (ident_fd(in->source, &now) || acl_read_fd(in->source, &acl) != ST_OK)
		return false;
	return now.mode == in->ident.mode && now.uid == in->ident.uid && now.gid == in->ident.gid &&
	       acl.len == in->acl.len && (acl.len == 0 || !memcmp(acl.data, in->acl.data, acl.len));
}

static enum intake_verdict look_at(struct intake *in, int path_fd, int64_t size_max)
{
	int err = ident_fd(path_fd, &in->ident);

	if (err)
		return verdict_of_errno(in, -err);
	if (!S_ISREG(in->ident.mode))
		return INTAKE_GONE;
	if (db_is_own(in->ident.dev, in->ident.ino))
		return INTAKE_OWN;
	if (in->ident.size > size_max)
		return INTAKE_TOO_LARGE;
	in->source = open_for_reading(path_fd);
	return in->source < 0 ? verdict_of_errno(in, errno) : INTAKE_READY;
}

static enum intake_verdict look(struct intake *in, const char *root, const char *path, int64_t size_max)
{
	int path_fd = beneath_open(root, path, O_PATH | O_CLOEXEC);

	if (path_fd < 0)
		return verdict_of_errno(in, errno);
	enum intake_verdict v = look_at(in, path_fd, size_max);
	/* Asked of the path descriptor only where there is no other: that takes two more system calls. */
	if (S_ISREG(in->ident.mode) && acl_read_fd(in->source < 0 ? path_fd : in->source, &in->acl) != ST_OK)
		v = verdict_of_errno(in, ENOMEM);
	close(path_fd);
	return v;
}

bool intake_copies_all(const struct config *config)
{
	return config->mode == MODE_SYSTEM || geteuid() == 0;
}

enum intake_verdict intake_open(
	struct intake *in, const char *root, const char *path, const struct intake_rules *rules)
{
	memset(in, 0, sizeof *in);
	in->fd = in->source = -1;
	in->stamp_ns = now_stamp_ns();
	enum intake_verdict v = look(in, root, path, rules->size_max);

	if (v != INTAKE_READY)
		return v;
	if (in->ident.size <= INTAKE_COPY_MAX) {
		if (!copy_sealed(in))
			return INTAKE_TROUBLE;
	} else if (rules->spool_dir) {
		if (!copy_spooled(in, rules->spool_dir))
			return INTAKE_TROUBLE;
	} else {
		if (!read_through(in, -1, in->hash)) {
			in->error_no = errno;
			return INTAKE_TROUBLE;
		}
		in->fd = in->source;
	}
	in->hashed = true;
	if (!unchanged(in) && (!rules->unstable_ok || !same_guard(in))) {
		stats_add(unstable_reads, 1);
		return INTAKE_UNSTABLE;
	}
	return INTAKE_READY;
}

bool intake_still_same(struct intake *in)
{
	unsigned char again[DOCUMENT_HASH_BYTES];

	if (in->sealed)
		return true;
	return unchanged(in) && read_through(in, -1, again) && !memcmp(again, in->hash, sizeof again);
}

void intake_finish(struct intake *in)
{
	buf_finish(&in->acl);
	if (in->fd >= 0 && in->fd != in->source)
		close(in->fd);
	if (in->source >= 0)
		close(in->source);
	in->fd = in->source = -1;
}
