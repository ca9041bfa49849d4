/*
 * jail_ns: the namespaces that a converter gets, as far as the kernel and whoever started us let
 * us.
 *
 * All are asked for at once.  Where that is refused, each is tried alone, so that
 * one which is forbidden does not cost the others.
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	enum jail_layer layer;
	int flag;
} kinds[] = {
	{JAIL_USER, CLONE_NEWUSER}, /* first: what lets others than root have the rest */
	{JAIL_PID, CLONE_NEWPID},
	{JAIL_NET, CLONE_NEWNET},
	{JAIL_MOUNT, CLONE_NEWNS},
	{JAIL_IPC, CLONE_NEWIPC},
	{JAIL_UTS, CLONE_NEWUTS},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

unsigned jail_ns_layers(int flags)
{
	unsigned layers = 0;

	for (size_t i = 0; i < KINDS; i++)
		if (flags & kinds[i].flag)
			layers |= jail_bit(kinds[i].layer);
	return layers;
}

/* Whether an error says that there are none for us, and not that the machine is out of something.
 */
static bool is_refusal(int error)
{
	return error == EPERM || error == EINVAL || error == ENOSYS || error == ENOSPC ||
	       error == EUSERS || error == EACCES;
}

static bool write_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Names the user `uid` in a new user namespace, which knows none; `proc_self` is /proc/self. */
static bool map_user(int proc_self, uid_t uid, gid_t gid)
{
	char uid_map[48], gid_map[48];

	/* A process that must not be looked into does not own its /proc/self. */
	prctl(PR_SET_DUMPABLE, 1);
	snprintf(uid_map, sizeof uid_map, "%d %u 1", JAIL_NOBODY, (unsigned)uid);
	snprintf(gid_map, sizeof gid_map, "%d %u 1", JAIL_NOBODY, (unsigned)gid);
	return write_file(proc_self, "setgroups", "deny") &&
	       write_file(proc_self, "gid_map", gid_map) &&
	       write_file(proc_self, "uid_map", uid_map);
}

static bool map_options_user(const struct jail_options *o, int flags)
{
	if (!(flags & CLONE_NEWUSER))
		return true;
	int proc_self = open("/proc/self", O_PATH | O_CLOEXEC);
	bool mapped = proc_self >= 0 && map_user(proc_self, o->uid, o->gid);
	if (proc_self >= 0)
		close(proc_self);
	return mapped;
}

/*
 * fork with flags: the child goes on from here, on a copy of everything.  A user
 * namespace in which the child gets no name is as good as refused (EPERM): some
 * systems give one to everybody, but no rights in it.
 */
static pid_t fork_into(const struct jail_options *o, int flags)
{
	int pair[2];
	char ready = 0;

	if (!(flags & CLONE_NEWUSER))
		return (pid_t)syscall(
			SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pipe2(pair, O_CLOEXEC))
		return -1;
	pid_t pid =
		(pid_t)syscall(SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		close(pair[0]);
		if (!map_options_user(o, flags) || write(pair[1], &ready, 1) != 1)
			_exit(1);
		close(pair[1]);
		return 0;
	}
	close(pair[1]);
	int error = errno;
	if (pid > 0 && read(pair[0], &ready, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
		error = EPERM;
	}
	close(pair[0]);
	errno = error;
	return pid;
}

static bool can_have(const struct jail_options *o, int flags)
{
	pid_t pid = fork_into(o, flags);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

static int feasible(const struct jail_options *o, int wanted)
{
	int first = wanted & CLONE_NEWUSER, flags = first;

	if (first && !can_have(o, first))
		return 0;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].flag != CLONE_NEWUSER && wanted & kinds[i].flag &&
			can_have(o, first | kinds[i].flag))
			flags |= kinds[i].flag;
	return flags;
}

static int wanted_flags(const struct jail_options *o)
{
	int flags = 0;

	if (o->mode == JAIL_OFF)
		return 0;
	for (size_t i = 0; i < KINDS; i++)
		if (o->wanted & jail_bit(kinds[i].layer))
			flags |= kinds[i].flag;
	/* Root needs none to have the others, and enters its own as the user that it becomes. */
	if (geteuid() == 0)
		flags &= ~CLONE_NEWUSER;
	return flags;
}

pid_t jail_ns_fork(const struct jail_options *o, int *flags)
{
	int wanted = wanted_flags(o);

	*flags = wanted;
	if (wanted & CLONE_NEWPID) {
		pid_t pid = fork_into(o, wanted);

		if (pid >= 0 || !is_refusal(errno))
			return pid;
		/* What a service of systemd is most likely to be left with; and the least loss. */
		*flags = wanted & ~(CLONE_NEWIPC | CLONE_NEWUTS);
		pid = fork_into(o, *flags);
		if (pid >= 0 || !is_refusal(errno))
			return pid;
		*flags = feasible(o, wanted);
		if (*flags & CLONE_NEWPID)
			return fork_into(o, *flags);
	} else if (wanted) {
		*flags = feasible(o, wanted);
	}
	return fork_into(o, 0);
}

bool jail_ns_enter(const struct jail_options *o, int flags)
{
	return !flags || (unshare(flags) == 0 && map_options_user(o, flags));
}

bool jail_ns_enter_user(int proc_self)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER))
		return false;
	return map_user(proc_self, uid, gid);
}
