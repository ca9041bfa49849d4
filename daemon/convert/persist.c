/*
 * persist: a converter that serves many documents over a socket, one after another.
 *
 * The process is started on the first document and recycled after so many, when
 * it has grown, when it is idle, and on anything but a clean end of an answer.
 */
#include "convert/attempt.h"
#include "convert/outcome.h"
#include "convert/request.h"
#include "core/log.h"
#include "core/now.h"
#include "core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	DOCUMENTS_MAX = 10000,     /* one process serves */
	GROWTH_EVERY = 64,         /* documents between two looks at its memory */
	AFTER_LIMIT_MAX = 1 << 20, /* bytes of text behind the limit, in which to come to an end */
	GONE_MS = 100,             /* for a process to end that has closed its socket */
	DIRECT_MAX = 1 << 20       /* bytes of text read at once into place */
};

/* How an exchange over the socket ended, short of an outcome. */
enum exchange {
	EXCHANGE_ANSWERED,
	EXCHANGE_OVER, /* the outcome is set, the process is not to be trusted further */
	EXCHANGE_LOST, /* the process is gone without having read the request */
	EXCHANGE_GONE, /* it ended in the middle */
	EXCHANGE_NOMEM
};

/* --- request --- */

static enum exchange send_request(const struct attempt *a, const struct coproc *p)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = a->line->data, .iov_len = a->line->len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &a->request->fd, sizeof(int));
	/* All requests before are answered, so this one finds the socket empty: it goes whole. */
	ssize_t n = sendmsg(p->out, &msg, MSG_NOSIGNAL);
	return n == (ssize_t)iov.iov_len ? EXCHANGE_ANSWERED : EXCHANGE_LOST;
}

/* --- parts --- */

/*
 * The taker's time is not the converter's, which waits meanwhile: what is in its socket it has
 * written, and it can write no more.
 */
static enum record_state after_taker(struct attempt *a, int64_t began_ms, bool more)
{
	int64_t took = now_mono_ms() - began_ms;

	a->taker_ms += took;
	a->deadline_ms += took;
	return more ? RECORD_MORE : RECORD_STOPPED;
}

static enum record_state part_begin(void *arg, const struct part_head *head)
{
	struct attempt *a = arg;
	int64_t began_ms = now_mono_ms();
	const struct convert_part part = {
		.path = head->path.data,
		.type = head->type.len ? head->type.data : NULL,
		.size = head->size,
		.created = head->created,
		.converter = a->converter,
		.container_type = a->type,
	};

	return after_taker(a, began_ms, a->request->parts->begin(a->request->parts->arg, &part));
}

static enum record_state part_bytes(void *arg, const char *bytes, size_t n)
{
	struct attempt *a = arg;
	int64_t began_ms = now_mono_ms();

	return after_taker(a, began_ms, a->request->parts->bytes(a->request->parts->arg, bytes, n));
}

static enum record_state part_fail(void *arg, int status, const char *detail)
{
	struct attempt *a = arg;
	int64_t began_ms = now_mono_ms();
	enum convert_outcome outcome;
	const char *sentence;

	if (!outcome_of_status(status, &outcome, &sentence) || outcome == CONVERT_DONE)
		return RECORD_BAD;
	return after_taker(a, began_ms,
		a->request->parts->fail(
			a->request->parts->arg, outcome, *detail ? detail : sentence));
}

static enum record_state part_end(void *arg)
{
	struct attempt *a = arg;
	int64_t began_ms = now_mono_ms();

	return after_taker(a, began_ms, a->request->parts->end(a->request->parts->arg));
}

/* --- answer --- */

/*
 * The first answer tells, by the kernel's word, which process speaks.  There is room for that word
 * alone: descriptors that come along would be ours, and are left behind by the kernel.
 */
static ssize_t receive_first(struct persist *p, char *bytes, size_t room)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = {.iov_base = bytes, .iov_len = room};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	ssize_t n = recvmsg(p->process.out, &msg, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof cred);
		p->speaker = cred.pid;
	}
	int off = 0;
	setsockopt(p->process.out, SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
	return n;
}

/* Reads once; text that is due goes straight to its place, the rest through the scratch buffer. */
static ssize_t receive(struct attempt *a, struct persist *p, enum record_state *state)
{
	struct buf *text = &a->result->text;
	size_t due = record_due(a->reader);
	ssize_t n;

	if (!p->speaker) {
		n = receive_first(p, a->scratch, ATTEMPT_SCRATCH);
		due = 0;
	} else if (due && buf_reserve(text, due < DIRECT_MAX ? due : DIRECT_MAX)) {
		size_t room = text->room - text->len - 1;
		struct iovec iov[] = {
			{.iov_base = text->data + text->len, .iov_len = due < room ? due : room},
			{.iov_base = a->scratch, .iov_len = ATTEMPT_SCRATCH},
		};

		due = iov[0].iov_len;
		n = readv(p->process.out, iov, 2);
	} else {
		due = 0;
		n = read(p->process.out, a->scratch, ATTEMPT_SCRATCH);
	}
	if (n <= 0)
		return n;
	size_t direct = (size_t)n < due ? (size_t)n : due;
	if (direct)
		record_took(a->reader, direct);
	*state = record_feed(a->reader, a->scratch, (size_t)n - direct);
	return n;
}

static enum exchange read_answer(struct attempt *a, struct persist *p, enum record_state *state)
{
	*state = RECORD_MORE;
	while (*state == RECORD_MORE) {
		unsigned events = coproc_wait(&p->process, a->host, a->deadline_ms);

		if (events & COPROC_ERR)
			coproc_hear(&p->process);
		if (events & (COPROC_OUT | COPROC_ENDED)) {
			ssize_t n = receive(a, p, state);

			if (n < 0 && errno == ECONNRESET && !a->reader->any)
				return EXCHANGE_LOST;
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				return EXCHANGE_GONE;
			/* Ended, and nothing left to read, whoever may hold the socket open. */
			if (n < 0 && events & COPROC_ENDED)
				return EXCHANGE_GONE;
			if (*state != RECORD_MORE)
				break;
			if (a->reader->dropped > AFTER_LIMIT_MAX) {
				a->result->outcome = CONVERT_DONE;
				return EXCHANGE_OVER;
			}
		}
		if (attempt_over(a, &p->process, events))
			return EXCHANGE_OVER;
	}
	return *state == RECORD_NOMEM ? EXCHANGE_NOMEM : EXCHANGE_ANSWERED;
}

/* The verdict of a whole answer; false if the process is not to be trusted further. */
static bool judge(struct attempt *a, struct persist *p, enum record_state state, bool *rerouted)
{
	struct convert_result *r = a->result;
	const char *sentence;

	switch (state) {
	case RECORD_REROUTE:
		*rerouted = true;
		r->outcome = CONVERT_DONE;
		return true;
	case RECORD_DONE:
		if (!outcome_of_status(a->reader->status, &r->outcome, &sentence)) {
			attempt_fail(a, &p->process, CONVERT_PROTOCOL,
				"converter %s: unknown status %d", a->converter->name,
				a->reader->status);
			return false;
		}
		if (r->outcome == CONVERT_DONE)
			return true;
		coproc_hear(&p->process);
		utf8_add_lossy(&r->output, p->process.said, p->process.said_len);
		if (!r->detail.len)
			buf_adds(&r->detail, sentence);
		return true;
	case RECORD_TOO_LARGE:
		attempt_fail(a, &p->process, CONVERT_OUTPUT_LIMIT, "converter %s: %s",
			a->converter->name, a->reader->fault);
		return false;
	case RECORD_BAD:
		attempt_fail(a, &p->process, CONVERT_PROTOCOL, "converter %s: %s",
			a->converter->name, a->reader->fault);
		return false;
	case RECORD_STOPPED:
		attempt_fail(a, &p->process, a->request->parts->stopped, "%s",
			a->request->parts->detail.data ? a->request->parts->detail.data : "");
		return false;
	case RECORD_MORE:
	case RECORD_NOMEM:
		break;
	}
	BUG("not the end of an answer");
}

/* --- the process --- */

static enum status start(struct attempt *a, struct persist *p)
{
	enum status st = coproc_start(&p->process, a->host, a->converter, NULL);
	int on = 1;

	if (st != ST_OK)
		return st;
	setsockopt(p->process.out, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	memcpy(p->version, a->converter->version, sizeof p->version);
	p->memory_bytes = a->converter->memory_bytes;
	p->processes = a->converter->processes;
	p->documents = 0;
	p->speaker = 0;
	return ST_OK;
}

/* Whether it holds more than half of the memory it may have. */
static bool has_grown(const struct persist *p)
{
	char path[64], text[128];
	long long pages;

	if (!p->memory_bytes || !p->speaker)
		return false;
	snprintf(path, sizeof path, "/proc/%d/statm", (int)p->speaker);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%*d %lld", &pages) != 1)
		return false;
	return pages * sysconf(_SC_PAGESIZE) > p->memory_bytes / 2;
}

/* Behind a clean answer: may it serve on? */
static void recycle(struct persist *p)
{
	p->documents++;
	p->idle_since_ms = now_mono_ms();
	if (p->documents >= DOCUMENTS_MAX || (p->documents % GROWTH_EVERY == 0 && has_grown(p)))
		persist_end(p);
}

void persist_end(struct persist *p)
{
	if (coproc_is_running(&p->process))
		(void)coproc_finish(&p->process);
}

/* It has closed the socket: so it is about to end, and that says more than we can. */
static void end_of_gone(struct attempt *a, struct persist *p)
{
	coproc_close_out(&p->process);
	for (int64_t until = now_mono_ms() + GONE_MS;;) {
		unsigned events = coproc_wait(&p->process, a->host, until);

		if (events & COPROC_ERR)
			coproc_hear(&p->process);
		if (events & COPROC_ENDED) {
			struct coproc_end end = coproc_reap(&p->process);

			attempt_end(a, &p->process, end);
			break;
		}
		if (events & (COPROC_LATE | COPROC_STOP)) {
			persist_end(p);
			attempt_fail(a, &p->process, CONVERT_CRASHED,
				"converter %s closed its socket", a->converter->name);
			break;
		}
	}
	if (a->result->outcome == CONVERT_DONE)
		attempt_fail(a, &p->process, CONVERT_CRASHED,
			"converter %s ended in the middle of its answer", a->converter->name);
}

static enum exchange exchange(struct attempt *a, struct persist *p, enum record_state *state)
{
	struct convert_result *r = a->result;
	const struct record_sink sink = {part_begin, part_bytes, part_fail, part_end, a};

	record_start(a->reader, &r->text, &r->meta, &r->detail,
		a->text_limit + ATTEMPT_CHARACTER_MAX, a->request->parts ? &sink : NULL);
	coproc_listen(&p->process);
	enum exchange e = send_request(a, &p->process);
	return e == EXCHANGE_ANSWERED ? read_answer(a, p, state) : e;
}

/* Settles what was answered into the result; the process is ended unless it may serve on. */
static enum status settle(struct attempt *a, struct persist *p, enum exchange e,
	enum record_state state, bool *rerouted)
{
	struct convert_result *r = a->result;

	r->truncated |= a->reader->truncated;
	switch (e) {
	case EXCHANGE_ANSWERED:
		if (judge(a, p, state, rerouted))
			recycle(p);
		else
			persist_end(p);
		break;
	case EXCHANGE_OVER:
		persist_end(p);
		break;
	case EXCHANGE_LOST:
	case EXCHANGE_GONE:
		end_of_gone(a, p);
		break;
	case EXCHANGE_NOMEM:
		persist_end(p);
		return ST_NOMEM;
	}
	if (*rerouted) {
		struct buf type = r->type;

		r->type = r->detail;
		r->detail = type;
		buf_clear(&r->detail);
	} else if (r->outcome == CONVERT_DONE) {
		buf_clear(&r->detail);
		attempt_finish_text(a);
	}
	return ST_OK;
}

enum status persist_run(struct attempt *a, struct persist *p, bool *rerouted)
{
	enum status st =
		request_make(a->line, a->request->name, a->type, a->text_limit, a->request->size);
	enum record_state state = RECORD_MORE;

	*rerouted = false;
	if (st != ST_OK)
		return st;
	if (coproc_is_running(&p->process)) {
		enum exchange e = exchange(a, p, &state);

		if (e != EXCHANGE_LOST)
			return settle(a, p, e, state, rerouted);
		/* It died between two documents: that is not this one's fault. */
		persist_end(p);
	}
	st = start(a, p);
	if (st == ST_SYSTEM) {
		attempt_not_launched(a);
		return ST_OK;
	}
	if (st != ST_OK)
		return st;
	enum exchange e = exchange(a, p, &state);
	return settle(a, p, e, state, rerouted);
}
