/*
 * trawl-jail: starts one converter, confined, and ends all of it.
 *
 *   trawld ── launcher ── keeper ── converter ── …
 *
 * The launcher and the keeper are this program; both inherit orphans, and each is
 * told when its parent dies.  So neither the end of the daemon, nor of any one of
 * them, leaves a process behind.  In a PID namespace the keeper will be its init.
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET_FD = 3, EXIT_MAX = 255 };

/* Shared between keeper and converter until exec: what kept it from starting. */
struct report {
	volatile int exit_status; /* JAIL_EXIT_*, 0: nothing did */
};

static const char usage[] =
	"usage: trawl-jail [-s] [-c seconds] [-d directory] [-f bytes] [-m bytes] [-n processes]\n"
	"                  [-P parent] [-x required|best-effort|off] -- program [argument ...]\n"
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

static void parse_options(int argc, char **argv, struct jail_options *o)
{
	static const struct option longs[] = {{"probe", no_argument, NULL, 'p'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "+c:d:f:m:n:P:sx:", longs, NULL)) != -1) {
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
		default:
			fail_usage();
		}
	}
	o->argv = argv + optind;
	if (!o->probe && !o->argv[0])
		fail_usage();
}

/* --- the converter's process, up to its exec --- */

/* What the converter finds in its environment: of the daemon's, what the contract names. */
static char **clean_environment(const char *work_dir)
{
	static const char *const kept[] = {
		"TRAWL_NAME",
		"TRAWL_TYPE",
		"TRAWL_LIMIT",
#if TRAWL_SANITIZED
		"ASAN_OPTIONS",
		"LSAN_OPTIONS",
		"TSAN_OPTIONS",
		"UBSAN_OPTIONS",
#endif
	};
	enum { KEPT = sizeof kept / sizeof kept[0] };
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
	static char tmpdir[PATH_MAX + sizeof "TMPDIR="];
	static char *env[KEPT + 4];
	size_t n = 0;

	snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%s", work_dir);
	env[n++] = path;
	env[n++] = lang;
	env[n++] = tmpdir;
	for (size_t i = 0; i < KEPT; i++) {
		size_t len = strlen(kept[i]);

		for (char **e = environ; *e; e++)
			if (!strncmp(*e, kept[i], len) && (*e)[len] == '=')
				env[n++] = *e;
	}
	env[n] = NULL;
	return env;
}

_Noreturn static void become_converter(
	const struct jail_options *o, const char *work_dir, pid_t keeper, struct report *report)
{
	unsigned active;
	const char *missing;
	sigset_t none;

	report->exit_status = JAIL_EXIT_BROKEN;
	setsid();
	if (chdir(work_dir)) {
		dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", work_dir, strerror(errno));
		_exit(JAIL_EXIT_BROKEN);
	}
	if (!jail_layers_apply(o, &active, &missing)) {
		dprintf(STDERR_FILENO,
			"trawl-jail: sandbox = required, but this layer is not to be had here: "
			"%s\n",
			missing);
		report->exit_status = JAIL_EXIT_REFUSED;
		_exit(JAIL_EXIT_REFUSED);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Behind the layers, since a change of credentials clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(JAIL_EXIT_BROKEN);
	report->exit_status = 0;
	execve(o->argv[0], o->argv, clean_environment(work_dir));
	int error = errno;
	bool ours = error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE;
	report->exit_status = ours ? JAIL_EXIT_BROKEN : JAIL_EXIT_NO_PROGRAM;
	dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", o->argv[0], strerror(error));
	_exit(report->exit_status);
}

/* --- the two keepers --- */

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

/* A copy of the converter's descriptors here would keep its pipes open when it is gone. */
static void drop_descriptors(void)
{
	close_range(0, ~0U, 0);
}

_Noreturn static void become_keeper(
	const struct jail_options *o, const char *work_dir, pid_t launcher)
{
	struct report *report = mmap(
		NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (report == MAP_FAILED || !jail_keep_start(launcher))
		_exit(JAIL_EXIT_BROKEN);
	pid_t self = getpid();
	pid_t converter = fork();
	if (converter < 0)
		_exit(JAIL_EXIT_BROKEN);
	if (converter == 0)
		become_converter(o, work_dir, self, report);
	drop_descriptors();
	int status = jail_keep(converter, JAIL_STOP_KILL);
	jail_dir_remove(work_dir);
	if (report->exit_status)
		_exit(report->exit_status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == JAIL_EXIT_BROKEN)
		_exit(EXIT_MAX);
	end_as(status);
}

_Noreturn static void launch(const struct jail_options *o)
{
	char work_dir[PATH_MAX];
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (!jail_keep_start(o->parent))
		_exit(JAIL_EXIT_BROKEN);
	if (close_range(o->serve ? SOCKET_FD + 1 : SOCKET_FD, ~0U, 0)) {
		dprintf(STDERR_FILENO, "trawl-jail: close_range: %s\n", strerror(errno));
		_exit(JAIL_EXIT_BROKEN);
	}
	umask(077);
	if (!jail_dir_make(o->work_base, work_dir, sizeof work_dir)) {
		dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", work_dir, strerror(errno));
		_exit(JAIL_EXIT_BROKEN);
	}
	/* Neither of us dumps core by the signal that the converter died of. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	pid_t self = getpid();
	pid_t keeper = fork();
	if (keeper == 0)
		become_keeper(o, work_dir, self);
	if (keeper < 0) {
		dprintf(STDERR_FILENO, "trawl-jail: fork: %s\n", strerror(errno));
		jail_dir_remove(work_dir);
		_exit(JAIL_EXIT_BROKEN);
	}
	drop_descriptors();
	int status = jail_keep(keeper, JAIL_STOP_ASK);
	jail_dir_remove(work_dir);
	end_as(status);
}

/* The layers are tried on ourselves: what holds here holds for a converter. */
static int probe(const struct jail_options *o)
{
	unsigned active;
	const char *missing;

	(void)jail_layers_apply(o, &active, &missing);
	jail_layers_print(o, active);
	return fflush(stdout) ? JAIL_EXIT_BROKEN : 0;
}

int main(int argc, char **argv)
{
	struct jail_options o = {.mode = JAIL_REQUIRED, .work_base = "/tmp", .processes = 1};

	parse_options(argc, argv, &o);
	if (o.probe)
		return probe(&o);
	launch(&o);
}
