/*
 * jail_tree: ends a converter together with everything that it started.
 *
 * A keeper is a subreaper, so whatever its child leaves behind becomes its own
 * child sooner or later, `setsid` or not.  It ends when it has none left.  Two
 * of them stand in a row, so that killing either leaves the other:
 *
 *   trawld ── launcher ── keeper ── converter ── …
 *
 * This is for where no process namespace is to be had (see jail_init).
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TREE_MAX = 4096, /* processes signalled in one pass; the next pass takes the rest */
	ASK_MS = 200,    /* for the inner keeper to end its tree, before the outer one does it */
	BETWEEN_PASSES_MS = 5
};

static bool wait_signal(sigset_t *set, int ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	return sigtimedwait(set, NULL, &ts) > 0;
}

/* Appends the children of `pid`, as far as there is room; false where they are not listed. */
static bool add_children(pid_t pid, pid_t *found, size_t *count)
{
	char path[64], text[4096];
	size_t have = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (;;) {
		ssize_t n = read(fd, text + have, sizeof text - 1 - have);

		if (n <= 0)
			break;
		have += (size_t)n;
		text[have] = '\0';
		/* A number is whole once the blank behind it is there; the rest waits for the next
		 * read. */
		char *at = text, *end;
		for (long id = strtol(at, &end, 10); *end == ' '; id = strtol(at, &end, 10)) {
			if (*count < TREE_MAX)
				found[(*count)++] = (pid_t)id;
			at = end + 1;
		}
		size_t rest = have - (size_t)(at - text);
		for (size_t i = 0; i < rest; i++)
			text[i] = at[i];
		have = rest;
	}
	close(fd);
	return true;
}

/* Kills every descendant that can be seen now; false if they cannot be listed. */
static bool kill_descendants(void)
{
	static pid_t found[TREE_MAX];
	size_t count = 0;

	if (!add_children(getpid(), found, &count))
		return false;
	/* A process is listed before it is killed: its children stay in sight. */
	for (size_t i = 0; i < count; i++) {
		add_children(found[i], found, &count);
		kill(found[i], SIGKILL);
	}
	return true;
}

/* Reaps what has ended; *status gets the status of `child`.  False when no child is left at all. */
static bool reap(pid_t child, int *status, bool *ended)
{
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = st;
		*ended = true;
	}
	return pid == 0;
}

bool jail_keep_start(pid_t parent)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Nobody of the converter's user may trace or stop us by looking into us. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return !parent || getppid() == parent;
}

/* Until SIGTERM or SIGCHLD, or for a while if there is something to watch; the signal, 0: none. */
static int wait_news(const sigset_t *set, bool watched)
{
	const struct timespec between = {.tv_nsec = JAIL_WATCH_MS * 1000000L};
	int sig = watched ? sigtimedwait(set, NULL, &between) : sigwaitinfo(set, NULL);

	return sig < 0 ? 0 : sig;
}

/* Waits for a reason to end; the status so far. */
static int follow(pid_t child, enum jail_stop how, const struct jail_watch *watch, bool *ended)
{
	int status = SIGTERM; /* as if ended by it, unless the child's own end is seen */
	bool watched = watch && jail_watch_needed(watch->options, watch->state);
	sigset_t set, child_only;

	sigemptyset(&child_only);
	sigaddset(&child_only, SIGCHLD);
	set = child_only;
	sigaddset(&set, SIGTERM);
	while (!*ended && reap(child, &status, ended) && !*ended) {
		int sig = wait_news(&set, watched);
		int over = watched ? jail_watch_exceeded(watch->options, watch->state) : 0;

		if (over)
			return over;
		if (sig != SIGTERM)
			continue;
		if (how == JAIL_STOP_KILL)
			break;
		kill(child, SIGTERM);
		kill(child, SIGCONT);
		wait_signal(&child_only, ASK_MS);
		break;
	}
	return status;
}

int jail_keep(pid_t child, enum jail_stop how, const struct jail_watch *watch)
{
	bool ended = false;
	int status = follow(child, how, watch, &ended), last = status;
	sigset_t child_only;

	sigemptyset(&child_only);
	sigaddset(&child_only, SIGCHLD);
	/* The group first, in one call: what forks faster than we look cannot outrun that. */
	if (how == JAIL_STOP_KILL)
		kill(-child, SIGKILL);
	while (reap(child, &last, &ended)) {
		if (!kill_descendants()) {
			kill(child, SIGKILL);
			break;
		}
		wait_signal(&child_only, BETWEEN_PASSES_MS);
	}
	return status == SIGTERM ? last : status;
}

_Noreturn void jail_become_keeper(
	const struct jail_options *o, struct jail_state *st, pid_t launcher, int flags)
{
	struct jail_watch watch = {.options = o, .state = st};

	if (!jail_keep_start(launcher))
		_exit(JAIL_EXIT_BROKEN);
	pid_t self = getpid();
	pid_t converter = fork();
	if (converter < 0)
		_exit(JAIL_EXIT_BROKEN);
	if (converter == 0)
		jail_become_converter(o, st, self, flags);
	jail_drop_descriptors();
	st->status = jail_keep(converter, JAIL_STOP_KILL, &watch);
	st->ended = true;
	/* Here too: the launcher may be gone. */
	if (*st->work_dir)
		jail_dir_remove(st->work_dir);
	_exit(0);
}
