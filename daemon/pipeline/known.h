/*
 * known: what workers ask the store before they convert: whether a content is
 * there already, and whether its converter has failed on it too often.
 *
 * A question takes microseconds and a connection milliseconds to open, so all
 * workers share a few, which are made anew when the store is another one.  Who
 * finds none free waits.  Trouble of the store makes a content unknown: slower,
 * not wrong.  Any thread.
 */
#ifndef PIPELINE_KNOWN_H
#define PIPELINE_KNOWN_H

#include "store/documents.h"
#include "store/slow.h"

#include <stdatomic.h>

struct known;

/* `generation` is that of the store; both outlive it. */
MUST_USE enum status known_create(const char *state_dir, const atomic_uint *generation, struct known **out);
void known_destroy(struct known *k); /* NULL is fine; nobody asks any more */

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
/* Connections that nobody has used for so long, or that are to an earlier store, are closed. */
void known_rest(struct known *k, int64_t unused_ms);

#endif
