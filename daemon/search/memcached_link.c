/* memcached_link: dialing, sending and reading within a time; see memcached_link.h. */
#include "search/memcached_link.h"

#include "core/log.h"
#include "core/now.h"

#include <endian.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	STEP_MS = 50,	       /* the longest that the server may be silent */
	CALL_MS = 4 * STEP_MS, /* and the whole of a call */
	BODY_MAX = 2 << 20,
	SET_EXTRAS = 8
};

enum { REQUEST = 0x80, REPLY = 0x81, GET = 0x00, SET = 0x01 };
enum { NO_ERROR = 0x00, NOT_FOUND = 0x01, TOO_LARGE = 0x03, NOT_STORED = 0x05, OUT_OF_MEMORY = 0x82 };

/* Numbers are big-endian. */
struct header {
	uint8_t magic, opcode;
	uint16_t key_len;
	uint8_t extras_len, data_type;
	uint16_t status; /* of a reply; 0 in a request */
	uint32_t body_len; /* extras, key and value */
	uint32_t opaque;
	uint64_t cas;
};
_Static_assert(sizeof(struct header) == 24, "as it is sent");

static bool wait_for(int fd, short events, int64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = until_ms - now_mono_ms();
	int n;

	if (left > STEP_MS)
		left = STEP_MS;
	do {
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* --- dialing ------------------------------------------------------------------------------------ */

/* -1 with errno. */
static int connect_to(int family, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, error = 0;
	socklen_t size = sizeof error;

	if (fd < 0)
		return -1;
	if (connect(fd, address, len)) {
		error = errno;
		if (error == EINPROGRESS) {
			error = ETIMEDOUT;
			if (wait_for(fd, POLLOUT, now_mono_ms() + STEP_MS) &&
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
				error = errno;
		}
	}
	if (error) {
		close(fd);
		errno = error;
		return -1;
	}
	if (family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int dial_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

static int dial_host(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found)) {
		errno = EHOSTUNREACH;
		return -1;
	}
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen);
	int saved = errno;
	freeaddrinfo(found);
	errno = saved;
	return fd;
}

int memcached_dial(const char *place)
{
	const char *colon = strrchr(place, ':');
	char host[256];

	if (*place == '/')
		return dial_unix(place);
	BUG_UNLESS(colon); /* the configuration was checked */
	int bracket = *place == '[';
	snprintf(host, sizeof host, "%.*s", (int)(colon - place) - 2 * bracket, place + bracket);
	return dial_host(host, colon + 1);
}

/* --- a request and its reply -------------------------------------------------------------------- */

struct call {
	int fd;
	int64_t until_ms;
	const char *why;
};

static bool fail(struct call *c, const char *why)
{
	c->why = why;
	return false;
}

static void skip(struct iovec **part, int *count, size_t n)
{
	while (*count && n >= (*part)->iov_len) {
		n -= (*part)->iov_len;
		++*part;
		--*count;
	}
	if (n) {
		(*part)->iov_base = (char *)(*part)->iov_base + n;
		(*part)->iov_len -= n;
	}
}

static bool send_all(struct call *c, struct iovec *part, int count)
{
	while (count) {
		const struct msghdr m = {.msg_iov = part, .msg_iovlen = (size_t)count};
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);

		if (n >= 0)
			skip(&part, &count, (size_t)n);
		else if (errno == EAGAIN && !wait_for(c->fd, POLLOUT, c->until_ms))
			return fail(c, "it does not read");
		else if (errno != EAGAIN && errno != EINTR)
			return fail(c, strerror(errno));
	}
	return true;
}

static bool receive(struct call *c, void *bytes, size_t len)
{
	char *at = bytes;

	while (len) {
		ssize_t n = recv(c->fd, at, len, 0);

		if (n == 0)
			return fail(c, "it hung up");
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (!wait_for(c->fd, POLLIN, c->until_ms))
				return fail(c, "it does not answer");
		} else if (errno != EINTR) {
			return fail(c, strerror(errno));
		}
		if (len && now_mono_ms() >= c->until_ms)
			return fail(c, "its answer takes too long");
	}
	return true;
}

/* Into `body`, appended, what the reply has behind its header. */
static bool read_reply(struct call *c, uint8_t opcode, size_t most, struct header *h, struct buf *body)
{
	if (!receive(c, h, sizeof *h))
		return false;
	h->key_len = be16toh(h->key_len);
	h->status = be16toh(h->status);
	h->body_len = be32toh(h->body_len);
	if (h->magic != REPLY || h->opcode != opcode || h->opaque || h->data_type ||
		(size_t)h->key_len + h->extras_len > h->body_len)
		return fail(c, "its answer makes no sense");
	if (h->body_len > most || h->body_len > BODY_MAX)
		return fail(c, "its answer is too long");
	if (!buf_reserve(body, h->body_len))
		return fail(c, "no memory");
	if (!receive(c, body->data + body->len, h->body_len))
		return false;
	body->len += h->body_len;
	return true;
}

static struct header request(uint8_t opcode, const char *name, uint8_t extras, size_t value_len)
{
	return (struct header){
		.magic = REQUEST,
		.opcode = opcode,
		.key_len = htobe16((uint16_t)strlen(name)),
		.extras_len = extras,
		.body_len = htobe32((uint32_t)(extras + strlen(name) + value_len)),
	};
}

static struct call begin(int fd)
{
	return (struct call){.fd = fd, .until_ms = now_mono_ms() + CALL_MS};
}

static struct iovec part_of(const void *bytes, size_t len)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

enum memcached_answer memcached_get(int fd, const char *name, size_t most, struct buf *value, const char **why)
{
	struct call c = begin(fd);
	struct header h = request(GET, name, 0, 0);
	struct iovec parts[] = {part_of(&h, sizeof h), part_of(name, strlen(name))};
	AUTO_BUF body = BUF_INIT;
	enum memcached_answer answer = MEMCACHED_TROUBLE;

	if (send_all(&c, parts, 2) && read_reply(&c, GET, most + UINT8_MAX, &h, &body)) {
		size_t before = (size_t)h.extras_len + h.key_len;

		if (h.status == NOT_FOUND)
			answer = MEMCACHED_ABSENT;
		else if (h.status != NO_ERROR)
			fail(&c, "it refuses to tell");
		else if (buf_add(value, body.data ? body.data + before : "", body.len - before), value->failed)
			fail(&c, "no memory");
		else
			answer = MEMCACHED_DONE;
	}
	*why = c.why;
	return answer;
}

enum memcached_answer memcached_set(
	int fd, const char *name, const void *value, size_t len, uint32_t keep_s, const char **why)
{
	struct call c = begin(fd);
	struct header h = request(SET, name, SET_EXTRAS, len);
	const uint32_t extras[] = {0, htobe32(keep_s)}; /* flags, expiration */
	struct iovec parts[] = {part_of(&h, sizeof h), part_of(extras, sizeof extras), part_of(name, strlen(name)),
		part_of(value, len)};
	AUTO_BUF body = BUF_INIT;
	enum memcached_answer answer = MEMCACHED_TROUBLE;

	if (send_all(&c, parts, 4) && read_reply(&c, SET, UINT16_MAX, &h, &body)) {
		if (h.status == NO_ERROR)
			answer = MEMCACHED_DONE;
		else if (h.status == TOO_LARGE || h.status == OUT_OF_MEMORY || h.status == NOT_STORED)
			answer = MEMCACHED_REFUSED;
		else
			fail(&c, "it refuses to keep");
	}
	*why = c.why;
	return answer;
}
