/* slab: see slab.h. */
#include "watch/slab.h"

#include "core/log.h"
#include "core/mem.h"

#include <string.h>

enum { CHUNK_STEPS = 32768 }; /* 256 KiB, of which the kernel gives what is used */

struct slab_chunk {
	struct slab_chunk *next, *prev;
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

static struct slab_chunk *chunk_of(struct slab_item *i)
{
	uint64_t *place = (uint64_t *)(void *)i;

	return (struct slab_chunk *)(void *)((char *)(place - i->at) - offsetof(struct slab_chunk, room));
}

static struct slab_chunk *add_chunk(struct slab *s)
{
	struct slab_chunk *c = mem_alloc(sizeof *c + ROOM * sizeof *c->room);

	if (!c)
		return NULL;
	*c = (struct slab_chunk){.next = s->newest};
	if (c->next)
		c->next->prev = c;
	s->newest = c;
	return c;
}

static void unlink_spare(struct slab *s, struct slab_spare *x)
{
	*(x->prev ? &x->prev->next : &s->spare[x->item.steps]) = x->next;
	if (x->next)
		x->next->prev = x->prev;
}

void *slab_take(struct slab *s, size_t size)
{
	uint16_t steps = (uint16_t)((size + SLAB_STEP - 1) / SLAB_STEP);
	struct slab_spare *x = size <= SLAB_ITEM_MAX ? s->spare[steps] : NULL;
	struct slab_chunk *c;

	BUG_UNLESS(size >= sizeof *x && size <= SLAB_ITEM_MAX);
	if (x) {
		unlink_spare(s, x);
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
	mem_free(c);
}

void slab_give(struct slab *s, void *item)
{
	struct slab_spare *x = item;
	struct slab_chunk *c = chunk_of(&x->item);

	x->prev = NULL;
	x->next = s->spare[x->item.steps];
	if (x->next)
		x->next->prev = x;
	s->spare[x->item.steps] = x;
	if (--c->taken == 0)
		drop_chunk(s, c);
}

void slab_finish(struct slab *s)
{
	while (s->newest) {
		struct slab_chunk *c = s->newest;

		s->newest = c->next;
		mem_free(c);
	}
	memset(s, 0, sizeof *s);
}
