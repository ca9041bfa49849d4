/* known: a worker's questions to the store; see known.h. */
#include "pipeline/known.h"

#include "store/attempts.h"
#include "store/parts.h"
#include "store/tree.h"

/* The connection to today's store, in a transaction; NULL: there is none. */
static struct db *begin(struct known *k)
{
	unsigned now = atomic_load(k->generation);

	if (!k->db || k->opened != now) {
		db_close(k->db);
		k->db = NULL;
		if (db_open_reader(k->state_dir, &k->db) != ST_OK)
			return NULL;
		k->opened = now;
	}
	return db_begin(k->db) == ST_OK ? k->db : NULL;
}

bool known_find(struct known *k, const unsigned char *hash, int64_t rule, int64_t *document)
{
	struct db *db = begin(k);

	if (!db)
		return false;
	enum status st = documents_find(db, hash, rule, document);
	if (st == ST_NOT_FOUND)
		st = documents_find_by_rule(db, hash, rule, document);
	db_rollback(db);
	return st == ST_OK;
}

bool known_parts(struct known *k, int64_t document, int64_t *count, int64_t *bytes)
{
	struct db *db = begin(k);

	if (!db)
		return false;
	enum status st = parts_count(db, document, count, bytes);
	db_rollback(db);
	return st == ST_OK;
}

bool known_is_flawed(struct known *k, int64_t document)
{
	struct db *db = begin(k);
	bool failed = false;

	if (!db)
		return false;
	enum status st = parts_any_failed(db, document, &failed);
	db_rollback(db);
	return st == ST_OK && failed;
}

bool known_is_quarantined(
	struct known *k, int64_t dir, const char *name, const unsigned char *hash, int64_t rule)
{
	struct db *db = begin(k);

	if (!db)
		return false;
	bool over = attempts_are_over(db, dir, name, hash, rule);
	db_rollback(db);
	return over;
}

bool known_slow(struct known *k, int64_t after, int limit, slow_each_file *each, void *arg)
{
	struct db *db = begin(k);

	if (!db)
		return false;
	enum status st = slow_each(db, after, limit, each, arg);
	db_rollback(db);
	return st == ST_OK;
}

bool known_dir_path(struct known *k, int64_t dir, struct buf *path)
{
	struct db *db = begin(k);

	if (!db)
		return false;
	enum status st = tree_dir_path(db, dir, path);
	db_rollback(db);
	return st == ST_OK;
}

void known_close(struct known *k)
{
	db_close(k->db);
	k->db = NULL;
}
