/*
 * converter_fixture: what a converter must say of a document of tests/data, and what damage to it
 * may lead to.
 *
 * Tests run from the source's top.  Every call fails the test (cmocka) if it is
 * not so.
 */
#ifndef CONVERTER_FIXTURE_H
#define CONVERTER_FIXTURE_H

#include "converter_child.h"

struct fixture {
	const char *path, *type;
	const char *words[8]; /* found in the text; up to the first NULL */
	const char *pairs[8]; /* found in the metadata, as written: "\"title\":\"A\"" */
	const char *never;    /* found nowhere in the text; may be NULL */
};

/* A file whole; free(3) it. */
char *fixture_load(const char *path, size_t *n);
/* The answer to the fixture, as a sealed memfd and as a file. */
void fixture_expect(struct child *c, const struct fixture *f);
/* `count` copies with a few bits flipped, and cut copies: an answer each, that ends by the contract
 * and the program's clock, and the undamaged one is still read. */
void fixture_damage(struct child *c, const struct fixture *f, int count);
/* The verdict on these bytes, with a sentence; -1 and the type for a reroute. */
void fixture_verdict(struct child *c, const char *type, const void *bytes, size_t n, int status);

/* All tests of a program that is held against nothing but its table. */
struct fixture_suite {
	const char *program;
	const struct fixture *fixtures;
	size_t count;
	int damaged; /* copies with flipped bits of each */
	/* Verdicts on documents of other kinds, besides the web page that is rerouted. */
	void (*others)(struct child *c, const char *type);
};
/* The exit status; 0 too where the program is not built here, which is said. */
int fixture_main(const struct fixture_suite *suite);

#endif
