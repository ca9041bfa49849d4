/*
 * slab: memory of many small items that live long, away from what comes and goes.  Not locked.
 *
 * In the common heap a tree's nodes lie between the remains of the scan that found them, and hold its pages: as much
 * again as they are themselves.  Here they lie close together, in chunks that are given back when all of one is free
 * (but for the last one, as long as little of it was used).  A slab stays where it is until it is finished.
 */
#ifndef WATCH_SLAB_H
#define WATCH_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum { SLAB_STEP = 8, SLAB_SIZES = 64, SLAB_ITEM_MAX = 65536 };

/* The beginning of every item; the slab's. */
struct slab_item {
	uint16_t at;	/* its place in its chunk, in steps */
	uint16_t steps; /* its size */
};

struct slab_chunk;
struct slab_spare;
struct slab {
	struct slab_chunk *newest;
	struct slab_spare *spare[SLAB_SIZES]; /* by size in steps; [0]: all larger ones */
	struct slab_chunk **chunk; /* by number; NULL: was given back */
	uint32_t chunk_count, chunk_room;
};

/* Zeroed but for its beginning; at most SLAB_ITEM_MAX bytes.  NULL: no memory. */
void *slab_take(struct slab *s, size_t size);
void slab_give(struct slab *s, void *item); /* NULL is fine */
void slab_finish(struct slab *s); /* whatever is taken still */

/* Where an item is, in half the bits of a pointer, as long as it is taken.  0 for NULL, and for nothing else. */
uint32_t slab_place(const void *item);
/* The item there; NULL for 0. */
void *slab_at(const struct slab *s, uint32_t place);
/* The same in the slab of any item that is taken. */
void *slab_near(const void *item, uint32_t place);

#endif
