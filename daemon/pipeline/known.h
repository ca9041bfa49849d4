/*
 * known: what a worker asks the store before it converts: whether a content is
 * there already, and whether its converter has failed on it too often.
 *
 * A worker's own read-only connection, made anew when the store is another one.
 * Trouble of the store makes a content unknown: slower, not wrong.
 */
#ifndef PIPELINE_KNOWN_H
#define PIPELINE_KNOWN_H

#include "store/documents.h"
#include "store/slow.h"

#include <stdatomic.h>

/* Embedded on purpose; all zero but the first two. */
struct known {
	const char *state_dir;
	const atomic_uint *generation; /* of the store */
	struct db *db;
	unsigned opened; /* the generation of `db` */
};

/* The document of this content by this converter, or by the one that it rerouted to. */
bool known_find(struct known *k, const unsigned char *hash, int64_t rule, int64_t *document);
/* How many parts it has, and their bytes; false: nobody knows. */
bool known_parts(struct known *k, int64_t document, int64_t *count, int64_t *bytes);
/* Whether any of its parts is a failure. */
bool known_is_flawed(struct known *k, int64_t document);
bool known_is_quarantined(
	struct known *k, int64_t dir, const char *name, const unsigned char *hash, int64_t rule);
/* Files that wait for their slow converter, as slow_each; and where a directory is, false: nowhere.
 */
bool known_slow(struct known *k, int64_t after, int limit, slow_each_file *each, void *arg);
bool known_dir_path(struct known *k, int64_t dir, struct buf *path);
void known_close(struct known *k);

#endif
