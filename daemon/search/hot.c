/* hot: a heap of what is asked, the coldest on top; see hot.h. */
#include "search/hot.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/strmap.h"

#include <math.h>
#include <stdlib.h>

struct entry {
	double weight; /* log2 of the count, as of time 0 */
	size_t at;     /* in the heap */
	char *key;
	size_t key_len;
	void *value;
};

struct hot {
	struct strmap *by_key;
	struct entry **heap; /* of those; no parent is hotter than its children */
	size_t count, most;
	double half_life_ms;
	void (*drop)(void *value);
};

enum status hot_create(size_t most, int64_t half_life_ms, void (*drop)(void *value), struct hot **out)
{
	struct hot *h = mem_zalloc(sizeof *h);

	*out = NULL;
	if (!h)
		return ST_NOMEM;
	h->most = most;
	h->half_life_ms = (double)half_life_ms;
	h->drop = drop;
	h->heap = mem_resize(NULL, most + 1, sizeof *h->heap);
	if (!h->heap || strmap_create(&h->by_key) != ST_OK) {
		mem_free(h->heap);
		mem_free(h);
		return ST_NOMEM;
	}
	*out = h;
	return ST_OK;
}

static void forget(struct hot *h, struct entry *e)
{
	(void)strmap_take(h->by_key, e->key, e->key_len);
	h->drop(e->value);
	mem_free(e->key);
	mem_free(e);
}

void hot_clear(struct hot *h)
{
	while (h->count > 0)
		forget(h, h->heap[--h->count]);
}

void hot_destroy(struct hot *h)
{
	if (!h)
		return;
	hot_clear(h);
	strmap_destroy(h->by_key);
	mem_free(h->heap);
	mem_free(h);
}

size_t hot_count(const struct hot *h)
{
	return h->count;
}

/* --- the heap ----------------------------------------------------------------------------------- */

static void place(struct hot *h, size_t at, struct entry *e)
{
	h->heap[at] = e;
	e->at = at;
}

static void sink(struct hot *h, struct entry *e)
{
	size_t at = e->at, child;

	while ((child = 2 * at + 1) < h->count) {
		if (child + 1 < h->count && h->heap[child + 1]->weight < h->heap[child]->weight)
			child++;
		if (h->heap[child]->weight >= e->weight)
			break;
		place(h, at, h->heap[child]);
		at = child;
	}
	place(h, at, e);
}

static void rise(struct hot *h, struct entry *e)
{
	size_t at = e->at;

	while (at > 0 && h->heap[(at - 1) / 2]->weight > e->weight) {
		place(h, at, h->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(h, at, e);
}

static void drop_coldest(struct hot *h)
{
	struct entry *coldest = h->heap[0], *last = h->heap[--h->count];

	if (h->count > 0) {
		place(h, 0, last);
		sink(h, last);
	}
	forget(h, coldest);
}

/* --- counting ----------------------------------------------------------------------------------- */

/* log2(2^a + 2^b) */
static double add_weights(double a, double b)
{
	return fmax(a, b) + log2(1 + exp2(-fabs(a - b)));
}

static double weight_of_one(const struct hot *h, int64_t now_ms)
{
	return (double)now_ms / h->half_life_ms;
}

static struct entry *entry_create(struct hot *h, const struct buf *key)
{
	struct entry *e = mem_zalloc(sizeof *e);

	if (!e)
		return NULL;
	e->key_len = key->len;
	e->key = mem_dup(key->data, key->len);
	if (e->key && strmap_put(h->by_key, e->key, e->key_len, e, NULL) == ST_OK)
		return e;
	mem_free(e->key);
	mem_free(e);
	return NULL;
}

bool hot_touch(struct hot *h, const struct buf *key, int64_t now_ms, void *value)
{
	struct entry *e = strmap_get(h->by_key, key->data, key->len);
	double one = weight_of_one(h, now_ms);

	if (e) {
		e->weight = add_weights(e->weight, one);
		sink(h, e);
		return false;
	}
	if (h->most == 0)
		return false;
	e = entry_create(h, key);
	if (!e)
		return false;
	e->weight = one;
	e->value = value;
	if (h->count == h->most)
		drop_coldest(h);
	place(h, h->count++, e);
	rise(h, e);
	return true;
}

static int hotter_first(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return (x->weight < y->weight) - (x->weight > y->weight);
}

size_t hot_list(const struct hot *h, int64_t now_ms, double least, void **out, size_t most)
{
	struct entry **sorted = mem_resize(NULL, h->count + 1, sizeof(struct entry *));
	double bound = least > 0 ? weight_of_one(h, now_ms) + log2(least) : -INFINITY;
	size_t n = 0;

	if (!sorted)
		return 0;
	for (size_t i = 0; i < h->count; i++)
		sorted[i] = h->heap[i];
	qsort(sorted, h->count, sizeof(struct entry *), hotter_first);
	while (n < h->count && n < most && sorted[n]->weight >= bound) {
		out[n] = sorted[n]->value;
		n++;
	}
	mem_free(sorted);
	return n;
}
