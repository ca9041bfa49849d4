/* top: a bounded heap of hits; see top.h. */
#include "search/top.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

void hit_finish(struct hit *h)
{
	mem_free(h->text);
	mem_free(h->spots);
	h->text = NULL;
	h->spots = NULL;
}

/* Ascending by the key alone. */
static int compare_keys(enum sort sort, const struct hit *a, const struct hit *b)
{
	switch (sort) {
	case SORT_RELEVANCE:
		return (a->score > b->score) - (a->score < b->score);
	case SORT_TIME:
	case SORT_SIZE:
		return (a->number > b->number) - (a->number < b->number);
	case SORT_NAME:
	case SORT_PATH:
		return strcmp(a->text, b->text);
	}
	return 0;
}

/* Whether `a` stands before `b`; of equals the newer row does.  Never equal for two hits. */
bool top_before(const struct top *t, const struct hit *a, const struct hit *b)
{
	int c = compare_keys(t->sort, a, b);

	if (c)
		return t->descending ? c > 0 : c < 0;
	return a->id > b->id;
}

bool top_may_keep(const struct top *t, const struct hit *h)
{
	return t->count < t->capacity || top_before(t, h, &t->hits[0]);
}

bool top_admits(const struct top *t, const struct hit *h)
{
	return (!t->after || top_before(t, t->after, h)) && top_may_keep(t, h);
}

static void swap(struct hit *a, struct hit *b)
{
	struct hit c = *a;

	*a = *b;
	*b = c;
}

/* The heap holds the worst of `count` hits at 0. */
static void sift_down(struct top *t, size_t count)
{
	for (size_t at = 0;;) {
		size_t worst = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
			if (top_before(t, &t->hits[worst], &t->hits[child]))
				worst = child;
		if (worst == at)
			return;
		swap(&t->hits[at], &t->hits[worst]);
		at = worst;
	}
}

static void sift_up(struct top *t, size_t at)
{
	while (at && top_before(t, &t->hits[(at - 1) / 2], &t->hits[at])) {
		swap(&t->hits[(at - 1) / 2], &t->hits[at]);
		at = (at - 1) / 2;
	}
}

enum status top_offer(struct top *t, struct hit *h)
{
	if (!top_admits(t, h)) {
		hit_finish(h);
		return ST_OK;
	}
	if (t->count == t->capacity) {
		swap(&t->hits[0], h);
		sift_down(t, t->count);
		hit_finish(h);
		return ST_OK;
	}
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct hit *grown = mem_resize(t->hits, room, sizeof *grown);

		if (!grown) {
			hit_finish(h);
			return ST_NOMEM;
		}
		t->hits = grown;
		t->room = room;
	}
	t->hits[t->count] = *h;
	*h = (struct hit){0};
	sift_up(t, t->count++);
	return ST_OK;
}

void top_sort(struct top *t)
{
	for (size_t left = t->count; left > 1; left--) {
		swap(&t->hits[0], &t->hits[left - 1]);
		sift_down(t, left - 1);
	}
}

void top_finish(struct top *t)
{
	for (size_t i = 0; i < t->count; i++)
		hit_finish(&t->hits[i]);
	mem_free(t->hits);
	t->hits = NULL;
	t->count = t->room = 0;
}
