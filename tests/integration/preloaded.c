/*
 * preloaded: faults for the daemon of a test, by LD_PRELOAD: a device that answers nothing any more, a start that is
 * interrupted or fails.
 *
 * TRAWL_TEST_DEAD    a file: while its text is part of a path, who opens or looks at that path waits,
 *                    and TRAWL_TEST_DEAD.waits comes to be
 * TRAWL_TEST_EARLY   set: SIGTERM comes as soon as the socket is bound, and the writer's first write takes long
 * TRAWL_TEST_NO_PIPE set: the socket cannot be listened at
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_dead(const char *path)
{
	const char *control = getenv("TRAWL_TEST_DEAD");
	char part[256];
	ssize_t n = -1;

	if (!control || !path)
		return 0;
	int fd = REAL(open)(control, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, part, sizeof part - 1);
		close(fd);
	}
	if (n <= 0)
		return 0;
	part[n] = '\0';
	return strstr(path, part) != NULL;
}

static void wait_while_dead(const char *path)
{
	char sign[4096];

	if (!is_dead(path))
		return;
	snprintf(sign, sizeof sign, "%s.waits", getenv("TRAWL_TEST_DEAD"));
	close(REAL(open)(sign, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	while (is_dead(path))
		usleep(20 * 1000);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	wait_while_dead(path);
	return REAL(open)(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	wait_while_dead(path);
	return REAL(openat)(dir, path, flags, mode);
}

int stat(const char *path, struct stat *out)
{
	wait_while_dead(path);
	return REAL(stat)(path, out);
}

long syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_openat2)
		wait_while_dead((const char *)a[1]);
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int rc = REAL(bind)(fd, address, length);

	if (rc == 0 && getenv("TRAWL_TEST_EARLY"))
		kill(getpid(), SIGTERM);
	return rc;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	static atomic_bool written;
	char name[16] = "";

	if (getenv("TRAWL_TEST_EARLY") && pthread_getname_np(pthread_self(), name, sizeof name) == 0 &&
		strcmp(name, "writer") == 0 && !atomic_exchange(&written, 1))
		sleep(1);
	return REAL(pwrite64)(fd, data, n, at);
}

int uv_pipe_init(uv_loop_t *loop, uv_pipe_t *pipe, int ipc)
{
	return getenv("TRAWL_TEST_NO_PIPE") ? UV_ENOMEM : REAL(uv_pipe_init)(loop, pipe, ipc);
}
