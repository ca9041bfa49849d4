/* own: (dev, ino) of the store's files; see own.h. */
#include "store/own.h"

#include "core/lock.h"
#include "store/db.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const members[] = {
	".", "index.db", "index.db-wal", "index.db-shm", "index.db-journal", "lock", "inflight"};
enum { MEMBERS = sizeof members / sizeof members[0] };

static struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
/* protected by lock */
static struct member {
	uint64_t dev, ino;
} known[MEMBERS];
static int known_count;

void own_refresh(const char *state_dir)
{
	struct member found[MEMBERS];
	int count = 0;
	int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat sb;

	/* stat, never open: closing a descriptor of the database is the very thing to avoid. */
	for (int i = 0; fd >= 0 && i < MEMBERS; i++) {
		if (fstatat(fd, members[i], &sb, 0) == 0)
			found[count++] = (struct member){sb.st_dev, sb.st_ino};
	}
	if (fd >= 0)
		close(fd);
	LOCK_SCOPE(&lock);
	for (int i = 0; i < count; i++)
		known[i] = found[i];
	known_count = count;
}

void own_forget(void)
{
	LOCK_SCOPE(&lock);
	known_count = 0;
}

bool db_is_own(uint64_t dev, uint64_t ino)
{
	LOCK_SCOPE(&lock);
	for (int i = 0; i < known_count; i++) {
		if (known[i].ino == ino && known[i].dev == dev)
			return true;
	}
	return false;
}
