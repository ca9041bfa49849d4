/*
 * jail_furnish: the steps on the way to a converter that need rights, and the one that gives them
 * away: its directories, and its user.
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

static bool fail(struct jail_state *st, const char *what)
{
	dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", what, strerror(errno));
	st->exit_status = JAIL_EXIT_BROKEN;
	return false;
}

/* Without a root of its own: a private directory among those of all. */
static bool make_directory(const struct jail_options *o, struct jail_state *st, bool given_away)
{
	const char *base = o->work_base;

	/* What is below it could not be named by another user. */
	if (given_away && !jail_dir_open_to_all(base))
		base = "/tmp";
	if (!jail_dir_make(base, st->work_dir, sizeof st->work_dir)) {
		fail(st, st->work_dir);
		st->work_dir[0] = '\0';
		return false;
	}
	if (given_away && chown(st->work_dir, JAIL_NOBODY, JAIL_NOBODY))
		return fail(st, st->work_dir);
	/* Here and not later: the way to it may be open to the user that we are. */
	return chdir(st->work_dir) == 0 || fail(st, st->work_dir);
}

/* Root of a user namespace may know no nobody, or may not drop its groups: then it stays what it
 * is. */
static bool can_become_nobody(void)
{
	if (setgroups(0, NULL))
		return false;
	setfsuid(JAIL_NOBODY);
	setfsgid(JAIL_NOBODY);
	bool uid = setfsuid(0) == JAIL_NOBODY, gid = setfsgid(0) == JAIL_NOBODY;
	return uid && gid;
}

/* Root becomes nobody: files of root are not its own, and RLIMIT_NPROC binds. */
static bool change_user(struct jail_state *st)
{
	if (setresgid(JAIL_NOBODY, JAIL_NOBODY, JAIL_NOBODY) ||
		setresuid(JAIL_NOBODY, JAIL_NOBODY, JAIL_NOBODY))
		return false;
	st->active |= jail_bit(JAIL_UID);
	return true;
}

bool jail_furnish(const struct jail_options *o, struct jail_state *st, int flags)
{
	bool root = o->uid == 0 && o->mode != JAIL_OFF;
	bool given_away = root && o->wanted & jail_bit(JAIL_UID) && can_become_nobody();
	int proc_self = root ? open("/proc/self", O_PATH | O_CLOEXEC) : -1;

	/* The mount namespace counts when there is a root directory in it. */
	st->active |= jail_ns_layers(flags) & ~jail_bit(JAIL_MOUNT);
	/* What this machine is called is none of its business. */
	if (flags & CLONE_NEWUTS)
		(void)!sethostname("localhost", strlen("localhost"));
	jail_words_open(o);
	if (flags & CLONE_NEWNS && (flags & CLONE_NEWPID || !jail_wants_proc(o)) &&
		jail_root_enter(o, flags & CLONE_NEWUSER, given_away)) {
		st->active |= jail_bit(JAIL_MOUNT);
		st->proc = jail_wants_proc(o);
	} else if (!make_directory(o, st, given_away)) {
		return false;
	}
	if (given_away && !change_user(st))
		return fail(st, "cannot become nobody");
	/* Others than root are in theirs already; it gives root's converters their own count of
	 * tasks. */
	if (proc_self >= 0 && o->wanted & jail_bit(JAIL_USER) && jail_ns_enter_user(proc_self))
		st->active |= jail_bit(JAIL_USER);
	if (proc_self >= 0)
		close(proc_self);
	return true;
}
