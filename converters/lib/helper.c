/* helper: spawn, read, wait; see helper.h. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The child keeps descriptors 0 to 2 only.  Returns an errno. */
static int spawn(const char *const argv[], int fd, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char *const *words;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	/* posix_spawnp takes as not const what it does not change */
	memcpy(&words, &argv, sizeof words);
	error = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!error)
		error = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* False: the sink had enough. */
static bool drain(int fd, helper_sink *sink, void *ctx)
{
	char bytes[64 * 1024];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof bytes)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return true;
		if (!sink(ctx, bytes, (size_t)got))
			return false;
	}
	return true;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : HELPER_SIGNAL + WTERMSIG(status);
}

int helper_run(const char *const argv[], int fd, off_t offset, helper_sink *sink, void *ctx)
{
	int pipe_fds[2];
	pid_t pid;

	if (lseek(fd, offset, SEEK_SET) < 0 || pipe2(pipe_fds, O_CLOEXEC))
		return -1;
	int error = spawn(argv, fd, pipe_fds[1], &pid);
	close(pipe_fds[1]);
	if (error) {
		close(pipe_fds[0]);
		errno = error;
		return error == ENOENT ? HELPER_MISSING : -1;
	}
	bool wanted = drain(pipe_fds[0], sink, ctx);
	close(pipe_fds[0]);
	if (!wanted)
		kill(pid, SIGKILL);
	int status = wait_for(pid);
	return wanted ? status : 0;
}
