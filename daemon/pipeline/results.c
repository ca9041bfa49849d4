/* results: the queue in front of the writer; see results.h. */
#include "pipeline/results.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"

#include <string.h>

enum { LANES = 2 };

struct result_lane {
	struct result *first, **end;
};

struct results {
	size_t bytes_max;

	struct lock lock; /* held alone */
	struct cond filled, drained;

	/* protected by lock */
	struct result_lane lane[LANES];
	struct tree_change *tree, **tree_end;
	size_t tree_count, bytes;
	bool wants_room; /* a worker waits, and nothing was released since */
	bool poked, closed;
};

struct result *result_create(struct job **job)
{
	struct result *r = mem_zalloc(sizeof *r);

	if (!r)
		return NULL;
	r->job = r->of = *job;
	*job = NULL;
	return r;
}

static void place_destroy(struct result_place *p)
{
	for (size_t i = 0; p && i < p->depth; i++)
		mem_free(p->containers[i].type);
	if (p)
		mem_free(p->path);
	mem_free(p);
}

struct result *result_create_part(struct job *of, const char *path, size_t depth)
{
	struct result *r = mem_zalloc(sizeof *r);
	struct result_place *p = mem_zalloc(sizeof *p + depth * sizeof p->containers[0]);

	if (p)
		p->path = mem_strdup(path);
	if (!r || !p || !p->path) {
		mem_free(r);
		place_destroy(p);
		return NULL;
	}
	p->depth = depth;
	r->of = of;
	r->place = p;
	return r;
}

void result_destroy(struct result *r)
{
	if (!r)
		return;
	BUG_UNLESS(!r->job);
	struct buf *bufs[] = {&r->text, &r->type, &r->title, &r->author, &r->lang, &r->meta,
		&r->who, &r->detail, &r->output, &r->acl};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_finish(bufs[i]);
	place_destroy(r->place);
	mem_free(r->packed);
	mem_free(r);
}

void result_weigh(struct result *r)
{
	size_t place = r->place ? strlen(r->place->path) + r->place->depth * 128 : sizeof *r->job;

	/* Small things are one sum. */
	r->bytes = sizeof *r + place + r->text.len + r->packed_len + r->meta.len + r->output.len + 512;
}

enum status results_create(size_t bytes_max, struct results **out)
{
	struct results *q = mem_zalloc(sizeof *q);

	if (!q)
		return ST_NOMEM;
	q->bytes_max = bytes_max;
	lock_init(&q->lock);
	cond_init(&q->filled);
	cond_init(&q->drained);
	for (int i = 0; i < LANES; i++)
		q->lane[i].end = &q->lane[i].first;
	q->tree_end = &q->tree;
	*out = q;
	return ST_OK;
}

void results_destroy(struct results *q)
{
	if (!q)
		return;
	BUG_UNLESS(!q->tree && !q->lane[LANE_LIVE].first && !q->lane[LANE_BULK].first);
	cond_finish(&q->drained);
	cond_finish(&q->filled);
	lock_finish(&q->lock);
	mem_free(q);
}

enum status results_push(struct results *q, struct result **r)
{
	struct result *x = *r;
	struct result_lane *lane = &q->lane[x->of->lane];

	LOCK_SCOPE(&q->lock);
	/* One that is larger than the bound goes alone. */
	while (!q->closed && q->bytes && q->bytes + x->bytes > q->bytes_max) {
		q->wants_room = true;
		cond_signal(&q->filled); /* the writer may hold what there is, waiting for more */
		cond_wait(&q->drained, &q->lock);
	}
	if (q->closed)
		return ST_CLOSED;
	q->bytes += x->bytes;
	stats_set(results_bytes, (long long)q->bytes);
	x->next = NULL;
	*lane->end = x;
	lane->end = &x->next;
	*r = NULL;
	cond_signal(&q->filled);
	return ST_OK;
}

enum status results_push_tree(struct results *q, struct tree_change **c)
{
	struct tree_change *x = *c;

	LOCK_SCOPE(&q->lock);
	if (q->closed)
		return ST_CLOSED;
	x->next = NULL;
	*q->tree_end = x;
	q->tree_end = &x->next;
	q->tree_count++;
	*c = NULL;
	cond_signal(&q->filled);
	return ST_OK;
}

size_t results_tree_count(struct results *q)
{
	LOCK_SCOPE(&q->lock);
	return q->tree_count;
}

static bool pop_tree(struct results *q, struct tree_change **c)
{
	if (!q->tree)
		return false;
	*c = q->tree;
	q->tree = (*c)->next;
	if (!q->tree)
		q->tree_end = &q->tree;
	q->tree_count--;
	return true;
}

static bool pop_result(struct results *q, struct result **r)
{
	for (int i = 0; i < LANES; i++) {
		struct result_lane *lane = &q->lane[i];

		if (!lane->first)
			continue;
		*r = lane->first;
		lane->first = (*r)->next;
		if (!lane->first)
			lane->end = &lane->first;
		return true;
	}
	return false;
}

enum results_event results_pop(
	struct results *q, int64_t until_ms, struct tree_change **c, struct result **r)
{
	LOCK_SCOPE(&q->lock);
	for (;;) {
		if (pop_tree(q, c))
			return RESULTS_TREE;
		if (q->poked) {
			q->poked = false;
			return RESULTS_POKE;
		}
		if (pop_result(q, r))
			return RESULTS_RESULT;
		if (q->closed)
			return RESULTS_END;
		/* All the bytes are the writer's, and nobody can bring more before it is through with them. */
		if (q->wants_room && q->bytes)
			return RESULTS_TIMEOUT;
		if (until_ms < 0)
			cond_wait(&q->filled, &q->lock);
		else if (!cond_wait_until(&q->filled, &q->lock, until_ms))
			return RESULTS_TIMEOUT;
	}
}

bool results_live_waits(struct results *q)
{
	LOCK_SCOPE(&q->lock);
	return q->lane[LANE_LIVE].first || q->tree;
}

void results_poke(struct results *q)
{
	LOCK_SCOPE(&q->lock);
	q->poked = true;
	cond_signal(&q->filled);
}

void results_close(struct results *q)
{
	LOCK_SCOPE(&q->lock);
	q->closed = true;
	cond_broadcast(&q->filled);
	cond_broadcast(&q->drained);
}

void results_release(struct results *q, size_t bytes)
{
	LOCK_SCOPE(&q->lock);
	BUG_UNLESS(q->bytes >= bytes);
	q->bytes -= bytes;
	q->wants_room = false;
	stats_set(results_bytes, (long long)q->bytes);
	cond_broadcast(&q->drained);
}
