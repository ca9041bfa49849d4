/* serve: requests in, answers out; see serve.h. */
#include "serve.h"

#include "alloc.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SOCKET_FD = 3,
	HEADER = 5,               /* type byte, u32 little-endian length */
	REQUEST_MOST = 64 * 1024, /* bytes of JSON */
	EXTENSION_MOST = 16,
};

static const uint64_t NO_LIMIT = UINT64_C(1)
				 << 53; /* the largest number that JSON carries exactly */

struct request {
	char bytes[HEADER + REQUEST_MOST];
	size_t len;
	int fd; /* -1 until it arrived */
};

/* --- receiving -------------------------------------------------------------------------------- */

/* Takes the descriptors out of a message; false unless there is at most one in all. */
static bool take_descriptor(struct request *r, struct msghdr *msg)
{
	if (msg->msg_flags & MSG_CTRUNC)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (c->cmsg_len != CMSG_LEN(sizeof r->fd) || r->fd >= 0)
			return false;
		memcpy(&r->fd, CMSG_DATA(c), sizeof r->fd);
	}
	return true;
}

/* Bytes received, 0 at the end; -1 if the message breaks the contract. */
static ssize_t receive_some(struct request *r)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = r->bytes + r->len, .iov_len = sizeof r->bytes - r->len};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	ssize_t got;

	do
		got = recvmsg(SOCKET_FD, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return 0; /* the worker ended without a farewell */
	return take_descriptor(r, &msg) ? got : -1;
}

static size_t payload_length(const struct request *r)
{
	size_t len = 0;

	for (int i = 4; i >= 1; i--)
		len = len << 8 | (uint8_t)r->bytes[i];
	return len;
}

/* One whole request: 1, or 0 at the end of the work, or -1 if it breaks the contract. */
static int receive(struct request *r)
{
	size_t want = HEADER;

	r->len = 0;
	r->fd = -1;
	while (r->len < want) {
		ssize_t got = receive_some(r);

		if (got <= 0)
			return got < 0 || r->len > 0 ? -1 : 0;
		r->len += (size_t)got;
		if (r->len < HEADER)
			continue;
		want = HEADER + payload_length(r);
		if (r->bytes[0] != 'Q' || want > sizeof r->bytes)
			return -1;
	}
	return r->len == want && r->fd >= 0 ? 1 : -1;
}

/* --- one document ----------------------------------------------------------------------------- */

static const char *member_string(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}

static uint64_t member_size(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0))
		return 0;
	return item->valuedouble < (double)NO_LIMIT ? (uint64_t)item->valuedouble : NO_LIMIT;
}

static bool answer_request(
	const struct converter_ops *ops, const struct request *r, struct answer *out)
{
	cJSON *head = cJSON_ParseWithLength(r->bytes + HEADER, r->len - HEADER);

	if (!cJSON_IsObject(head)) {
		cJSON_Delete(head);
		return false;
	}
	struct document doc = {
		.fd = r->fd,
		.name = member_string(head, "name"),
		.type = member_string(head, "type"),
		.size = member_size(head, "size"),
		.limit = member_size(head, "limit"),
	};
	answer_begin(out, doc.limit);
	answer_end(out, ops->convert(&doc, out));
	cJSON_Delete(head);
	return true;
}

static int serve_socket(const struct converter_ops *ops)
{
	struct request *r = alloc_resize(NULL, 1, sizeof *r);
	struct answer *out = answer_create(SOCKET_FD, true);
	int got;

	while ((got = receive(r)) == 1) {
		bool answered = answer_request(ops, r, out);

		close(r->fd);
		if (!answered) {
			got = -1;
			break;
		}
	}
	if (got < 0)
		fprintf(stderr, "%s: not a request of the converter contract\n", ops->program);
	answer_destroy(out);
	free(r);
	return got < 0 ? EX_PROTOCOL : EX_OK;
}

/* --- by hand ---------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* A descriptor that pread works on: standard input itself, or a copy of what a pipe holds. */
static int seekable_input(void)
{
	char chunk[64 * 1024];
	ssize_t got;

	if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
		return STDIN_FILENO;
	FILE *copy = tmpfile();
	if (!copy)
		return -1;
	while ((got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
		if (write(fileno(copy), chunk, (size_t)got) != got)
			return -1;
	return got < 0 ? -1 : fileno(copy); /* the stream stays open as long as the program */
}

static int serve_once(const struct converter_ops *ops)
{
	const char *limit = getenv("TRAWL_LIMIT");
	struct stat st;
	struct document doc = {
		.fd = seekable_input(),
		.name = environment("TRAWL_NAME"),
		.type = environment("TRAWL_TYPE"),
		.limit = limit ? strtoull(limit, NULL, 10) : NO_LIMIT,
	};

	if (doc.fd < 0 || fstat(doc.fd, &st)) {
		fprintf(stderr, "%s: standard input: %s\n", ops->program, strerror(errno));
		return EX_NOINPUT;
	}
	doc.size = (uint64_t)st.st_size;
	struct answer *out = answer_create(STDOUT_FILENO, false);
	answer_begin(out, doc.limit);
	int status = answer_end(out, ops->convert(&doc, out));
	answer_destroy(out);
	return status;
}

int convert_serve(const struct converter_ops *ops)
{
	struct stat st;

	if (fstat(SOCKET_FD, &st) == 0 && S_ISSOCK(st.st_mode))
		return serve_socket(ops);
	return serve_once(ops);
}

void document_extension(const struct document *doc, char out[17])
{
	const char *dot = strrchr(doc->name, '.');
	size_t n = dot ? strlen(dot + 1) : 0;

	out[0] = '\0';
	if (!dot || dot == doc->name || n > EXTENSION_MOST)
		return;
	for (size_t i = 0; i <= n; i++)
		out[i] = (char)tolower((unsigned char)dot[1 + i]);
}
