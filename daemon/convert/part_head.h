/*
 * part_head: what a converter says of a document inside of another: record P.
 *
 * The names are a stranger's: whatever they are, a path comes out that stays
 * below its container.  Pure; any thread.
 */
#ifndef CONVERT_PART_HEAD_H
#define CONVERT_PART_HEAD_H

#include "core/buf.h"

#include <stdint.h>

enum {
	PART_PATH_MAX = 4096, /* bytes; of a longer one the end is kept, which names the document */
	PART_STEPS_MAX = 64   /* components; of more the last are kept */
};

struct part_head {
	struct buf path; /* components joined by '/', UTF-8, never empty */
	struct buf type; /* MIME type; empty: not said, or not well-formed */
	int64_t size;    /* bytes; -1: not said */
	int64_t created; /* seconds UTC; 0: not said */
};

/* Takes the payload apart; ST_INVALID with a static sentence in *fault, ST_NOMEM. */
MUST_USE enum status part_head_parse(
	struct part_head *h, const char *json, size_t n, const char **fault);
void part_head_clear(struct part_head *h); /* keeps the memory */
void part_head_finish(struct part_head *h);

/* Whether it has the form of a MIME type: printable ASCII with a slash inside. */
bool part_type_is_valid(const char *type, size_t n);

#endif
