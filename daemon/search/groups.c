/* groups: the best hit of each file; see groups.h. */
#include "search/groups.h"

#include "core/mem.h"
#include "core/strmap.h"

struct groups {
	struct strmap *best;  /* id of the group -> struct hit */
	struct strmap *parts; /* rows that were counted -> this */
};

enum status groups_create(struct groups **out)
{
	struct groups *g = mem_zalloc(sizeof *g);

	*out = NULL;
	if (!g)
		return ST_NOMEM;
	if (strmap_create(&g->best) != ST_OK || strmap_create(&g->parts) != ST_OK) {
		groups_destroy(g);
		return ST_NOMEM;
	}
	*out = g;
	return ST_OK;
}

static bool next_best(const struct groups *g, size_t *at, struct hit **best)
{
	const char *key;
	size_t len;
	void *value;

	if (!strmap_next(g->best, at, &key, &len, &value))
		return false;
	*best = value;
	return true;
}

void groups_destroy(struct groups *g)
{
	struct hit *best;

	if (!g)
		return;
	for (size_t at = 0; g->best && next_best(g, &at, &best);) {
		hit_finish(best);
		mem_free(best);
	}
	strmap_destroy(g->best);
	strmap_destroy(g->parts);
	mem_free(g);
}

size_t groups_count(const struct groups *g)
{
	return strmap_count(g->best);
}

/* The group of that id, made empty if it is new; NULL for want of memory. */
static struct hit *find_or_make(struct groups *g, int64_t id, bool *is_new)
{
	struct hit *best = strmap_get(g->best, (const char *)&id, sizeof id);

	*is_new = !best;
	if (best)
		return best;
	best = mem_zalloc(sizeof *best);
	if (best && strmap_put(g->best, (const char *)&id, sizeof id, best, NULL) != ST_OK) {
		mem_free(best);
		best = NULL;
	}
	return best;
}

static enum status count_part(struct groups *g, struct hit *best, int64_t part)
{
	if (!part || strmap_get(g->parts, (const char *)&part, sizeof part))
		return ST_OK;
	best->group_parts++;
	return strmap_put(g->parts, (const char *)&part, sizeof part, g, NULL);
}

enum status groups_offer(struct groups *g, const struct top *top, struct hit *place, int64_t part)
{
	bool is_new;
	struct hit *best = find_or_make(g, place->id, &is_new);

	if (!best) {
		hit_finish(place);
		return ST_NOMEM;
	}
	if (is_new || top_before(top, place, best)) {
		place->group_parts = best->group_parts;
		hit_finish(best);
		*best = *place;
		*place = (struct hit){0};
	}
	hit_finish(place);
	return count_part(g, best, part);
}

enum status groups_flush(struct groups *g, struct top *top)
{
	struct hit *best;
	enum status st = ST_OK;

	/* What is offered is taken; the empty shells go with the groups. */
	for (size_t at = 0; st == ST_OK && next_best(g, &at, &best);)
		st = top_offer(top, best);
	return st;
}
