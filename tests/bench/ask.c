/*
 * ask: the tight client of the benches.
 *
 *   ask SOCKET [REPEAT]   sends each line of standard input REPEAT times over one connection, waits for each answer,
 *                         and prints one number a request: microseconds from the write to the answer's newline
 *   ask -p SOCKET         prints the answers instead
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		fprintf(stderr, "ask: %s: too long for a socket\n", path);
		exit(2);
	}
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) {
		perror(path);
		exit(2);
	}
	return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, bytes, n);

		if (put < 0) {
			perror("ask: write");
			exit(2);
		}
		bytes += put;
		n -= (size_t)put;
	}
}

/* Reads until the newline that ends the answer. */
static void receive(int fd, int print)
{
	static char chunk[1 << 18];

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof chunk);

		if (got <= 0) {
			fprintf(stderr, "ask: the connection was closed\n");
			exit(2);
		}
		if (print)
			fwrite(chunk, 1, (size_t)got, stdout);
		if (chunk[got - 1] == '\n')
			return;
	}
}

int main(int argc, char **argv)
{
	int print = argc > 2 && strcmp(argv[1], "-p") == 0;
	long repeat = !print && argc > 2 ? atol(argv[2]) : 1;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (argc < 2) {
		fprintf(stderr, "usage: ask [-p] SOCKET [REPEAT]\n");
		return 2;
	}
	int fd = dial(argv[print ? 2 : 1]);
	while ((n = getline(&line, &room, stdin)) > 0) {
		for (long i = 0; i < repeat; i++) {
			double begin = now_us();

			send_all(fd, line, (size_t)n);
			receive(fd, print);
			if (!print)
				printf("%.1f\n", now_us() - begin);
		}
	}
	free(line);
	close(fd);
	return 0;
}
