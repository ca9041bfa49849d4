/*
 * jail_init: the keeper as init of the converter's process namespace.
 *
 *   trawld ── launcher ──│── init ── converter ── …
 *
 * It reaps what the converter leaves behind, and when it ends, for whatever
 * reason, the kernel kills all that is in the namespace before its parent hears
 * of it.  It is told to die with the launcher; so nothing outlives either.
 */
#include "convert/jail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A parent that was gone before we asked to be told has left its descriptor readable. */
static bool is_gone(int launcher)
{
	return poll(&(struct pollfd){.fd = launcher, .events = POLLIN}, 1, 0) != 0;
}

/* Until the converter ends; what else ends is reaped on the way. */
static int follow(pid_t converter, const struct jail_options *o, const struct jail_state *st)
{
	const struct timespec between = {.tv_nsec = JAIL_WATCH_MS * 1000000L};
	bool watch = jail_watch_needed(o, st);
	int status;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, &status, watch ? WNOHANG : 0);
		int sig;

		if (pid == converter)
			return status;
		if (pid < 0 && errno != EINTR)
			return SIGKILL;
		/* Whatever ends meanwhile, and however much of it. */
		if (watch && (sig = jail_watch_exceeded(o, st)))
			return sig;
		if (pid == 0)
			(void)sigtimedwait(&child, NULL, &between);
	}
}

_Noreturn void jail_become_init(
	const struct jail_options *o, struct jail_state *st, int launcher, int flags)
{
	st->exit_status = JAIL_EXIT_BROKEN;
	if (!jail_furnish(o, st, flags))
		_exit(JAIL_EXIT_BROKEN);
	/* Behind the change of user, which clears the first. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	if (is_gone(launcher))
		_exit(JAIL_EXIT_BROKEN);
	/* Not a copy of us for the short way to exec: it goes it in our memory, while we wait. */
	pid_t converter = vfork();
	if (converter < 0)
		_exit(JAIL_EXIT_BROKEN);
	if (converter == 0)
		jail_become_converter(o, st, 0, 0);
	jail_drop_descriptors();
	st->status = follow(converter, o, st);
	st->ended = true;
	_exit(0);
}

void jail_init_wait(pid_t child)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	while ((pid = waitpid(child, NULL, WNOHANG)) == 0)
		if (sigwaitinfo(&set, NULL) == SIGTERM)
			kill(child, SIGKILL);
}
