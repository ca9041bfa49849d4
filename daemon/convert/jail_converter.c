/* jail_converter: the converter's process, up to its exec. */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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

_Noreturn static void refuse(struct jail_state *st)
{
	dprintf(STDERR_FILENO,
		"trawl-jail: sandbox = required, but this layer is not to be had here: %s\n",
		st->missing);
	st->exit_status = JAIL_EXIT_REFUSED;
	_exit(JAIL_EXIT_REFUSED);
}

/* By its name; else, where that lies in a directory that is closed to the user that we have become,
 * by the descriptor that was opened before. */
static void execute(const struct jail_options *o, char **env)
{
	execve(o->argv[0], o->argv, env);
	if (errno == EACCES && jail_words.count && jail_words.path[0] == o->argv[0])
		execveat(jail_words.fd[0], "", o->argv, env, AT_EMPTY_PATH);
}

_Noreturn void jail_become_converter(
	const struct jail_options *o, struct jail_state *st, pid_t keeper, int flags)
{
	sigset_t none;

	st->exit_status = JAIL_EXIT_BROKEN;
	setsid();
	if (keeper) {
		/* No init above it that has done this. */
		if (!jail_ns_enter(o, flags))
			flags = 0;
		if (!jail_furnish(o, st, flags))
			_exit(JAIL_EXIT_BROKEN);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != keeper)
			_exit(JAIL_EXIT_BROKEN);
	}
	st->uid = o->wanted & jail_bit(JAIL_UID) && st->active & jail_bit(JAIL_UID) ? JAIL_NOBODY
										    : o->uid;
	char **env = clean_environment(*st->work_dir ? st->work_dir : JAIL_WORK);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	jail_layers_apply(o, st);
	if (o->probe) {
		st->exit_status = 0;
		_exit(0);
	}
	if (o->mode == JAIL_REQUIRED && st->missing)
		refuse(st);
	st->exit_status = 0;
	execute(o, env);
	int error = errno;
	bool ours = error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE;
	st->exit_status = ours ? JAIL_EXIT_BROKEN : JAIL_EXIT_NO_PROGRAM;
	dprintf(STDERR_FILENO, "trawl-jail: %s: %s\n", o->argv[0], strerror(error));
	_exit(st->exit_status);
}
