/*
 * launch: starts a converter through trawl-jail, its ends connected to ours; the part of coproc
 * before there is a process.
 */
#include "convert/coproc.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FILE_MAX_BYTES = 256 << 20, /* of any file that a converter writes */
	OPTION_WORDS = 16,
	SOCKET_FD = 3
};

const char *coproc_sandbox_word(enum config_sandbox mode)
{
	static const char *const words[] = {
		[SANDBOX_REQUIRED] = "required",
		[SANDBOX_BEST_EFFORT] = "best-effort",
		[SANDBOX_OFF] = "off",
	};

	return words[mode];
}

/* The two ends of everything between us and the child; -1: not open. */
struct ends {
	int out_ours, out_theirs;
	int err_ours, err_theirs;
	int null; /* /dev/null, for a persistent converter's descriptor 0 */
};

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void ends_close_theirs(struct ends *e)
{
	close_if_open(&e->out_theirs);
	close_if_open(&e->err_theirs);
	close_if_open(&e->null);
}

static void ends_close(struct ends *e)
{
	ends_close_theirs(e);
	close_if_open(&e->out_ours);
	close_if_open(&e->err_ours);
}

static bool ends_open(struct ends *e, bool serve)
{
	int pair[2];

	*e = (struct ends){-1, -1, -1, -1, -1};
	if (pipe2(pair, O_CLOEXEC))
		return false;
	e->err_ours = pair[0];
	e->err_theirs = pair[1];
	if (serve ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)
		  : pipe2(pair, O_CLOEXEC))
		goto err_after_open;
	e->out_ours = pair[0];
	e->out_theirs = pair[1];
	if (serve)
		e->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (serve && e->null < 0)
		goto err_after_open;
	/* Ours only: the converter's ends block, as it may expect. */
	if (fcntl(e->out_ours, F_SETFL, O_NONBLOCK) || fcntl(e->err_ours, F_SETFL, O_NONBLOCK))
		goto err_after_open;
	return true;

err_after_open:;
	int saved = errno;
	ends_close(e);
	errno = saved;
	return false;
}

/* The launcher's argv and environment, over memory of this struct and of the converter. */
struct command {
	char parent[24], memory[24], cpu[24], file[24], processes[24];
	const char **argv;         /* owned; its words are not */
	char *name, *type, *limit; /* owned */
	char *env[8];
};

static void command_finish(struct command *c)
{
	mem_free(c->argv);
	mem_free(c->name);
	mem_free(c->type);
	mem_free(c->limit);
}

static int add_option(const char **argv, int n, const char *option, const char *value)
{
	argv[n++] = option;
	argv[n++] = value;
	return n;
}

static bool command_argv(struct command *c, const struct coproc_host *host,
	const struct converter *converter, bool serve)
{
	size_t words = 0;
	int n = 0;

	while (converter->argv[words])
		words++;
	c->argv = mem_resize(NULL, words + OPTION_WORDS + 1, sizeof *c->argv);
	if (!c->argv)
		return false;
	c->argv[n++] = "trawl-jail";
	n = add_option(c->argv, n, "-x", host->sandbox);
	n = add_option(c->argv, n, "-d", host->work_base);
	snprintf(c->parent, sizeof c->parent, "%d", (int)getpid());
	n = add_option(c->argv, n, "-P", c->parent);
	snprintf(c->memory, sizeof c->memory, "%lld", (long long)converter->memory_bytes);
	n = add_option(c->argv, n, "-m", c->memory);
	snprintf(c->file, sizeof c->file, "%d", FILE_MAX_BYTES);
	n = add_option(c->argv, n, "-f", c->file);
	snprintf(c->processes, sizeof c->processes, "%lld", (long long)converter->processes);
	n = add_option(c->argv, n, "-n", c->processes);
	if (serve) {
		/* Its processor time adds up over documents: the wall clock of each bounds it. */
		c->argv[n++] = "-s";
	} else {
		snprintf(c->cpu, sizeof c->cpu, "%lld",
			(long long)(converter->time_ms + 999) / 1000);
		n = add_option(c->argv, n, "-c", c->cpu);
	}
	c->argv[n++] = "--";
	for (size_t i = 0; i <= words; i++)
		c->argv[n++] = converter->argv[i];
	return true;
}

/* The launcher makes the converter's environment; it takes these from its own. */
static bool command_env(struct command *c, const struct coproc_document *document)
{
	size_t n = 0;

	if (document) {
		c->name = mem_printf("TRAWL_NAME=%s", document->name);
		c->type = mem_printf("TRAWL_TYPE=%s", document->type);
		c->limit = mem_printf("TRAWL_LIMIT=%lld", (long long)document->text_limit);
		if (!c->name || !c->type || !c->limit)
			return false;
		c->env[n++] = c->name;
		c->env[n++] = c->type;
		c->env[n++] = c->limit;
	}
#if TRAWL_SANITIZED
	static const char *const passed[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS="};
	for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
		for (char **e = environ; *e; e++)
			if (!strncmp(*e, passed[i], strlen(passed[i])))
				c->env[n++] = *e;
#endif
	c->env[n] = NULL;
	return true;
}

/* Spawns the launcher on the ends; 0 or an errno. */
static int spawn(const char *jail, const struct command *c, const struct ends *e, int stdin_fd,
	bool serve, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all;

	int rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc)
		goto err_after_actions;
	sigfillset(&all);
	rc = posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
	/* What a persistent converter prints is no document's text: it goes with diagnostics. */
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(
			&actions, serve ? e->err_theirs : e->out_theirs, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, e->err_theirs, STDERR_FILENO);
	/* Last: it may overwrite any of the above. */
	if (!rc && serve)
		rc = posix_spawn_file_actions_adddup2(&actions, e->out_theirs, SOCKET_FD);
	if (rc)
		goto err_after_attr;
	/* All blocked: the launcher waits for signals, and gives the converter an empty mask.  A
	 * session of its own: what is typed at the daemon's terminal is for the daemon. */
	posix_spawnattr_setsigmask(&attr, &all);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	/* posix_spawn's argv is not const for historical reasons only. */
	union {
		const char **in;
		char **out;
	} argv = {c->argv};
	rc = posix_spawn(pid, jail, &actions, &attr, argv.out, (char *const *)c->env);

err_after_attr:
	posix_spawnattr_destroy(&attr);
err_after_actions:
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

enum status coproc_start(struct coproc *p, const struct coproc_host *host,
	const struct converter *converter, const struct coproc_document *document)
{
	struct command command = {0};
	struct ends ends;
	bool serve = !document;
	enum status st = ST_NOMEM;
	int error = ENOMEM;

	BUG_UNLESS(!coproc_is_running(p));
	if (!command_argv(&command, host, converter, serve) || !command_env(&command, document))
		goto err_after_nothing;
	st = ST_SYSTEM;
	if (!ends_open(&ends, serve)) {
		error = errno;
		goto err_after_nothing;
	}
	error = spawn(
		host->jail, &command, &ends, serve ? ends.null : document->fd, serve, &p->launcher);
	if (error)
		goto err_after_ends;
	ends_close_theirs(&ends);
	p->pidfd = pidfd_open(p->launcher, 0);
	if (p->pidfd < 0) {
		error = errno;
		goto err_after_spawn;
	}
	p->out = ends.out_ours;
	p->err = ends.err_ours;
	p->ending = false;
	coproc_listen(p);
	stats_add(converter_launches, 1);
	command_finish(&command);
	return ST_OK;

err_after_spawn:
	/* Rare (no descriptor left).  Asked to end, it ends its tree: waiting for it is short. */
	kill(p->launcher, SIGTERM);
	waitpid(p->launcher, NULL, 0);
err_after_ends:
	p->launcher = 0;
	ends_close(&ends);
err_after_nothing:
	command_finish(&command);
	errno = error;
	return st;
}
