/* readers: read-only connections that scan threads borrow.  As many as scan at one time, closed at rest. */
#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "watch/internal.h"

enum { KEEP = 4, REST_MS = 8000 };

struct reader_pool {
	char *state_dir;
	struct lock lock; /* held alone */
	/* protected by lock */
	struct db *idle[KEEP];
	size_t count;
};

enum status reader_pool_create(const char *state_dir, struct reader_pool **out)
{
	struct reader_pool *p = mem_zalloc(sizeof *p);

	if (!p)
		return ST_NOMEM;
	p->state_dir = mem_strdup(state_dir);
	if (!p->state_dir) {
		mem_free(p);
		return ST_NOMEM;
	}
	lock_init(&p->lock);
	*out = p;
	return ST_OK;
}

void reader_pool_destroy(struct reader_pool *p)
{
	if (!p)
		return;
	reader_pool_rest(p);
	lock_finish(&p->lock);
	mem_free(p->state_dir);
	mem_free(p);
}

struct db *reader_pool_take(struct reader_pool *p)
{
	struct db *db = NULL;

	lock_take(&p->lock);
	if (p->count)
		db = p->idle[--p->count];
	lock_drop(&p->lock);
	if (!db && db_open_reader(p->state_dir, &db) != ST_OK)
		log_error("store: a reader could not be opened");
	return db;
}

void reader_pool_give(struct reader_pool *p, struct db *db, bool broken)
{
	if (!db)
		return;
	if (!broken) {
		LOCK_SCOPE(&p->lock);
		if (p->count < KEEP) {
			p->idle[p->count++] = db;
			return;
		}
	}
	db_close(db);
}

void reader_pool_rest(struct reader_pool *p)
{
	struct db *idle[KEEP];
	size_t count;

	lock_take(&p->lock);
	count = p->count;
	for (size_t i = 0; i < count; i++)
		idle[i] = p->idle[i];
	p->count = 0;
	lock_drop(&p->lock);
	while (count)
		db_close(idle[--count]);
}

void reader_pool_renew(struct reader_pool *p)
{
	reader_pool_rest(p);
}

/* --- rest: on the pool, for closing and giving back take a while ------------------------------------ */

static void rest(uv_work_t *work)
{
	struct watch *w = work->data;

	reader_pool_rest(w->readers);
	mem_trim();
}

static void rested(uv_work_t *work, int status)
{
	struct watch *w = work->data;

	(void)status;
	w->resting = false;
}

static void on_rest(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	int64_t left = w->read_ms + REST_MS - now_mono_ms();

	if (left > 0) {
		uv_timer_start(timer, on_rest, (uint64_t)left, 0);
		return;
	}
	if (w->resting || w->stopping)
		return;
	w->resting = true;
	w->rest_work.data = w;
	int err = uv_queue_work(w->loop, &w->rest_work, rest, rested);
	BUG_UNLESS(err == 0);
}

void watch_rest_later(struct watch *w)
{
	w->read_ms = now_mono_ms();
	if (!w->stopping && !uv_is_active((uv_handle_t *)&w->rest_timer))
		uv_timer_start(&w->rest_timer, on_rest, REST_MS, 0);
}
