/* readers: threads with a read-only connection each; see readers.h. */
#include "serve/readers.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/thread.h"

#include <stdio.h>
#include <string.h>

enum {
	PROGRESS_STEPS = 2000, /* SQLite instructions between two looks at clock and flag: some 50 µs */
	IDLE_MS = 10 * 1000    /* then the connection is closed, with all that it keeps */
};

struct reader {
	struct readers *all;
	pthread_t thread;
	bool started;

	/* owned by the reader thread once it is started */
	struct db *db; /* NULL: to be opened */
	unsigned store_number;

	/* set by the reader thread, protected by the lock of all */
	struct reader_task *current; /* it runs */
	bool rests;		     /* there was nothing for a while, and it keeps nothing */
};

struct readers {
	struct mailbox *mailbox;
	char *state_dir;
	int64_t clock;
	char instance[33];

	/* owned by the loop thread */
	size_t busy;
	bool stopped;

	/* protected by lock, which is the only one taken here */
	struct lock lock;
	struct cond work;
	struct turns *turns;
	unsigned store_number; /* connections of an older one are opened again */
	bool stopping;

	int count;
	struct reader reader[];
};

static int must_stop(void *arg)
{
	const struct reader_task *t = arg;

	return atomic_load_explicit(&t->canceled, memory_order_relaxed) ||
	       now_mono_ms() >= t->deadline_ms;
}

static void come_back(struct letter *l)
{
	struct reader_task *t = (struct reader_task *)l;

	t->readers->busy--;
	t->done(t);
}

static void send_back(struct readers *all, struct reader_task *t, enum status st)
{
	t->st = st;
	t->letter.open = come_back;
	mailbox_send(all->mailbox, &t->letter);
}

static enum status open_again(struct reader *r, unsigned store_number)
{
	if (r->db && r->store_number == store_number)
		return ST_OK;
	db_close(r->db);
	r->db = NULL;
	r->store_number = store_number;
	return db_open_reader(r->all->state_dir, &r->db);
}

static enum status run(struct reader *r, struct reader_task *t, unsigned store_number)
{
	if (atomic_load_explicit(&t->canceled, memory_order_relaxed))
		return ST_CANCELED;
	if (now_mono_ms() >= t->deadline_ms)
		return ST_TIMEOUT;
	enum status st = open_again(r, store_number);
	if (st != ST_OK)
		return st;
	sqlite3_progress_handler(db_raw(r->db), PROGRESS_STEPS, must_stop, t);
	st = t->run(t, r->db);
	sqlite3_progress_handler(db_raw(r->db), 0, NULL, NULL);
	if (st == ST_OK || st == ST_NOT_FOUND || st == ST_INVALID)
		return st;
	if (atomic_load_explicit(&t->canceled, memory_order_relaxed))
		return ST_CANCELED;
	if (now_mono_ms() >= t->deadline_ms)
		return ST_TIMEOUT;
	if (st == ST_CORRUPT || st == ST_IO) { /* a fresh connection may see a store that was mended */
		db_close(r->db);
		r->db = NULL;
	}
	return st;
}

static struct reader_task *task_of(struct turn *w)
{
	return w ? LIST_HOLDER(w, struct reader_task, turn) : NULL;
}

/* Before the task goes back: the loop may free it at once. */
static void forget_current(struct reader *r)
{
	LOCK_SCOPE(&r->all->lock);
	turns_end(&r->current->turn);
	r->current = NULL;
}

enum step { STEP_TASK, STEP_REST, STEP_REOPEN, STEP_END };

/* Waits for something to do.  STEP_REST: there was nothing for a while. */
static enum step next_step(struct reader *r, unsigned *store_number)
{
	struct readers *all = r->all;
	bool waited = true;

	LOCK_SCOPE(&all->lock);
	while (!all->stopping && !(r->current = task_of(turns_take(all->turns))) && waited &&
		all->store_number == r->store_number) {
		if (r->rests)
			cond_wait(&all->work, &all->lock);
		else
			waited = cond_wait_until(&all->work, &all->lock, now_mono_ms() + IDLE_MS);
	}
	*store_number = all->store_number;
	if (all->stopping)
		return STEP_END;
	if (r->current) {
		r->rests = false;
		return STEP_TASK;
	}
	return all->store_number == r->store_number ? STEP_REST : STEP_REOPEN;
}

/* A connection keeps pages, statements, the schema and what FTS5 makes of it: opened again it costs less than a search. */
static void rest(struct reader *r)
{
	db_close(r->db);
	r->db = NULL;
	mem_trim();
	LOCK_SCOPE(&r->all->lock);
	r->rests = true;
}

/* True until the end. */
static bool take_step(struct reader *r)
{
	unsigned store_number = 0;
	struct reader_task *t;

	switch (next_step(r, &store_number)) {
	case STEP_TASK:
		t = r->current;
		enum status st = run(r, t, store_number);
		forget_current(r);
		send_back(r->all, t, st);
		return true;
	case STEP_REST:
		rest(r);
		return true;
	case STEP_REOPEN:
		if (!r->db)
			r->store_number = store_number;
		else if (open_again(r, store_number) != ST_OK)
			log_warning("reader: the new store cannot be opened yet");
		return true;
	case STEP_END:
		break;
	}
	return false;
}

static void *serve(void *arg)
{
	struct reader *r = arg;

	while (take_step(r))
		;
	db_close(r->db);
	r->db = NULL;
	return NULL;
}

static enum status start(struct readers *all, struct reader *r, int number)
{
	char name[24]; /* the kernel takes 15 bytes */

	r->all = all;
	enum status st = db_open_reader(all->state_dir, &r->db);
	if (st != ST_OK)
		return st;
	if (number == 0) {
		all->clock = db_clock(r->db);
		snprintf(all->instance, sizeof all->instance, "%s", db_instance(r->db));
	}
	snprintf(name, sizeof name, "reader-%d", number);
	st = thread_start(&r->thread, name, ROLE_READER, serve, r);
	if (st != ST_OK) {
		db_close(r->db);
		r->db = NULL;
		return st;
	}
	r->started = true;
	return ST_OK;
}

enum status readers_create(const struct readers_options *o, struct readers **out)
{
	size_t count = (size_t)o->count;
	struct readers *r = mem_zalloc(sizeof *r + count * sizeof r->reader[0]);
	enum status st = ST_NOMEM;

	if (!r)
		return ST_NOMEM;
	r->mailbox = o->mailbox;
	r->state_dir = mem_strdup(o->state_dir);
	if (!r->state_dir || turns_create(o->count > 1 ? o->count - 1 : 1, o->by_user, &r->turns) != ST_OK)
		goto err_after_alloc;
	r->count = o->count;
	lock_init(&r->lock);
	cond_init(&r->work);
	for (int i = 0; i < o->count; i++) {
		st = start(r, &r->reader[i], i);
		if (st != ST_OK)
			goto err_after_locks;
	}
	*out = r;
	return ST_OK;

err_after_locks:
	readers_stop(r);
	readers_destroy(r);
	return st;
err_after_alloc:
	mem_free(r->state_dir);
	mem_free(r);
	return st;
}

void readers_origin(const struct readers *r, int64_t *clock, char *instance)
{
	*clock = r->clock;
	memcpy(instance, r->instance, sizeof r->instance);
}

/* --- turns -------------------------------------------------------------------------------------- */

enum status readers_lane_create(struct readers *r, uint32_t uid, struct turns_lane **out)
{
	LOCK_SCOPE(&r->lock);
	return turns_lane_create(r->turns, uid, out);
}

void readers_lane_release(struct readers *r, struct turns_lane *lane)
{
	LOCK_SCOPE(&r->lock);
	turns_lane_release(lane);
}

enum status readers_submit(struct readers *r, struct reader_task *t)
{
	LOCK_SCOPE(&r->lock);
	struct turns_lane *lane = t->low    ? turns_low(r->turns)
				  : t->lane ? t->lane
					    : turns_house(r->turns);

	if (r->stopping)
		return ST_AGAIN;
	t->turn.deadline_ms = t->deadline_ms;
	enum status st = turns_add(r->turns, lane, &t->turn);
	if (st != ST_OK)
		return st;
	t->readers = r;
	r->busy++;
	cond_signal(&r->work);
	return ST_OK;
}

static bool take_back(struct readers *r, struct reader_task *t)
{
	LOCK_SCOPE(&r->lock);
	return turns_remove(r->turns, &t->turn);
}

void readers_cancel(struct reader_task *t)
{
	bool first = !atomic_exchange(&t->canceled, true);

	if (first && take_back(t->readers, t))
		send_back(t->readers, t, ST_CANCELED);
}

void readers_promote(struct reader_task *t, struct turns_lane *lane)
{
	LOCK_SCOPE(&t->readers->lock);
	turns_promote(t->readers->turns, &t->turn, lane);
	cond_signal(&t->readers->work);
}

static struct reader_task *take_late(struct readers *r, int64_t now_ms, bool *more)
{
	LOCK_SCOPE(&r->lock);
	struct turn *w = turns_take_late(r->turns, now_ms);

	*more = turns_waiting(r->turns) > 0;
	return task_of(w);
}

bool readers_expire(struct readers *r, int64_t now_ms)
{
	struct reader_task *t;
	bool more;

	while ((t = take_late(r, now_ms, &more)))
		send_back(r, t, ST_TIMEOUT);
	return more;
}

/* --- the whole ---------------------------------------------------------------------------------- */

size_t readers_busy(const struct readers *r)
{
	return r->busy;
}

void readers_reopen(struct readers *r)
{
	LOCK_SCOPE(&r->lock);
	r->store_number++;
	cond_broadcast(&r->work);
}

void readers_stop(struct readers *r)
{
	struct reader_task *t;
	bool more;

	if (r->stopped)
		return;
	r->stopped = true;
	lock_take(&r->lock);
	r->stopping = true;
	for (int i = 0; i < r->count; i++)
		if (r->reader[i].current)
			atomic_store(&r->reader[i].current->canceled, true);
	cond_broadcast(&r->work);
	lock_drop(&r->lock);
	for (int i = 0; i < r->count; i++)
		if (r->reader[i].started)
			BUG_UNLESS(pthread_join(r->reader[i].thread, NULL) == 0);
	while ((t = take_late(r, INT64_MAX, &more)))
		send_back(r, t, ST_CANCELED);
}

void readers_destroy(struct readers *r)
{
	if (!r)
		return;
	BUG_UNLESS(r->stopped && r->busy == 0);
	turns_destroy(r->turns);
	cond_finish(&r->work);
	lock_finish(&r->lock);
	mem_free(r->state_dir);
	mem_free(r);
}
