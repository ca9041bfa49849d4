/*
 * trawl-jail: starts one converter, confined, and ends all of it.
 *
 *   trawld ── launcher ── keeper ── converter ── …
 *
 * Launcher and keeper are this program.  The keeper is init of a process
 * namespace (jail_init) where that is to be had, else one of two subreapers
 * (jail_tree).  Neither the end of the daemon, nor of any one of them, leaves a
 * process behind.
 */
#include "convert/jail.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET_FD = 3, EXIT_MAX = 255 };

static const char usage[] =
	"usage: trawl-jail [-s] [-c seconds] [-d directory] [-f bytes] [-m bytes] [-n processes]\n"
	"                  [-P parent] [-x required|best-effort|off] -- program [argument ...]\n"
#ifdef TRAWL_JAIL_SWITCHES
	"                  [-w layer,...] switches layers off\n"
#endif
	"       trawl-jail [-x mode] --probe\n";

_Noreturn static void fail_usage(void)
{
	fputs(usage, stderr);
	exit(JAIL_EXIT_USAGE);
}

static long long number(const char *s)
{
	char *end;

	errno = 0;
	long long n = strtoll(s, &end, 10);
	if (errno || end == s || *end || n < 0)
		fail_usage();
	return n;
}

static enum jail_mode mode_of(const char *word)
{
	if (!strcmp(word, "required"))
		return JAIL_REQUIRED;
	if (!strcmp(word, "best-effort"))
		return JAIL_BEST_EFFORT;
	if (!strcmp(word, "off"))
		return JAIL_OFF;
	fail_usage();
}

#ifdef TRAWL_JAIL_SWITCHES
/* For tests of what a layer holds alone; never in what is installed. */
static unsigned without(unsigned wanted, const char *list)
{
	static const char *const words[] = {
#define X(name, word) word,
		JAIL_LAYER_TABLE(X)
#undef X
	};

	for (const char *at = list; *at; at += *at == ',') {
		size_t n = strcspn(at, ","), i = 0;

		while (i < JAIL_LAYER_COUNT &&
			(strlen(words[i]) != n || strncmp(words[i], at, n) != 0))
			i++;
		if (i == JAIL_LAYER_COUNT)
			fail_usage();
		wanted &= ~(1U << i);
		at += n;
	}
	return wanted;
}
#define SWITCHES "w:"
#else
#define SWITCHES ""
#endif

static void parse_options(int argc, char **argv, struct jail_options *o)
{
	static const struct option longs[] = {{"probe", no_argument, NULL, 'p'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "+c:d:f:m:n:P:sx:" SWITCHES, longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->cpu_s = number(optarg);
			break;
		case 'd':
			o->work_base = optarg;
			break;
		case 'f':
			o->file_bytes = number(optarg);
			break;
		case 'm':
			o->memory = number(optarg);
			break;
		case 'n':
			o->processes = number(optarg);
			break;
		case 'P':
			o->parent = (pid_t)number(optarg);
			break;
		case 'p':
			o->probe = true;
			break;
		case 's':
			o->serve = true;
			break;
		case 'x':
			o->mode = mode_of(optarg);
			break;
#ifdef TRAWL_JAIL_SWITCHES
		case 'w':
			o->wanted = without(o->wanted, optarg);
			break;
#endif
		default:
			fail_usage();
		}
	}
	o->argv = argv + optind;
	if (!o->probe && !o->argv[0])
		fail_usage();
}

/* Ends as the converter did: by the same signal, or with the same status. */
_Noreturn static void end_as(int status)
{
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	int sig = WTERMSIG(status);
	sigset_t one;

	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	_exit(JAIL_EXIT_BROKEN);
}

_Noreturn static void fail(const char *what)
{
	dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", what, strerror(errno));
	_exit(JAIL_EXIT_BROKEN);
}

void jail_drop_descriptors(void)
{
	close_range(0, ~0U, 0);
}

/* Starts keeper and converter, and waits for the end of all. */
static void run(const struct jail_options *o, struct jail_state *st)
{
	int flags;
	pid_t self = getpid();
	int self_fd = pidfd_open(self, 0);
	pid_t keeper = jail_ns_fork(o, &flags);
	bool init = flags & CLONE_NEWPID;

	if (keeper < 0 || self_fd < 0)
		fail("cannot start");
	if (keeper == 0 && init)
		jail_become_init(o, st, self_fd, flags);
	if (keeper == 0)
		jail_become_keeper(o, st, self, flags);
	jail_drop_descriptors();
	if (init)
		jail_init_wait(keeper);
	else
		(void)jail_keep(keeper, JAIL_STOP_ASK, NULL);
	if (*st->work_dir)
		jail_dir_remove(st->work_dir);
}

/* The three processes' common page, of which each sees what the others write. */
static struct jail_state *share(void)
{
	struct jail_state *st =
		mmap(NULL, sizeof *st, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (st == MAP_FAILED)
		fail("mmap");
	return st;
}

static void prepare(const struct jail_options *o)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (!jail_keep_start(o->parent))
		_exit(JAIL_EXIT_BROKEN);
	if (close_range(o->serve ? SOCKET_FD + 1 : SOCKET_FD, ~0U, 0))
		fail("close_range");
	umask(077);
	/* None of us dumps core by the signal that the converter died of, not even into a pipe. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
}

_Noreturn static void launch(const struct jail_options *o)
{
	prepare(o);
	struct jail_state *st = share();
	run(o, st);
	/* What kept the converter from starting comes before how it ended; one number is ours
	 * alone. */
	if (st->exit_status)
		_exit(st->exit_status);
	int status = st->ended ? st->status : SIGKILL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == JAIL_EXIT_BROKEN)
		_exit(EXIT_MAX);
	end_as(status);
}

/* The layers are put on as for a converter, which then ends: what holds here holds for one. */
static int probe(const struct jail_options *o)
{
	struct jail_state *st = share();
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot start");
	if (pid == 0) {
		prepare(o);
		run(o, st);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* Told on standard error: without a process there are no layers. */
	if (st->exit_status)
		st->missing = "a process to put them on";
	jail_layers_print(o, st);
	return fflush(stdout) || st->exit_status ? JAIL_EXIT_BROKEN : 0;
}

int main(int argc, char **argv)
{
	struct jail_options o = {
		.mode = JAIL_REQUIRED,
		.work_base = "/tmp",
		.processes = 1,
		.uid = geteuid(),
		.gid = getegid(),
		.wanted = (1U << JAIL_LAYER_COUNT) - 1,
	};

	parse_options(argc, argv, &o);
	if (o.probe)
		return probe(&o);
	launch(&o);
}
