/*
 * strmap: byte-string keys to pointers, by open hashing with a seeded hash.  Not locked.
 */
#ifndef CORE_STRMAP_H
#define CORE_STRMAP_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap;

MUST_USE enum status strmap_create(struct strmap **out);
void strmap_destroy(struct strmap *m); /* values are the caller's; NULL is fine */
size_t strmap_count(const struct strmap *m);
/* NULL if absent. */
void *strmap_get(const struct strmap *m, const char *key, size_t len);
/* The key is copied.  `old` (may be NULL) receives the value replaced, or NULL. */
MUST_USE enum status strmap_put(struct strmap *m, const char *key, size_t len, void *value, void **old);
/* Returns the value taken out, NULL if absent. */
void *strmap_take(struct strmap *m, const char *key, size_t len);
/* Iterates in no order: start with *at = 0, false at the end.  No change of the map meanwhile, but strmap_take of the
 * entry just seen is fine. */
bool strmap_next(const struct strmap *m, size_t *at, const char **key, size_t *len, void **value);
/* The seeded hash (SipHash-like quality is not needed: the seed is per process). */
uint64_t strmap_hash(const void *bytes, size_t len);

#endif
