/*
 * burn: a one-shot converter whose cost is known: a fixed amount of arithmetic, then the document as it is.
 *
 *   burn ROUNDS [FILE]    converts FILE, or standard input
 *   burn calibrate MS     prints the ROUNDS that take MS milliseconds of this CPU's time
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUND = 1 << 20 };

static uint64_t burn(long rounds)
{
	uint64_t x = 88172645463325252u;

	for (long i = 0; i < rounds * (ROUND / 16); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The best of several tries: interruptions only ever add. */
static long calibrate(double ms)
{
	double best = 1e9;
	volatile uint64_t sink;

	for (int i = 0; i < 7; i++) {
		double begin = cpu_ms();

		sink = burn(400);
		(void)sink;
		if (cpu_ms() - begin < best)
			best = cpu_ms() - begin;
	}
	return (long)(ms * 400 / best);
}

int main(int argc, char **argv)
{
	char chunk[1 << 16];
	ssize_t n;

	if (argc == 3 && strcmp(argv[1], "calibrate") == 0) {
		printf("%ld\n", calibrate(atof(argv[2])));
		return 0;
	}
	if (argc < 2)
		return 64;
	int fd = argc > 2 ? open(argv[2], O_RDONLY) : 0;
	volatile uint64_t sink = burn(atol(argv[1]));
	(void)sink;
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		if (write(1, chunk, (size_t)n) != n)
			return 74;
	return n < 0 ? 66 : 0;
}
