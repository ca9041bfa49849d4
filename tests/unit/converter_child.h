/*
 * converter_child: a built converter under test, asked over descriptor 3 as a worker asks.
 *
 * The programs are looked for beside the folder of the running test.  Every
 * call fails the test (cmocka) if the converter breaks the contract.
 */
#ifndef CONVERTER_CHILD_H
#define CONVERTER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int fd;
};

struct question {
	const char *name, *type; /* NULL: "" */
	uint64_t limit;          /* 0: plenty */
	const void *bytes;
	size_t len;
	bool as_file; /* a file without seals, not a sealed memfd */
};

struct reply_part {
	char *head;  /* JSON of P */
	char *bytes; /* NUL behind */
	size_t len;
	char *failed; /* JSON of F, "" if none came */
};

struct reply {
	int status; /* of D; -1 after R */
	char *text; /* NUL behind */
	size_t len;
	char *meta;        /* JSON, "" if none came */
	char detail[4096]; /* of D, or the type of R */
	bool truncated;
	struct reply_part *parts;
	size_t part_count;
};

/* A converter is built only where its libraries are installed. */
bool child_is_built(const char *program);
void child_start(struct child *c, const char *program);
void child_ask(struct child *c, const struct question *q, struct reply *out);
void child_stop(struct child *c); /* closes the socket; the exit status must be 0 */
void reply_finish(struct reply *r);

/* For metadata checks: whether `meta` has the pair as it would be written, `"title":"A"`. */
bool reply_says(const struct reply *r, const char *pair);
/* The part of that path, as it would be written in JSON; fails the test if there is none. */
const struct reply_part *reply_part(const struct reply *r, const char *path);

#endif
