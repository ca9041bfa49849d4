/* readers: read-only connections that scan threads borrow.  As many as scan at one time, closed at rest. */
#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "watch/internal.h"

enum { KEEP = 4 };

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
