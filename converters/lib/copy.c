/* copy: a file for a while; see copy.h. */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

static char path[PATH_MAX];
static int own = -1;

static bool open_own(void)
{
	const char *dir = getenv("TMPDIR");

	if (own >= 0)
		return lseek(own, 0, SEEK_SET) == 0;
	snprintf(path, sizeof path, "%s/trawl-XXXXXX", dir ? dir : "/tmp");
	own = mkostemp(path, O_CLOEXEC);
	return own >= 0;
}

void copy_drop(void)
{
	if (own < 0)
		return;
	if (unlink(path) == 0) {
		close(own);
		own = -1;
	} else if (ftruncate(own, 0)) {
		close(own); /* neither goes: it stays until the program ends */
		own = -1;
	}
}

const char *copy_make(const struct document *doc, uint64_t from, uint64_t n, int *fd)
{
	char bytes[CHUNK];

	if (!open_own())
		return NULL;
	while (n) {
		size_t want = n < sizeof bytes ? (size_t)n : sizeof bytes;
		ssize_t got = pread(doc->fd, bytes, want, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			break;
		if (got < 0 || write(own, bytes, (size_t)got) != got) {
			int kept = errno;

			copy_drop();
			errno = kept;
			return NULL;
		}
		from += (uint64_t)got;
		n -= (uint64_t)got;
	}
	*fd = own;
	return path;
}
