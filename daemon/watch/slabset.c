/* slabset: linear probing with backward-shift deletion (Knuth, TAOCP 6.4 R); see slabset.h. */
#include "watch/slabset.h"

#include "core/mem.h"

enum { FIRST_ROOM = 64 };

uint64_t slabset_mix(uint64_t x)
{
	/* The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

void slabset_finish(struct slabset *s)
{
	mem_free(s->slot);
	s->slot = NULL;
	s->room = s->count = 0;
}

static size_t home_of(const struct slabset *s, uint32_t place)
{
	return s->hash(slab_at(s->slab, place)) & (s->room - 1);
}

static void enter(struct slabset *s, uint32_t place)
{
	size_t i = home_of(s, place);

	while (s->slot[i])
		i = (i + 1) & (s->room - 1);
	s->slot[i] = place;
}

static enum status grow(struct slabset *s)
{
	struct slabset bigger = *s;

	bigger.room = s->room ? s->room * 2 : FIRST_ROOM;
	bigger.slot = mem_zalloc(bigger.room * sizeof *bigger.slot);
	if (!bigger.slot)
		return ST_NOMEM;
	for (size_t i = 0; i < s->room; i++)
		if (s->slot[i])
			enter(&bigger, s->slot[i]);
	mem_free(s->slot);
	*s = bigger;
	return ST_OK;
}

enum status slabset_add(struct slabset *s, const void *item)
{
	if (s->count + 1 > s->room / 4 * 3) {
		enum status st = grow(s);

		if (st != ST_OK)
			return st;
	}
	enter(s, slab_place(item));
	s->count++;
	return ST_OK;
}

void slabset_remove(struct slabset *s, const void *item)
{
	if (!s->room)
		return;
	uint32_t place = slab_place(item);
	size_t mask = s->room - 1, hole = s->hash(item) & mask;

	while (s->slot[hole] && s->slot[hole] != place)
		hole = (hole + 1) & mask;
	if (!s->slot[hole])
		return;
	/* Close the hole with whatever may move there without getting in front of its own place. */
	for (size_t i = (hole + 1) & mask; s->slot[i]; i = (i + 1) & mask) {
		size_t home = home_of(s, s->slot[i]);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		s->slot[hole] = s->slot[i];
		hole = i;
	}
	s->slot[hole] = 0;
	s->count--;
}

void *slabset_find(const struct slabset *s, uint64_t hash, slabset_is *is, const void *key)
{
	if (!s->room)
		return NULL;
	for (size_t i = hash & (s->room - 1); s->slot[i]; i = (i + 1) & (s->room - 1)) {
		void *item = slab_at(s->slab, s->slot[i]);

		if (is(item, key))
			return item;
	}
	return NULL;
}

void *slabset_next(const struct slabset *s, size_t *at)
{
	while (*at < s->room) {
		uint32_t place = s->slot[(*at)++];

		if (place)
			return slab_at(s->slab, place);
	}
	return NULL;
}
