/* due: failures that are to be tried again at a time; one timer for the earliest, a look-up on the pool when it comes. */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/thread.h"
#include "store/tree.h"
#include "watch/internal.h"

#include <string.h>

enum { DUE_MOST = 1000 };

struct due_name {
	struct due_name *next;
	int64_t dir;
	char name[];
};

struct due {
	uv_work_t work;
	struct watch *watch;
	struct due_name *names;
	int count;
};

static bool collect(void *arg, int64_t dir, const char *name)
{
	struct due *d = arg;
	size_t len = strlen(name);
	struct due_name *n = mem_zalloc(sizeof *n + len + 1);

	if (!n)
		return false;
	n->dir = dir;
	memcpy(n->name, name, len + 1);
	n->next = d->names;
	d->names = n;
	d->count++;
	return true;
}

static void look_up(uv_work_t *work)
{
	struct due *d = work->data;

	thread_become(ROLE_SCAN);
	struct db *db = reader_pool_take(d->watch->readers);
	enum status st = db ? db_begin(db) : ST_IO;

	if (st == ST_OK) {
		st = tree_each_due(db, now_real_s(), false, DUE_MOST, collect, d);
		db_rollback(db);
	}
	reader_pool_give(d->watch->readers, db, st != ST_OK);
}

static void looked_up(uv_work_t *work, int status)
{
	struct due *d = work->data;
	struct watch *w = d->watch;

	(void)status;
	w->due_running--;
	watch_rest_later(w);
	while (d->names) {
		struct due_name *n = d->names;
		struct node *dir = nodes_by_id(&w->nodes, n->dir);

		d->names = n->next;
		if (dir && !w->stopping && !flight_find(w, n->dir, n->name))
			hint_add(w, dir, n->name, &(struct hint_ask){.force = true, .reason = JOB_RETRY});
		mem_free(n);
	}
	if (d->count == DUE_MOST)
		due_note(w, now_real_s() + 1);
	mem_free(d);
	crawl_kick(w);
}

void due_run(struct watch *w)
{
	struct due *d = mem_zalloc(sizeof *d);

	w->due_s = 0;
	if (!d) {
		due_note(w, now_real_s() + 60);
		return;
	}
	d->work.data = d;
	d->watch = w;
	w->due_running++;
	int err = uv_queue_work(w->loop, &d->work, look_up, looked_up);
	BUG_UNLESS(err == 0);
}

static void on_due(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	due_run(w);
}

void due_note(struct watch *w, int64_t at_s)
{
	int64_t now = now_real_s();

	if (w->stopping || (w->due_s && w->due_s <= at_s))
		return;
	w->due_s = at_s;
	w->due_timer.data = w;
	uv_timer_start(&w->due_timer, on_due, at_s > now ? (uint64_t)(at_s - now) * 1000 + 500 : 500, 0);
}
