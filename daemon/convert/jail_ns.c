/*
 * jail_ns: the namespaces that a converter gets, as far as the kernel and whoever started us let us.
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

/* fork with flags: the child goes on from here, on a copy of everything. */
static pid_t fork_into(int flags)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Whether an error says that there are no such namespaces for us, and not that the machine is out of something. */
static bool is_refusal(int error)
{
	return error == EPERM || error == EINVAL || error == ENOSYS || error == ENOSPC ||
	       error == EUSERS || error == EACCES;
}

static bool can_have(int flags)
{
	pid_t pid = fork_into(flags);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

static int feasible(int wanted)
{
	int first = wanted & CLONE_NEWUSER, flags = first;

	if (first && !can_have(first))
		return 0;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].flag != CLONE_NEWUSER && wanted & kinds[i].flag &&
			can_have(first | kinds[i].flag))
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
	/* A /proc of its own can show its own processes only. */
	if (!(flags & CLONE_NEWPID) && jail_wants_stdin_path(o))
		flags &= ~CLONE_NEWNS;
	return flags;
}

pid_t jail_ns_fork(const struct jail_options *o, int *flags)
{
	*flags = wanted_flags(o);
	if (*flags & CLONE_NEWPID) {
		pid_t pid = fork_into(*flags);

		if (pid >= 0 || !is_refusal(errno))
			return pid;
		*flags = feasible(*flags);
		if (*flags & CLONE_NEWPID)
			return fork_into(*flags);
	} else if (*flags) {
		*flags = feasible(*flags);
	}
	return fork_into(0);
}

bool jail_ns_enter(int flags)
{
	return !flags || unshare(flags) == 0;
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

/* The user outside, who is asked for before the namespace is entered, since inside it has no name yet. */
bool jail_ns_map_user(int proc_self, uid_t uid, gid_t gid)
{
	char uid_map[48], gid_map[48];

	snprintf(uid_map, sizeof uid_map, "%d %u 1", JAIL_NOBODY, (unsigned)uid);
	snprintf(gid_map, sizeof gid_map, "%d %u 1", JAIL_NOBODY, (unsigned)gid);
	return write_file(proc_self, "setgroups", "deny") &&
	       write_file(proc_self, "gid_map", gid_map) &&
	       write_file(proc_self, "uid_map", uid_map);
}
