/*
 * jail_root: a root directory of its own for the converter: what jail_paths names, read-only, an
 * empty private directory in memory, and nothing else of the machine.
 *
 * The new root is mounted over the old one, where nothing of the old is hidden by
 * it as long as the process's root is the old one, and becomes the root by
 * pivot_root.  The process is in a mount namespace of its own already.
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of mount_setattr(2); libc's headers of our oldest systems lack some. */
struct attr {
	uint64_t set, clear, propagation, user_ns;
};
enum {
	ATTR_RDONLY = 0x1,
	ATTR_NOSUID = 0x2,
	ATTR_NODEV = 0x4,
	ATTR_NOEXEC = 0x8,
	RECURSIVE = 0x8000
};

/* Of the file system in memory, besides the bytes of the private directory: what we put there, and
 * names enough for any honest tool. */
enum { OWN_BYTES = 1 << 20, NAMES = 16384 };

static bool change(const char *path, unsigned flags, uint64_t set, uint64_t clear)
{
	struct attr attr = {.set = set, .clear = clear};

	return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr) == 0;
}

/* An absolute path as one below the working directory, which is the root to be. */
static const char *here(const char *path)
{
	return path + 1;
}

/* Makes every directory above the path.  What is there already is left as it is. */
static bool make_parents(const char *path)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof part)
		return false;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return false;
	}
	return true;
}

/* What something is to be mounted on, or a link. */
static bool make_once(const char *path, mode_t type, const char *link)
{
	if (S_ISLNK(type))
		return symlink(link, path) == 0;
	if (S_ISDIR(type))
		return mkdir(path, 0755) == 0;
	return mknod(path, S_IFREG | 0644, 0) == 0;
}

static bool make(const char *path, mode_t type, const char *link)
{
	return make_once(path, type, link) || errno == EEXIST ||
	       (errno == ENOENT && make_parents(path) && make_once(path, type, link));
}

static bool bind(const char *source, const char *target)
{
	return mount(source, target, NULL, MS_BIND | MS_REC, NULL) == 0;
}

/* What is there of one path of the table: a link is made again, anything else is shown. */
static bool show(const char *path)
{
	const char *target = here(path);
	char link[PATH_MAX];
	struct stat st;

	if (lstat(path, &st))
		return true;
	if (!S_ISLNK(st.st_mode))
		return make(target, st.st_mode, NULL) && bind(path, target);
	ssize_t n = readlink(path, link, sizeof link - 1);
	if (n < 0)
		return true;
	link[n] = '\0';
	return make(target, st.st_mode, link);
}

static bool show_words(void)
{
	for (size_t i = 0; i < jail_words.count; i++) {
		const char *target = here(jail_words.path[i]);

		if (!make(target, S_IFREG, NULL) || !bind(jail_words.path[i], target))
			return false;
	}
	return true;
}

/*
 * The private directory is of the same file system in memory as the root, and so within its size,
 * but another mount of it: one that is not read-only.  Tools that know no other name for a
 * temporary file write into /tmp itself.
 */
static bool make_tmp(bool given_away)
{
	const char *tmp = here(JAIL_TMP), *work = here(JAIL_WORK);

	return mkdir(tmp, 0700) == 0 && mkdir(work, 0700) == 0 &&
	       (!given_away || (chown(tmp, JAIL_NOBODY, JAIL_NOBODY) == 0 &&
				       chown(work, JAIL_NOBODY, JAIL_NOBODY) == 0)) &&
	       bind(tmp, tmp);
}

/* The one user that there is: some tools look up their home. */
static bool make_users(void)
{
	static const char users[] = "nobody:x:65534:65534:nobody:" JAIL_WORK ":/usr/sbin/nologin\n";

	if (!make(here(JAIL_USERS), S_IFREG, NULL))
		return false;
	int fd = open(here(JAIL_USERS), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	bool written = fd >= 0 && write(fd, users, sizeof users - 1) == (ssize_t)sizeof users - 1;
	if (fd >= 0)
		close(fd);
	return written;
}

static bool make_proc(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	return make("proc", S_IFDIR, NULL) &&
	       (mount("proc", "proc", "proc", flags, "subset=pid") == 0 ||
		       mount("proc", "proc", "proc", flags, NULL) == 0);
}

static bool make_devices(void)
{
	for (const struct jail_path *p = jail_devices; p->path; p++)
		if (!make(here(p->path), S_IFREG, NULL))
			return false;
	return true;
}

static bool show_devices(void)
{
	for (const struct jail_path *p = jail_devices; p->path; p++)
		if (!bind(p->path, here(p->path)))
			return false;
	return true;
}

/* The working directory is the new root. */
static bool furnish(const struct jail_options *o, bool given_away)
{
	if (!make_tmp(given_away))
		return false;
	for (const struct jail_path *p = jail_paths; p->path; p++)
		if (!show(p->path))
			return false;
	if (!show_words() || !make_users() || !make_devices())
		return false;
	if (jail_wants_proc(o) && (!make_proc() || symlink("/proc/self/fd/0", "dev/stdin")))
		return false;
	if (!change(".", RECURSIVE, ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, 0) ||
		!change(here(JAIL_TMP), 0, ATTR_NOEXEC, ATTR_RDONLY))
		return false;
	/* Behind the change: a device works only where devices do. */
	return show_devices();
}

/* Over the old root. */
static bool mount_memory(const struct jail_options *o)
{
	char options[128];
	int n = snprintf(options, sizeof options, "mode=755,nr_inodes=%d", NAMES);

	if (o->file_bytes)
		snprintf(options + n, sizeof options - (size_t)n, ",size=%lld",
			o->file_bytes + OWN_BYTES);
	return mount("trawl-jail", "/", "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

bool jail_root_enter(const struct jail_options *o, bool own_user_ns, bool given_away)
{
	/* In a user namespace of our own nothing we mount is seen outside; else see to that. */
	if (!own_user_ns && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return false;
	if (!mount_memory(o))
		return false;
	/* From the root, ".." leads into what is mounted over it. */
	if (chdir("/.."))
		return false;
	mode_t mask = umask(022);
	bool furnished = furnish(o, given_away);
	umask(mask);
	if (furnished && syscall(SYS_pivot_root, ".", ".") == 0) {
		/* The old root lies over the new one now. */
		return umount2(".", MNT_DETACH) == 0 && chdir(JAIL_WORK) == 0;
	}
	umount2(".", MNT_DETACH);
	(void)!chdir("/");
	return false;
}
