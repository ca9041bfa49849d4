/*
 * settle: documents follow their files.
 *
 * At the end of a transaction every document whose files changed is looked at once: without a file it leaves fts and
 * becomes an orphan, whose text is kept for a while; with one again it returns.  In order of ids, for FTS5 flushes
 * what it holds in memory whenever an id is smaller than the one before.
 */
#include "core/mem.h"
#include "core/now.h"
#include "store/connection.h"
#include "store/documents.h"
#include "store/lengths_staged.h"

#include <stdlib.h>

void documents_touch(struct db *db, int64_t id)
{
	struct touched *t = &db->touched;

	if (!id || (t->count && t->ids[t->count - 1] == id))
		return;
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		int64_t *ids = mem_resize(t->ids, room, sizeof *ids);

		if (!ids) {
			t->failed = true;
			return;
		}
		t->ids = ids;
		t->room = room;
	}
	t->ids[t->count++] = id;
}

static enum status run_on(struct db *db, enum statement_id statement, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_int(&s, id);
	return statement_run(&s);
}

static enum status leave(struct db *db, int64_t id)
{
	enum status st = run_on(db, STMT_FTS_LEAVE, id);

	if (st == ST_OK)
		st = lengths_stage(db, id, 0);
	if (st != ST_OK)
		return st;
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_LEAVE);
	statement_int(&s, id);
	statement_int(&s, now_real_s());
	return statement_run(&s);
}

static enum status come_back(struct db *db, int64_t id, int64_t size)
{
	enum status st = run_on(db, STMT_DOCUMENT_RETURN, id);

	if (st == ST_OK)
		st = run_on(db, STMT_FTS_RETURN, id);
	return st == ST_OK ? lengths_stage(db, id, lengths_of_size(size)) : st;
}

static enum status settle_one(struct db *db, int64_t id)
{
	bool found, searchable = false, has_file = false;
	int64_t size = 0;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_SETTLING);

		statement_int(&s, id);
		found = statement_row(&s);
		if (found) {
			searchable = statement_get_int(&s, 0) != 0;
			size = statement_get_int(&s, 1);
			has_file = statement_get_int(&s, 2) != 0;
		}
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	if (!found || searchable == has_file)
		return ST_OK;
	return has_file ? come_back(db, id, size) : leave(db, id);
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

enum status documents_settle(struct db *db)
{
	struct touched *t = &db->touched;

	if (t->failed)
		return db_trouble(db, ST_NOMEM);
	if (!t->count)
		return ST_OK;
	qsort(t->ids, t->count, sizeof *t->ids, by_id);
	for (size_t i = 0; i < t->count; i++) {
		if (i && t->ids[i] == t->ids[i - 1])
			continue;
		enum status st = db_progress(db);
		if (st == ST_OK)
			st = settle_one(db, t->ids[i]);
		if (st != ST_OK)
			return st;
	}
	t->count = 0;
	return ST_OK;
}

/* --- sweep --------------------------------------------------------------------------------- */

struct orphan {
	int64_t id, since, size;
};

/* id 0: none left. */
static enum status oldest(struct db *db, struct orphan *out)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ORPHAN_OLDEST);

	*out = (struct orphan){0};
	if (statement_row(&s)) {
		out->id = statement_get_int(&s, 0);
		out->since = statement_get_int(&s, 1);
		out->size = statement_get_int(&s, 2);
	}
	return statement_status(&s);
}

static enum status orphan_bytes(struct db *db, int64_t *bytes)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ORPHAN_BYTES);

	*bytes = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

enum status documents_sweep(struct db *db, int64_t before_s, int share)
{
	int64_t kept, living = lengths_sum();
	enum status st = documents_settle(db);

	if (st == ST_OK)
		st = orphan_bytes(db, &kept);
	while (st == ST_OK) {
		struct orphan o;

		st = oldest(db, &o);
		if (st != ST_OK || !o.id)
			break;
		bool too_many = kept * 100 > (kept + living) * share;
		if (o.since >= before_s && !too_many)
			break;
		st = run_on(db, STMT_CONTENT_DELETE, o.id);
		if (st == ST_OK)
			st = run_on(db, STMT_DOCUMENT_DELETE, o.id);
		kept -= o.size;
		db->counts.documents--;
	}
	return st;
}
