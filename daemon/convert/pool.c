/* pool: places of persistent converters; see pool.h. */
#include "convert/pool.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"

#include <string.h>

struct pool {
	bool by_owner;
	struct persist *places; /* linked */
};

enum status pool_create(bool by_owner, struct pool **out)
{
	struct pool *p = mem_zalloc(sizeof *p);

	if (!p)
		return ST_NOMEM;
	p->by_owner = by_owner;
	*out = p;
	return ST_OK;
}

void pool_destroy(struct pool *p)
{
	if (!p)
		return;
	/* All are asked first, so that they end side by side. */
	for (struct persist *x = p->places; x; x = x->next)
		coproc_end(&x->process);
	while (p->places) {
		struct persist *x = p->places;

		p->places = x->next;
		persist_end(x);
		mem_free(x);
	}
	mem_free(p);
}

static bool rests(const struct persist *x)
{
	return !x->taken && coproc_is_running(&x->process);
}

static bool fits(
	const struct pool *p, const struct persist *x, const struct converter *c, uint32_t owner)
{
	return memcmp(x->version, c->version, sizeof x->version) == 0 &&
	       x->memory_bytes == c->memory_bytes && x->processes == c->processes &&
	       (!p->by_owner || x->owner == owner);
}

/* Ends the process that has rested longest if there are too many; how many there are is counted on
 * the way. */
static void make_room(struct pool *p)
{
	struct persist *oldest = NULL;
	int running = 0;

	for (struct persist *x = p->places; x; x = x->next) {
		running += coproc_is_running(&x->process);
		if (rests(x) && (!oldest || x->idle_since_ms < oldest->idle_since_ms))
			oldest = x;
	}
	if (running >= POOL_PROCESSES_MAX && oldest)
		persist_end(oldest);
}

/* A place without a process, made if there is none. */
static struct persist *find_empty(struct pool *p)
{
	struct persist *x = p->places;

	while (x && (x->taken || coproc_is_running(&x->process)))
		x = x->next;
	if (x)
		return x;
	x = mem_zalloc(sizeof *x);
	if (!x)
		return NULL;
	x->next = p->places;
	p->places = x;
	return x;
}

struct persist *pool_take(struct pool *p, const struct converter *c, uint32_t owner)
{
	struct persist *x = p->places;

	while (x && !(rests(x) && fits(p, x, c, owner)))
		x = x->next;
	if (!x) {
		make_room(p);
		x = find_empty(p);
	}
	if (!x)
		return NULL;
	x->taken = true;
	x->owner = owner;
	return x;
}

void pool_give(struct pool *p, struct persist *place)
{
	(void)p;
	BUG_UNLESS(place->taken);
	place->taken = false;
}

int pool_trim(struct pool *p, int64_t idle_ms)
{
	int64_t now = now_mono_ms();
	int alive = 0;

	for (struct persist *x = p->places; x; x = x->next)
		if (rests(x) &&
			(now - x->idle_since_ms >= idle_ms || coproc_has_ended(&x->process)))
			coproc_end(&x->process);
	for (struct persist *x = p->places; x; x = x->next) {
		if (rests(x) && x->process.ending)
			persist_end(x);
		alive += coproc_is_running(&x->process);
	}
	return alive;
}
