/* evil: one function per way to be a bad converter; see evil.h. */
#include "evil.h"

#include <fcntl.h>
#include <signal.h>
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

enum { SOCKET_FD = 3, HEAD = 5 };

static char request[65536 + HEAD];

static void put(int fd, const void *bytes, size_t n)
{
	for (const char *p = bytes; n;) {
		ssize_t done = write(fd, p, n);

		if (done <= 0)
			_exit(99);
		p += done;
		n -= (size_t)done;
	}
}

static void say(const char *s)
{
	put(STDOUT_FILENO, s, strlen(s));
}

/* Sanitizers catch some signals and would exit instead. */
static void die_of(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

_Noreturn static void sleep_forever(void)
{
	for (;;)
		pause();
}

/* --- one-shot --- */

static int play_cat(void)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		put(STDOUT_FILENO, bytes, (size_t)n);
	return 0;
}

static int play_hang(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	say("before it hung");
	sleep_forever();
	return 0;
}

static int play_crash(void)
{
	say("half a wo");
	dprintf(STDERR_FILENO, "about to crash\n");
	die_of(SIGSEGV);
	return 0;
}

/* Three bytes a character, so that a limit falls inside one. */
static int play_endless(void)
{
	for (;;)
		say("\xe2\x82\xac");
	return 0;
}

static int play_spam(void)
{
	say("text");
	for (int i = 0; i < 100000; i++)
		dprintf(STDERR_FILENO, "line %d \xff of complaint\n", i);
	return 65;
}

static int play_spam_forever(void)
{
	static char line[65536];

	memset(line, 'x', sizeof line);
	for (;;)
		put(STDERR_FILENO, line, sizeof line);
	return 0;
}

/* A grandchild in a session of its own keeps standard output, and more of its kind. */
static int play_grandchild(void)
{
	say("text of the parent");
	if (fork() == 0) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				setsid();
		sleep_forever();
	}
	usleep(20000);
	return 0;
}

static int play_grandchild_hang(void)
{
	play_grandchild();
	return play_hang();
}

static int play_bomb(void)
{
	for (int i = 0; i < 200; i++)
		if (fork() == 0) {
			signal(SIGTERM, SIG_IGN);
			if (i % 2)
				setsid();
			sleep_forever();
		}
	return 0;
}

static int play_invalid(void)
{
	static const char text[] = "ok \xff\xfe \xe2\x82 nul:\0:end";

	put(STDOUT_FILENO, text, sizeof text - 1);
	return 0;
}

static int play_big_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	int fd = open("big", O_CREAT | O_WRONLY, 0600);
	return ftruncate(fd, (off_t)10 << 30) ? 65 : 0;
}

static int play_eat(void)
{
	size_t n = (size_t)512 << 20;

	return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? 65
		       : 0;
}

static int play_burn(void)
{
	for (volatile uint64_t n = 0;; n++)
		;
	return 0;
}

/* Tells what it finds: the environment, the descriptors, the directory and the limits. */
static int play_report(void)
{
	char dir[4096];

	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d\n", fd);
	printf("cwd %s\n", getcwd(dir, sizeof dir));
	printf("files %ld\n", sysconf(_SC_OPEN_MAX));
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	printf("blocked %d\n", sigismember(&set, SIGTERM));
	printf("pipe %s\n", signal(SIGPIPE, SIG_DFL) == SIG_DFL ? "default" : "other");
	fflush(stdout);
	/* Left for the launcher to clean. */
	if (mkdir("deep", 0700) || mkdir("deep/er", 0700) || symlink("/", "deep/root"))
		return 99;
	int fd = open("deep/er/file", O_CREAT | O_WRONLY, 0600);
	/* Refused in the jail. */
	(void)!chmod("deep/er", 0);
	return fd < 0 || mkdir("deep/closed", 0) ? 99 : 0;
}

/* --- persistent --- */

/* The next request's document, -1 at the end; `request` holds head, payload and a NUL. */
static int receive(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = request, .iov_len = sizeof request - 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	int fd = -1;
	ssize_t n = recvmsg(SOCKET_FD, &msg, MSG_CMSG_CLOEXEC);

	if (n < HEAD || request[0] != 'Q')
		return -1;
	request[n] = '\0';
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static void record(char letter, const char *payload, size_t n)
{
	unsigned char head[HEAD] = {
		(unsigned char)letter, n & 0xff, n >> 8 & 0xff, n >> 16 & 0xff, n >> 24 & 0xff};

	put(SOCKET_FD, head, sizeof head);
	put(SOCKET_FD, payload, n);
}

static void records(char letter, const char *payload)
{
	record(letter, payload, strlen(payload));
}

#define DONE "{\"status\":0,\"detail\":\"\",\"truncated\":false}"

static void do_crash(const char *rest)
{
	(void)rest;
	records('T', "half");
	die_of(SIGSEGV);
}

static void do_kill(const char *rest)
{
	(void)rest;
	raise(SIGKILL);
}

static void do_exit(const char *rest)
{
	exit(atoi(rest));
}

static void do_hang(const char *rest)
{
	(void)rest;
	signal(SIGTERM, SIG_IGN);
	records('T', "half");
	sleep_forever();
}

static void do_garbage(const char *rest)
{
	put(SOCKET_FD, rest, strlen(rest));
	sleep_forever();
}

static void do_stray_bytes(const char *rest)
{
	(void)rest;
	records('B', "of no part");
	sleep_forever();
}

/* As many parts as the document says; each holds what is behind the number and a blank. */
static void do_parts(const char *rest)
{
	char *content, head[64];
	long n = strtol(rest, &content, 10);

	for (long i = 0; i < n; i++) {
		snprintf(head, sizeof head, "{\"part\":\"dir/%ld.x\",\"type\":\"x/echo\"}", i);
		records('P', head);
		records('B', content + (*content == ' '));
	}
	records('P', "{\"part\":\"locked\"}");
	records('B', "some of it");
	records('F', "{\"status\":77}");
	records('D', "{\"status\":0}");
}

static void do_half_a_part(const char *rest)
{
	(void)rest;
	records('P', "{\"part\":\"a\"}");
	records('B', "half");
	die_of(SIGKILL);
}

static void do_metadata(const char *rest)
{
	(void)rest;
	put(SOCKET_FD, "M\0\0\0\1", HEAD);
	sleep_forever();
}

static void do_damaged(const char *rest)
{
	(void)rest;
	dprintf(STDERR_FILENO, "no trailer\n");
	records('D', "{\"status\":65,\"detail\":\"bad page tree\"}");
}

static void do_status(const char *rest)
{
	char done[64];

	snprintf(done, sizeof done, "{\"status\":%d}", atoi(rest));
	records('D', done);
}

static void do_endless(const char *rest)
{
	static char text[65536];

	(void)rest;
	memset(text, 'x', sizeof text);
	for (;;)
		record('T', text, sizeof text);
}

static void do_request(const char *rest)
{
	(void)rest;
	records('T', request + HEAD);
	records('D', DONE);
}

static void do_mark(const char *rest)
{
	static struct timespec first;
	char text[32];

	(void)rest;
	if (!first.tv_sec)
		clock_gettime(CLOCK_REALTIME, &first);
	snprintf(text, sizeof text, "%lld%09ld", (long long)first.tv_sec, first.tv_nsec);
	records('T', text);
	records('D', DONE);
}

/* Ends, while a grandchild keeps the socket. */
static void do_grandchild(const char *rest)
{
	(void)rest;
	if (fork() == 0) {
		setsid();
		sleep_forever();
	}
	exit(3);
}

/* Answers, and is gone when the next request comes. */
static void do_leave(const char *rest)
{
	(void)rest;
	records('T', "going");
	records('D', DONE);
	exit(0);
}

static void do_grow(const char *rest)
{
	size_t n = (size_t)80 << 20;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)rest;
	if (p != MAP_FAILED)
		memset(p, 1, n);
	records('D', DONE);
}

static void do_reroute(const char *rest)
{
	records('T', "void");
	records('R', rest);
}

/* A byte at a time: heads and characters arrive in pieces. */
static void do_slow(const char *rest)
{
	static const char answer[] = "M\14\0\0\0{\"title\":\"\"}T\7\0\0\0gr\xc3\xbc\xc3\x9f"
				     "eD\14\0\0\0{\"status\":0}";

	(void)rest;
	for (size_t i = 0; i < sizeof answer - 1; i++) {
		put(SOCKET_FD, answer + i, 1);
		usleep(500);
	}
}

/* Text and verdict in one write, as a good converter does. */
static void echo(const char *bytes, size_t n)
{
	static char out[(1 << 20) + 64];
	static const char done[] = "D\14\0\0\0{\"status\":0}";
	char head[HEAD] = {'T', (char)(n & 0xff), (char)(n >> 8 & 0xff), (char)(n >> 16 & 0xff), 0};

	memcpy(out, head, HEAD);
	memcpy(out + HEAD, bytes, n);
	memcpy(out + HEAD + n, done, sizeof done - 1);
	put(SOCKET_FD, out, HEAD + n + sizeof done - 1);
}

/* Answers with the document; one that begins with "!" and a word of this table has it do that
 * instead. */
static int play_echo(void)
{
	static const struct {
		const char *word;
		void (*act)(const char *rest);
	} acts[] = {
		{"crash", do_crash},
		{"kill", do_kill},
		{"exit ", do_exit},
		{"hang", do_hang},
		{"garbage ", do_garbage},
		{"stray", do_stray_bytes},
		{"parts ", do_parts},
		{"half", do_half_a_part},
		{"metadata", do_metadata},
		{"damaged", do_damaged},
		{"status ", do_status},
		{"endless", do_endless},
		{"request", do_request},
		{"mark", do_mark},
		{"grandchild", do_grandchild},
		{"leave", do_leave},
		{"grow", do_grow},
		{"reroute ", do_reroute},
		{"slow", do_slow},
	};
	static char bytes[1 << 20];
	int fd;

	while ((fd = receive()) >= 0) {
		ssize_t got = pread(fd, bytes, sizeof bytes - 1, 0);
		size_t n = got > 0 ? (size_t)got : 0, i = 0, count = sizeof acts / sizeof acts[0];

		close(fd);
		bytes[n] = '\0';
		while (bytes[0] == '!' && i < count &&
			strncmp(bytes + 1, acts[i].word, strlen(acts[i].word)) != 0)
			i++;
		if (bytes[0] == '!' && i < count)
			acts[i].act(bytes + 1 + strlen(acts[i].word));
		else
			echo(bytes, n);
	}
	return 0;
}

static int play_mute(void)
{
	close(SOCKET_FD);
	sleep_forever();
	return 0;
}

static int play_refuse(void)
{
	dprintf(STDERR_FILENO, "no licence\n");
	return 69;
}

int evil_play(const char *part)
{
	static const struct {
		const char *name;
		int (*play)(void);
	} parts[] = {
		{"cat", play_cat},
		{"hang", play_hang},
		{"crash", play_crash},
		{"endless", play_endless},
		{"spam", play_spam},
		{"spam-forever", play_spam_forever},
		{"grandchild", play_grandchild},
		{"grandchild-hang", play_grandchild_hang},
		{"bomb", play_bomb},
		{"invalid", play_invalid},
		{"big-file", play_big_file},
		{"eat", play_eat},
		{"burn", play_burn},
		{"report", play_report},
		{"echo", play_echo},
		{"mute", play_mute},
		{"refuse", play_refuse},
	};

	if (!strncmp(part, "exit-", 5))
		return atoi(part + 5);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!strcmp(parts[i].name, part))
			return parts[i].play();
	return 98;
}
