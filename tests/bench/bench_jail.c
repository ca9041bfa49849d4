/*
 * bench_jail: what a launcher costs: a command by itself, or through trawl-jail.
 *
 *     bench_jail run RUNS PARALLEL program [argument ...]
 *
 * starts the command again and again, so many at a time.  It reads an empty file, and what it prints is dropped.
 * Prints microseconds from before each spawn until it is reaped, one line a run; then the wall clock of all.
 *
 *     bench_jail serve DOCUMENTS program [argument ...]
 *
 * starts it once, as a persistent converter on descriptor 3, and gives it documents of 11 KB, each in a sealed memfd
 * of its own as a worker does.  Prints the microseconds of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* False unless the command was run and ended with status 0. */
static int run(char **argv)
{
	int status;
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ))
		return 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void work(long runs, char **argv, int out)
{
	for (long i = 0; i < runs; i++) {
		int64_t began = now_us();

		if (!run(argv)) {
			fprintf(stderr, "bench_jail: %s failed\n", argv[0]);
			_exit(1);
		}
		dprintf(out, "%lld\n", (long long)(now_us() - began));
	}
	_exit(0);
}

static int run_all(long runs, long parallel, char **argv, int out)
{
	int64_t began = now_us();
	int failed = 0;

	for (long i = 0; i < parallel; i++)
		if (fork() == 0)
			work(runs / parallel, argv, out);
	for (int status; wait(&status) > 0;)
		failed |= status != 0;
	dprintf(out, "%lld\n", (long long)(now_us() - began));
	return failed;
}

/* --- serve --- */

enum { HEAD = 5, DOCUMENT = 11000, SOCKET_FD = 3 };

static pid_t start(char **argv, int theirs)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, SOCKET_FD);
	int rc = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? -1 : pid;
}

static int make_document(const char *text)
{
	int fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, text, DOCUMENT) != DOCUMENT || lseek(fd, 0, SEEK_SET) ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return -1;
	return fd;
}

static int ask(int socket, int document)
{
	static const char json[] =
		"{\"name\":\"a.txt\",\"type\":\"text/plain\",\"limit\":1048576,\"size\":11000}";
	char head[HEAD] = {'Q', (char)(sizeof json - 1)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov[] = {{head, HEAD}, {(void *)(uintptr_t)json, sizeof json - 1}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &document, sizeof(int));
	return sendmsg(socket, &msg, MSG_NOSIGNAL) > 0;
}

/* Reads records until the last of the answer; false if it is none, or the text did not come. */
static int hear(int socket)
{
	static unsigned char bytes[1 << 20];
	size_t have = 0, text = 0;

	for (;;) {
		ssize_t n = read(socket, bytes + have, sizeof bytes - have);
		size_t at = 0;

		if (n <= 0)
			return 0;
		have += (size_t)n;
		while (have - at >= HEAD) {
			size_t payload = bytes[at + 1] | (size_t)bytes[at + 2] << 8 |
					 (size_t)bytes[at + 3] << 16 | (size_t)bytes[at + 4] << 24;

			if (have - at - HEAD < payload)
				break;
			if (bytes[at] == 'D')
				return text == DOCUMENT;
			text += bytes[at] == 'T' ? payload : 0;
			at += HEAD + payload;
		}
		memmove(bytes, bytes + at, have - at);
		have -= at;
	}
}

static int serve(long documents, char **argv, int out)
{
	static char text[DOCUMENT];
	int pair[2];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i % 70 == 69 ? '\n' : i % 7 == 6 ? ' ' : 'a' + i % 26);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return 1;
	pid_t pid = start(argv, pair[1]);
	close(pair[1]);
	int64_t began = 0;
	/* The first starts it. */
	for (long i = 0; pid > 0 && i <= documents; i++) {
		int fd = make_document(text);

		if (fd < 0 || !ask(pair[0], fd) || !hear(pair[0])) {
			fprintf(stderr, "bench_jail: no answer to document %ld\n", i);
			return 1;
		}
		close(fd);
		if (i == 0)
			began = now_us();
	}
	dprintf(out, "%lld\n", (long long)(now_us() - began));
	close(pair[0]);
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

int main(int argc, char **argv)
{
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return 1;
	if (argc > 4 && !strcmp(argv[1], "run"))
		return run_all(atol(argv[2]), atol(argv[3]), argv + 4, out);
	if (argc > 3 && !strcmp(argv[1], "serve"))
		return serve(atol(argv[2]), argv + 3, out);
	fprintf(stderr, "usage: bench_jail run runs parallel program [argument ...]\n"
			"       bench_jail serve documents program [argument ...]\n");
	return 2;
}
