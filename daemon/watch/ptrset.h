/*
 * ptrset: a hash set of pointers whose items know their own hash.  Not locked.
 *
 * Eight bytes an entry and no allocation per entry: a tree of a million
 * directories is looked up in four ways.
 */
#ifndef WATCH_PTRSET_H
#define WATCH_PTRSET_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ptrset {
	void **slot; /* room is a power of two, or 0 */
	size_t room, count;
	uint64_t (*hash)(const void *item);
};

typedef bool ptrset_is(const void *item, const void *key);

void ptrset_finish(struct ptrset *s);
MUST_USE enum status ptrset_add(struct ptrset *s, void *item);
/* Takes this very item out; nothing happens if it is not in. */
void ptrset_remove(struct ptrset *s, const void *item);
/* The first item for which `is` holds among those that hash alike; NULL. */
void *ptrset_find(const struct ptrset *s, uint64_t hash, ptrset_is *is, const void *key);
/* Every item, in no order: start with *at = 0, NULL at the end.  The set must not change meanwhile. */
void *ptrset_next(const struct ptrset *s, size_t *at);
/* Spreads an integer over 64 bits. */
uint64_t ptrset_mix(uint64_t x);

#endif
