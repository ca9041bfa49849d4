/* slab: see slab.h. */
#include "watch/slab.h"

#include "core/log.h"
#include "core/mem.h"

#include <stdbool.h>
#include <string.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h> /* says nothing where the address sanitizer is off */
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

enum {
	CHUNK_STEPS = 32768, /* 256 KiB, of which the kernel gives what is used */
	CHUNKS_FIRST = 8,
	KEPT_STEPS = 2048, /* so much of the only chunk is kept when it is empty, for the next one */
};

static const uint32_t CHUNKS_MOST = UINT32_MAX / CHUNK_STEPS;

struct slab_chunk {
	const struct slab *slab;
	struct slab_chunk *next, *prev;
	uint32_t number;
	size_t taken, used; /* items; steps from the front */
	uint64_t room[];
};

/* An item that is free. */
struct slab_spare {
	struct slab_item item;
	struct slab_spare *next, *prev;
};
_Static_assert(sizeof(uint64_t) == SLAB_STEP, "places are counted in these");

enum { ROOM = CHUNK_STEPS - sizeof(struct slab_chunk) / SLAB_STEP - 2 }; /* and what malloc puts before it */

static struct slab_chunk *chunk_of(const struct slab_item *i)
{
	uintptr_t room = (uintptr_t)i - (uintptr_t)i->at * SLAB_STEP;

	return (struct slab_chunk *)(room - offsetof(struct slab_chunk, room));
}

/* A number for one more, the lowest that is free; false: there is none. */
static bool take_number(struct slab *s, uint32_t *out)
{
	uint32_t number = 0, room = s->chunk_room ? s->chunk_room * 2 : CHUNKS_FIRST;

	while (number < s->chunk_count && s->chunk[number])
		number++;
	if (number == CHUNKS_MOST)
		return false;
	if (number == s->chunk_room) {
		struct slab_chunk **more = mem_resize(s->chunk, room, sizeof(struct slab_chunk *));

		if (!more)
			return false;
		s->chunk = more;
		s->chunk_room = room;
	}
	if (number == s->chunk_count)
		s->chunk_count++;
	s->chunk[number] = NULL;
	*out = number;
	return true;
}

static struct slab_chunk *add_chunk(struct slab *s)
{
	uint32_t number;
	struct slab_chunk *c = take_number(s, &number) ? mem_alloc(sizeof *c + ROOM * sizeof *c->room) : NULL;

	if (!c)
		return NULL;
	*c = (struct slab_chunk){.slab = s, .next = s->newest, .number = number};
	s->chunk[number] = c;
	if (c->next)
		c->next->prev = c;
	s->newest = c;
	return c;
}

/* Where the spare ones of so many steps are. */
static size_t size_of(uint16_t steps)
{
	return steps < SLAB_SIZES ? steps : 0;
}

/* Of exactly so many steps; NULL. */
static struct slab_spare *find_spare(const struct slab *s, uint16_t steps)
{
	struct slab_spare *x = s->spare[size_of(steps)];

	while (x && x->item.steps != steps)
		x = x->next;
	return x;
}

static void unlink_spare(struct slab *s, struct slab_spare *x)
{
	*(x->prev ? &x->prev->next : &s->spare[size_of(x->item.steps)]) = x->next;
	if (x->next)
		x->next->prev = x->prev;
}

void *slab_take(struct slab *s, size_t size)
{
	uint16_t steps = (uint16_t)((size + SLAB_STEP - 1) / SLAB_STEP);
	struct slab_spare *x;
	struct slab_chunk *c;

	BUG_UNLESS(size >= sizeof *x && size <= SLAB_ITEM_MAX);
	x = find_spare(s, steps);
	if (x) {
		unlink_spare(s, x);
		ASAN_UNPOISON_MEMORY_REGION(x, size);
		c = chunk_of(&x->item);
	} else {
		c = s->newest && s->newest->used + steps <= ROOM ? s->newest : add_chunk(s);
		if (!c)
			return NULL;
		x = (struct slab_spare *)(void *)&c->room[c->used];
		x->item = (struct slab_item){.at = (uint16_t)c->used, .steps = steps};
		c->used += steps;
	}
	c->taken++;
	memset((char *)x + sizeof x->item, 0, size - sizeof x->item);
	return x;
}

/* All of its items are spare. */
static void drop_chunk(struct slab *s, struct slab_chunk *c)
{
	for (size_t at = 0; at < c->used;) {
		struct slab_spare *x = (struct slab_spare *)(void *)&c->room[at];

		at += x->item.steps;
		unlink_spare(s, x);
	}
	*(c->prev ? &c->prev->next : &s->newest) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->chunk[c->number] = NULL;
	ASAN_UNPOISON_MEMORY_REGION(c->room, c->used * sizeof *c->room);
	mem_free(c);
}

void slab_give(struct slab *s, void *item)
{
	struct slab_spare *x = item;

	if (!x)
		return;
	struct slab_chunk *c = chunk_of(&x->item);
	x->prev = NULL;
	x->next = s->spare[size_of(x->item.steps)];
	if (x->next)
		x->next->prev = x;
	s->spare[size_of(x->item.steps)] = x;
	ASAN_POISON_MEMORY_REGION(x + 1, x->item.steps * sizeof *c->room - sizeof *x);
	c->taken--;
	if (c->taken == 0 && (c->next || c->prev || c->used > KEPT_STEPS))
		drop_chunk(s, c);
}

void slab_finish(struct slab *s)
{
	while (s->newest) {
		struct slab_chunk *c = s->newest;

		s->newest = c->next;
		ASAN_UNPOISON_MEMORY_REGION(c->room, c->used * sizeof *c->room);
		mem_free(c);
	}
	mem_free(s->chunk);
	memset(s, 0, sizeof *s);
}

uint32_t slab_place(const void *item)
{
	const struct slab_item *i = item;

	return i ? chunk_of(i)->number * CHUNK_STEPS + i->at + 1u : 0;
}

void *slab_at(const struct slab *s, uint32_t place)
{
	return place ? &s->chunk[(place - 1) / CHUNK_STEPS]->room[(place - 1) % CHUNK_STEPS] : NULL;
}

void *slab_near(const void *item, uint32_t place)
{
	return place ? slab_at(chunk_of(item)->slab, place) : NULL;
}
