/* converter_child: the worker's side of the contract, for tests; see converter_child.h. */
#include "converter_child.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { HEADER = 5, PLENTY = 64 << 20, SOCKET_FD = 3 };

static void find_program(const char *program, char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);

	assert_true(n > 0);
	path[n] = '\0';
	/* $(BUILD)/unit/test_x, $(BUILD)/trawl-convert-x */
	for (int i = 0; i < 2; i++)
		*strrchr(path, '/') = '\0';
	strcat(strcat(path, "/"), program);
}

bool child_is_built(const char *program)
{
	char path[PATH_MAX];

	find_program(program, path);
	return access(path, X_OK) == 0;
}

void child_start(struct child *c, const char *program)
{
	char path[PATH_MAX];
	int pair[2];

	find_program(program, path);
	if (access(path, X_OK))
		fail_msg("%s is not built", path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c->fd = fcntl(pair[0], F_DUPFD_CLOEXEC, SOCKET_FD + 1);
	int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, SOCKET_FD + 1);
	assert_true(c->fd > SOCKET_FD && theirs > SOCKET_FD);
	close(pair[0]);
	close(pair[1]);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		dup2(theirs, SOCKET_FD);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(theirs);
}

void child_stop(struct child *c)
{
	int status;

	close(c->fd);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, 0);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int document_fd(const struct question *q)
{
	int fd;

	if (q->as_file) {
		char path[] = "/tmp/trawl-test-XXXXXX";
		fd = mkostemp(path, O_CLOEXEC);
		unlink(path);
	} else {
		fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	}
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, q->bytes, q->len, 0), q->len);
	if (!q->as_file)
		assert_int_equal(fcntl(fd, F_ADD_SEALS,
					 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
			0);
	return fd;
}

static void send_request(const struct child *c, const struct question *q, int document)
{
	char bytes[1024];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	int n = snprintf(bytes + HEADER, sizeof bytes - HEADER,
		"{\"name\":\"%s\",\"type\":\"%s\",\"limit\":%llu,\"size\":%zu}",
		q->name ? q->name : "", q->type ? q->type : "",
		(unsigned long long)(q->limit ? q->limit : PLENTY), q->len);
	struct iovec iov = {.iov_base = bytes, .iov_len = HEADER + (size_t)n};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};

	bytes[0] = 'Q';
	for (int i = 0; i < 4; i++)
		bytes[1 + i] = (char)(n >> (8 * i));
	control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof document)};
	memcpy(CMSG_DATA(&control.head), &document, sizeof document);
	assert_int_equal(sendmsg(c->fd, &msg, MSG_NOSIGNAL), iov.iov_len);
}

/* --- hearing the answer ----------------------------------------------------------------------- */

static void read_all(int fd, char *to, size_t n)
{
	while (n) {
		ssize_t got = read(fd, to, n);

		if (got <= 0)
			fail_msg("the converter ended within an answer");
		to += got;
		n -= (size_t)got;
	}
}

static void add_bytes(char **to, size_t *len, const char *bytes, size_t n)
{
	char *grown = realloc(*to, *len + n + 1);

	assert_non_null(grown);
	memcpy(grown + *len, bytes, n);
	*to = grown;
	*len += n;
	grown[*len] = '\0';
}

/* {"status":N,"detail":"…","truncated":true}, as libconvert writes it. */
static void take_done(struct reply *out, const char *payload)
{
	const char *detail = strstr(payload, "\"detail\":\"");

	assert_int_equal(sscanf(payload, "{\"status\":%d", &out->status), 1);
	if (detail) {
		detail += strlen("\"detail\":\"");
		snprintf(out->detail, sizeof out->detail, "%.*s", (int)strcspn(detail, "\""),
			detail);
	}
	out->truncated = strstr(payload, "\"truncated\":true") != NULL;
}

static void take_part(struct reply *out, const char *head)
{
	struct reply_part *grown = realloc(out->parts, (out->part_count + 1) * sizeof *out->parts);

	assert_non_null(grown);
	assert_non_null(strstr(head, "\"part\":"));
	grown[out->part_count++] = (struct reply_part){
		.head = strdup(head), .bytes = strdup(""), .failed = strdup("")};
	out->parts = grown;
}

/* Bytes of the part begun last, or its failure. */
static void add_to_part(struct reply *out, char type, char *payload, size_t n)
{
	assert_true(out->part_count > 0);
	struct reply_part *part = &out->parts[out->part_count - 1];

	assert_string_equal(part->failed, ""); /* nothing follows it */
	if (type == 'B') {
		add_bytes(&part->bytes, &part->len, payload, n);
		return;
	}
	free(part->failed);
	part->failed = strdup(payload);
}

static bool take_record(struct reply *out, char type, char *payload, size_t n)
{
	switch (type) {
	case 'T':
		assert_true(out->status == 0);
		add_bytes(&out->text, &out->len, payload, n);
		return true;
	case 'M':
		assert_string_equal(out->meta, "");
		assert_true(n <= 64 * 1024);
		free(out->meta);
		out->meta = strdup(payload);
		return true;
	case 'P':
		take_part(out, payload);
		return true;
	case 'B':
	case 'F':
		add_to_part(out, type, payload, n);
		return true;
	case 'D':
		take_done(out, payload);
		return false;
	case 'R':
		assert_string_equal(out->meta, "");
		assert_int_equal(out->len, 0);
		assert_int_equal(out->part_count, 0);
		out->status = -1;
		snprintf(out->detail, sizeof out->detail, "%s", payload);
		return false;
	default:
		fail_msg("record of type %d", type);
		return false;
	}
}

void child_ask(struct child *c, const struct question *q, struct reply *out)
{
	unsigned char head[HEADER];
	int document = document_fd(q);
	bool more;

	*out = (struct reply){.text = strdup(""), .meta = strdup("")};
	send_request(c, q, document);
	close(document);
	do {
		read_all(c->fd, (char *)head, sizeof head);
		size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 |
			   (size_t)head[4] << 24;
		assert_true(n <= 16 << 20);
		char *payload = malloc(n + 1);
		assert_non_null(payload);
		read_all(c->fd, payload, n);
		payload[n] = '\0';
		more = take_record(out, (char)head[0], payload, n);
		free(payload);
	} while (more);
	/* Nothing may follow the end of an answer. */
	assert_int_equal(recv(c->fd, head, 1, MSG_DONTWAIT), -1);
}

void reply_finish(struct reply *r)
{
	for (size_t i = 0; i < r->part_count; i++) {
		free(r->parts[i].head);
		free(r->parts[i].bytes);
		free(r->parts[i].failed);
	}
	free(r->parts);
	free(r->text);
	free(r->meta);
	*r = (struct reply){0};
}

bool reply_says(const struct reply *r, const char *pair)
{
	return strstr(r->meta, pair) != NULL;
}

const struct reply_part *reply_part(const struct reply *r, const char *path)
{
	char want[PATH_MAX];

	snprintf(want, sizeof want, "{\"part\":\"%s\"", path);
	for (size_t i = 0; i < r->part_count; i++)
		if (strncmp(r->parts[i].head, want, strlen(want)) == 0)
			return &r->parts[i];
	for (size_t i = 0; i < r->part_count; i++)
		print_message("part %s\n", r->parts[i].head);
	fail_msg("no part %s", path);
	return NULL;
}
