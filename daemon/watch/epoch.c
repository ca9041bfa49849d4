/* epoch: counted moments; see epoch.h. */
#include "watch/epoch.h"

#include "core/log.h"
#include "core/mem.h"

enum status epochs_init(struct epochs *e)
{
	*e = (struct epochs){0};
	e->oldest = e->current = mem_zalloc(sizeof *e->current);
	return e->current ? ST_OK : ST_NOMEM;
}

void epochs_finish(struct epochs *e)
{
	while (e->oldest) {
		struct epoch *next = e->oldest->next;

		BUG_UNLESS(e->oldest->held == 0);
		mem_free(e->oldest);
		e->oldest = next;
	}
}

struct epoch *epoch_hold(struct epochs *e, struct epoch *x)
{
	if (x) {
		x->held++;
		e->held++;
	}
	return x;
}

void epoch_let(struct epochs *e, struct epoch *x)
{
	if (!x)
		return;
	BUG_UNLESS(x->held > 0);
	x->held--;
	e->held--;
}

struct epoch *epoch_older(struct epochs *e, struct epoch *a, struct epoch *b)
{
	bool keep_a = a && (!b || a->n <= b->n);

	epoch_let(e, keep_a ? b : a);
	return keep_a ? a : b;
}

static void forget_done(struct epochs *e)
{
	while (e->oldest != e->current && e->oldest->held == 0) {
		struct epoch *done = e->oldest;

		e->oldest = done->next;
		mem_free(done);
	}
}

enum status epochs_close(struct epochs *e, uint64_t *n)
{
	struct epoch *fresh = mem_zalloc(sizeof *fresh);

	if (!fresh)
		return ST_NOMEM;
	*n = e->current->n;
	fresh->n = e->current->n + 1;
	e->current->next = fresh;
	e->current = fresh;
	return ST_OK;
}

bool epochs_are_done(struct epochs *e, uint64_t n)
{
	forget_done(e);
	return e->oldest->n > n;
}
