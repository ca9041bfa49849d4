/*
 * slabset: a hash set of items of one slab, which know their own hash.  Not locked.
 *
 * Four bytes an entry and no allocation per entry: a tree of a million
 * directories is looked up in four ways.
 */
#ifndef WATCH_SLABSET_H
#define WATCH_SLABSET_H

#include "core/status.h"
#include "watch/slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slabset {
	const struct slab *slab;
	uint32_t *slot; /* places in the slab; room is a power of two, or 0 */
	size_t room, count;
	uint64_t (*hash)(const void *item);
};

typedef bool slabset_is(const void *item, const void *key);

void slabset_finish(struct slabset *s);
MUST_USE enum status slabset_add(struct slabset *s, const void *item);
/* Takes this very item out; nothing happens if it is not in. */
void slabset_remove(struct slabset *s, const void *item);
/* The first item for which `is` holds among those that hash alike; NULL. */
void *slabset_find(const struct slabset *s, uint64_t hash, slabset_is *is, const void *key);
/* Every item, in no order: start with *at = 0, NULL at the end.  The set must not change meanwhile. */
void *slabset_next(const struct slabset *s, size_t *at);
/* Spreads an integer over 64 bits. */
uint64_t slabset_mix(uint64_t x);

#endif
