/*
 * tags: what a picture or a recording says about itself, as metadata and as words to be found.
 *
 * Such values come in any encoding, and the same one often under several names;
 * what was said once is not said again.  Not for several threads: see charset.h.
 */
#ifndef CONVERT_TAGS_H
#define CONVERT_TAGS_H

#include "answer.h"

enum { TAGS_SEEN = 256, TAGS_VALUE_MOST = 1024 * 1024 };

/* Embedded; fields are private. */
struct tags {
	struct answer *out;
	size_t seen_count;
	uint64_t seen[TAGS_SEEN]; /* hashes of values that are in the text */
};

void tags_init(struct tags *t, struct answer *out);
/* A line of text, and metadata where `key` is not NULL; blank values say nothing. */
void tags_add(struct tags *t, const char *key, const char *value, size_t n);

#endif
