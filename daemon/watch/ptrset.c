/* ptrset: linear probing with backward-shift deletion (Knuth, TAOCP 6.4 R); see ptrset.h. */
#include "watch/ptrset.h"

#include "core/mem.h"

enum { FIRST_ROOM = 64 };

uint64_t ptrset_mix(uint64_t x)
{
	/* The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

void ptrset_finish(struct ptrset *s)
{
	mem_free(s->slot);
	s->slot = NULL;
	s->room = s->count = 0;
}

static void place(struct ptrset *s, void *item)
{
	size_t i = s->hash(item) & (s->room - 1);

	while (s->slot[i])
		i = (i + 1) & (s->room - 1);
	s->slot[i] = item;
}

static enum status grow(struct ptrset *s)
{
	struct ptrset bigger = {.room = s->room ? s->room * 2 : FIRST_ROOM, .hash = s->hash};

	bigger.slot = mem_zalloc(bigger.room * sizeof *bigger.slot);
	if (!bigger.slot)
		return ST_NOMEM;
	for (size_t i = 0; i < s->room; i++)
		if (s->slot[i])
			place(&bigger, s->slot[i]);
	bigger.count = s->count;
	mem_free(s->slot);
	*s = bigger;
	return ST_OK;
}

enum status ptrset_add(struct ptrset *s, void *item)
{
	if (s->count + 1 > s->room / 4 * 3) {
		enum status st = grow(s);

		if (st != ST_OK)
			return st;
	}
	place(s, item);
	s->count++;
	return ST_OK;
}

void ptrset_remove(struct ptrset *s, const void *item)
{
	if (!s->room)
		return;
	size_t mask = s->room - 1, hole = s->hash(item) & mask;

	while (s->slot[hole] && s->slot[hole] != item)
		hole = (hole + 1) & mask;
	if (!s->slot[hole])
		return;
	/* Close the hole with whatever may move there without getting in front of its own place. */
	for (size_t i = (hole + 1) & mask; s->slot[i]; i = (i + 1) & mask) {
		size_t home = s->hash(s->slot[i]) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		s->slot[hole] = s->slot[i];
		hole = i;
	}
	s->slot[hole] = NULL;
	s->count--;
}

void *ptrset_find(const struct ptrset *s, uint64_t hash, ptrset_is *is, const void *key)
{
	if (!s->room)
		return NULL;
	for (size_t i = hash & (s->room - 1); s->slot[i]; i = (i + 1) & (s->room - 1))
		if (is(s->slot[i], key))
			return s->slot[i];
	return NULL;
}

void *ptrset_next(const struct ptrset *s, size_t *at)
{
	while (*at < s->room) {
		void *item = s->slot[(*at)++];

		if (item)
			return item;
	}
	return NULL;
}
