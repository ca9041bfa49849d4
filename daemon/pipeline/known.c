/* known: a few connections that are lent; see known.h. */
#include "pipeline/known.h"

#include "core/lock.h"
#include "core/mem.h"
#include "core/now.h"
#include "store/attempts.h"
#include "store/parts.h"
#include "store/tree.h"

enum { CONNECTIONS = 4 };

struct connection {
	struct db *db;		/* NULL: to be opened */
	unsigned generation; /* of its store */
	int64_t used_ms;
};

struct known {
	const char *state_dir;
	const atomic_uint *generation;
	struct lock lock;  /* held alone */
	struct cond given; /* one is free again */

	/* protected by lock */
	struct connection idle[CONNECTIONS];
	size_t idle_count, lent;
};

enum status known_create(const char *state_dir, const atomic_uint *generation, struct known **out)
{
	struct known *k = mem_zalloc(sizeof *k);

	if (!k)
		return ST_NOMEM;
	k->state_dir = state_dir;
	k->generation = generation;
	lock_init(&k->lock);
	cond_init(&k->given);
	*out = k;
	return ST_OK;
}

void known_destroy(struct known *k)
{
	if (!k)
		return;
	known_rest(k, 0);
	cond_finish(&k->given);
	lock_finish(&k->lock);
	mem_free(k);
}

void known_rest(struct known *k, int64_t unused_ms)
{
	struct db *unused[CONNECTIONS];
	size_t kept = 0, count = 0;
	int64_t since = now_mono_ms() - unused_ms;
	unsigned generation = atomic_load(k->generation);

	lock_take(&k->lock);
	for (size_t i = 0; i < k->idle_count; i++)
		if (k->idle[i].used_ms <= since || k->idle[i].generation != generation)
			unused[count++] = k->idle[i].db;
		else
			k->idle[kept++] = k->idle[i];
	k->idle_count = kept;
	lock_drop(&k->lock);
	while (count)
		db_close(unused[--count]);
}

/* --- questions ---------------------------------------------------------------------------------- */

static struct connection borrow(struct known *k)
{
	struct connection c = {.db = NULL};

	LOCK_SCOPE(&k->lock);
	while (k->lent == CONNECTIONS)
		cond_wait(&k->given, &k->lock);
	k->lent++;
	/* The one that was used last: the others may rest. */
	if (k->idle_count)
		c = k->idle[--k->idle_count];
	return c;
}

static void give(struct known *k, const struct connection *c)
{
	LOCK_SCOPE(&k->lock);
	k->lent--;
	if (c->db)
		k->idle[k->idle_count++] = *c;
	cond_signal(&k->given);
}

static void close_connection(struct connection *c)
{
	db_close(c->db);
	c->db = NULL;
}

/* Borrows a connection to today's store, in a transaction; false: there is none. */
static bool begin(struct known *k, struct connection *c)
{
	unsigned now = atomic_load(k->generation);

	*c = borrow(k);
	if (c->generation != now)
		close_connection(c);
	c->generation = now;
	if (!c->db && db_open_reader(k->state_dir, &c->db) != ST_OK)
		c->db = NULL;
	if (c->db && db_begin(c->db) == ST_OK)
		return true;
	close_connection(c);
	give(k, c);
	return false;
}

/* A fresh connection may see a store that was mended. */
static void end(struct known *k, struct connection *c, enum status st)
{
	db_rollback(c->db);
	if (st == ST_CORRUPT || st == ST_IO)
		close_connection(c);
	c->used_ms = now_mono_ms();
	give(k, c);
}

bool known_find(struct known *k, const unsigned char *hash, int64_t rule, int64_t *document)
{
	struct connection c;

	if (!begin(k, &c))
		return false;
	enum status st = documents_find(c.db, hash, rule, document);
	if (st == ST_NOT_FOUND)
		st = documents_find_by_rule(c.db, hash, rule, document);
	end(k, &c, st);
	return st == ST_OK;
}

bool known_parts(struct known *k, int64_t document, int64_t *count, int64_t *bytes)
{
	struct connection c;

	if (!begin(k, &c))
		return false;
	enum status st = parts_count(c.db, document, count, bytes);
	end(k, &c, st);
	return st == ST_OK;
}

bool known_is_flawed(struct known *k, int64_t document)
{
	struct connection c;
	bool failed = false;

	if (!begin(k, &c))
		return false;
	enum status st = parts_any_failed(c.db, document, &failed);
	end(k, &c, st);
	return st == ST_OK && failed;
}

bool known_is_quarantined(
	struct known *k, int64_t dir, const char *name, const unsigned char *hash, int64_t rule)
{
	struct connection c;

	if (!begin(k, &c))
		return false;
	bool over = attempts_are_over(c.db, dir, name, hash, rule);
	end(k, &c, ST_OK);
	return over;
}

bool known_slow(struct known *k, int64_t after, int limit, slow_each_file *each, void *arg)
{
	struct connection c;

	if (!begin(k, &c))
		return false;
	enum status st = slow_each(c.db, after, limit, each, arg);
	end(k, &c, st);
	return st == ST_OK;
}

bool known_dir_path(struct known *k, int64_t dir, struct buf *path)
{
	struct connection c;

	if (!begin(k, &c))
		return false;
	enum status st = tree_dir_path(c.db, dir, path);
	end(k, &c, st);
	return st == ST_OK;
}
