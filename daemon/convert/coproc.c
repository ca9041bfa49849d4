/* coproc: watching and ending one converter process; see coproc.h.  Starting it is in launch.c. */
#include "convert/coproc.h"

#include "core/log.h"
#include "core/now.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	STOP_EVERY_MS = 100, /* how often `stop` is looked at without being woken */
	END_WAIT_MS = 2000   /* for the launcher to end its tree, before it is killed itself */
};

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- watching --- */

unsigned coproc_wait(struct coproc *p, const struct coproc_host *host, int64_t deadline_ms)
{
	struct pollfd fds[] = {
		{.fd = p->out, .events = POLLIN},
		{.fd = p->err, .events = POLLIN},
		{.fd = p->pidfd, .events = POLLIN},
		{.fd = host->wake_fd, .events = POLLIN},
	};
	static const unsigned bits[] = {COPROC_OUT, COPROC_ERR, COPROC_ENDED, 0};

	for (;;) {
		unsigned events = 0;
		int64_t left = deadline_ms - now_mono_ms();
		int wait = left <= 0 ? 0 : left < STOP_EVERY_MS ? (int)left : STOP_EVERY_MS;
		int n = poll(fds, sizeof fds / sizeof fds[0], wait);

		if (atomic_load_explicit(host->stop, memory_order_relaxed))
			events |= COPROC_STOP;
		if (left <= 0)
			events |= COPROC_LATE;
		for (size_t i = 0; n > 0 && i < sizeof fds / sizeof fds[0]; i++)
			if (fds[i].revents)
				events |= bits[i];
		if (events)
			return events;
		/* Woken without a reason that is still true. */
		if (n > 0 && fds[3].revents) {
			eventfd_t value;
			(void)eventfd_read(host->wake_fd, &value);
		}
	}
}

void coproc_close_out(struct coproc *p)
{
	close_if_open(&p->out);
}

void coproc_listen(struct coproc *p)
{
	p->said_len = 0;
	p->said_total = 0;
}

void coproc_hear(struct coproc *p)
{
	char spare[16384];

	for (int turns = 0; p->err >= 0 && turns < 16; turns++) {
		ssize_t n = read(p->err, spare, sizeof spare);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_if_open(&p->err);
			return;
		}
		size_t room = sizeof p->said - p->said_len;
		size_t kept = (size_t)n < room ? (size_t)n : room;
		memcpy(p->said + p->said_len, spare, kept);
		p->said_len += kept;
		p->said_total += n;
	}
}

/* --- ending --- */

bool coproc_has_ended(const struct coproc *p)
{
	return poll(&(struct pollfd){.fd = p->pidfd, .events = POLLIN}, 1, 0) > 0;
}

void coproc_end(struct coproc *p)
{
	if (!coproc_is_running(p) || p->ending)
		return;
	p->ending = true;
	/* Our child, and not reaped yet: the number is its own still.  A stopped one must go on. */
	kill(p->launcher, SIGTERM);
	kill(p->launcher, SIGCONT);
}

struct coproc_end coproc_reap(struct coproc *p)
{
	struct coproc_end end = {.by_signal = true, .code = SIGKILL};
	int status;
	pid_t pid;

	BUG_UNLESS(coproc_is_running(p));
	while ((pid = waitpid(p->launcher, &status, 0)) < 0 && errno == EINTR)
		;
	if (pid == p->launcher && WIFEXITED(status))
		end = (struct coproc_end){.by_signal = false, .code = WEXITSTATUS(status)};
	else if (pid == p->launcher && WIFSIGNALED(status))
		end.code = WTERMSIG(status);
	coproc_hear(p);
	close_if_open(&p->out);
	close_if_open(&p->err);
	close_if_open(&p->pidfd);
	p->launcher = 0;
	return end;
}

struct coproc_end coproc_finish(struct coproc *p)
{
	coproc_end(p);
	/* Our ends are closed first: who is blocked on a full pipe comes free. */
	close_if_open(&p->out);
	struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};
	int64_t until = now_mono_ms() + END_WAIT_MS;
	for (;;) {
		int64_t left = until - now_mono_ms();

		if (poll(&fd, 1, left > 0 ? (int)left : 0) > 0)
			break;
		if (left > 0)
			continue;
		/* A process stuck in the kernel holds it up: it has its SIGKILL, the keeper stays.
		 */
		log_warning("converter process %d does not end: killing its launcher",
			(int)p->launcher);
		kill(p->launcher, SIGKILL);
		break;
	}
	return coproc_reap(p);
}
