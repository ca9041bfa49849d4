/*
 * alone: persistent converters by themselves, without daemon, jail and index: the floor under indexing.
 *
 *   alone [-P PROCESSES] < LIST     each line: PROGRAM, tab, MIME type, tab, path of a document
 *
 * Each of PROCESSES workers keeps one process per program and takes the next line when it is free.  Everything that is
 * answered is read and counted.  Prints wall seconds, documents done, other verdicts, bytes of text, bytes of parts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAMS_MAX = 64, HEAD = 5, LIMIT = 64 << 20 };

struct line {
	const char *program, *type, *path;
};

/* What the workers share. */
struct shared {
	atomic_size_t next;
	atomic_ullong done, others, text, parts;
};

struct converter {
	const char *program;
	int fd;
	pid_t pid;
};

static struct line *lines;
static size_t line_count;

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void read_list(void)
{
	size_t room = 0;
	char *text = NULL;
	size_t n = 0;

	while (getline(&text, &n, stdin) > 0) {
		struct line l = {.program = strtok(text, "\t"), .type = strtok(NULL, "\t"), .path = strtok(NULL, "\n")};

		if (!l.path) {
			fprintf(stderr, "alone: a line is PROGRAM, TYPE and PATH, with tabs between\n");
			exit(2);
		}
		if (line_count == room) {
			room = room ? 2 * room : 256;
			lines = realloc(lines, room * sizeof *lines);
			if (!lines)
				die("alone");
		}
		lines[line_count++] = l;
		text = NULL; /* its words stay */
	}
}

static void start(struct converter *c, const char *program)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("alone: socketpair");
	*c = (struct converter){.program = program, .fd = pair[0], .pid = fork()};
	if (c->pid < 0)
		die("alone: fork");
	if (c->pid == 0) {
		if (dup2(pair[1], 3) < 0 || (pair[1] == 3 && fcntl(3, F_SETFD, 0)))
			_exit(127);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
}

static struct converter *converter_of(struct converter *table, const char *program)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		if (!table[i].program)
			start(&table[i], program);
		if (!strcmp(table[i].program, program))
			return &table[i];
	}
	fprintf(stderr, "alone: more than %d programs\n", PROGRAMS_MAX);
	exit(2);
}

/* The name as JSON: what is no plain character in it does not matter here. */
static void plain_name(const char *path, char *out, size_t room)
{
	const char *slash = strrchr(path, '/');
	size_t n = 0;

	for (const char *p = slash ? slash + 1 : path; *p && n + 1 < room; p++)
		out[n++] = *p < ' ' || *p == '"' || *p == '\\' ? '_' : *p;
	out[n] = '\0';
}

static void ask(struct converter *c, const struct line *l, int document, long long size)
{
	static char record[8192];
	char name[512];
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec bytes = {.iov_base = record};
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *fds = CMSG_FIRSTHDR(&message);

	plain_name(l->path, name, sizeof name);
	int n = snprintf(record + HEAD, sizeof record - HEAD, "{\"name\":\"%s\",\"type\":\"%s\",\"limit\":%d,\"size\":%lld}",
		name, l->type, LIMIT, size);
	record[0] = 'Q';
	for (int i = 0; i < 4; i++)
		record[1 + i] = (char)(n >> (8 * i) & 0xff);
	bytes.iov_len = (size_t)n + HEAD;
	fds->cmsg_level = SOL_SOCKET;
	fds->cmsg_type = SCM_RIGHTS;
	fds->cmsg_len = CMSG_LEN(sizeof document);
	memcpy(CMSG_DATA(fds), &document, sizeof document);
	if (sendmsg(c->fd, &message, MSG_NOSIGNAL) != (ssize_t)bytes.iov_len)
		die(c->program);
}

static void take(struct converter *c, void *into, size_t n)
{
	for (char *at = into; n;) {
		ssize_t got = read(c->fd, at, n);

		if (got <= 0) {
			fprintf(stderr, "alone: %s ended\n", c->program);
			exit(2);
		}
		at += got;
		n -= (size_t)got;
	}
}

static void hear(struct converter *c, struct shared *s)
{
	static char payload[1 << 20];

	for (;;) {
		unsigned char head[HEAD];

		take(c, head, sizeof head);
		size_t left = (size_t)head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
		if (head[0] == 'T')
			atomic_fetch_add(&s->text, left);
		if (head[0] == 'B')
			atomic_fetch_add(&s->parts, left);
		payload[0] = '\0';
		for (size_t n; left; left -= n) {
			n = left < sizeof payload - 1 ? left : sizeof payload - 1;
			take(c, payload, n);
			payload[n] = '\0';
		}
		if (head[0] != 'D' && head[0] != 'R')
			continue;
		int done = head[0] == 'D' && (strstr(payload, "\"status\":0") || strstr(payload, "\"status\": 0"));
		atomic_fetch_add(done ? &s->done : &s->others, 1);
		return;
	}
}

_Noreturn static void work(struct shared *s)
{
	static struct converter table[PROGRAMS_MAX];

	for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < line_count;) {
		struct stat st;
		int document = open(lines[i].path, O_RDONLY | O_CLOEXEC);

		if (document < 0 || fstat(document, &st))
			die(lines[i].path);
		struct converter *c = converter_of(table, lines[i].program);
		ask(c, &lines[i], document, (long long)st.st_size);
		close(document);
		hear(c, s);
	}
	for (size_t i = 0; i < PROGRAMS_MAX && table[i].program; i++) {
		close(table[i].fd);
		waitpid(table[i].pid, NULL, 0);
	}
	exit(0);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int processes = argc == 3 && !strcmp(argv[1], "-P") ? atoi(argv[2]) : 1, status, failed = 0;
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		die("alone");
	read_list();
	double begin = now_s();
	for (int i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("alone: fork");
		if (pid == 0)
			work(s);
	}
	while (wait(&status) > 0)
		failed |= status;
	printf("%.3f %llu %llu %llu %llu\n", now_s() - begin, atomic_load(&s->done), atomic_load(&s->others),
		atomic_load(&s->text), atomic_load(&s->parts));
	return failed ? 1 : 0;
}
