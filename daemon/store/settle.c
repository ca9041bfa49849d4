/*
 * settle: documents follow their files, and parts their containers.
 *
 * At the end of a transaction every document whose files changed is looked at once: without a file it leaves fts and
 * becomes an orphan, whose text is kept for a while; with one again it returns.  Containers come first: one that
 * begins or ceases to hold its parts puts their documents on the list.  A container has rows for all depths, so that
 * the list grows once.  In order of ids, for FTS5 flushes what it holds in memory whenever an id is smaller than the
 * one before.
 */
#include "core/mem.h"
#include "core/now.h"
#include "store/connection.h"
#include "store/container.h"
#include "store/documents.h"
#include "store/lengths_staged.h"
#include "store/parts.h"

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
	bool found, searchable = false, alive = false;
	int64_t size = 0;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_SETTLING);

		statement_int(&s, id);
		found = statement_row(&s);
		if (found) {
			searchable = statement_get_int(&s, 0) != 0;
			size = statement_get_int(&s, 1);
			alive = statement_get_int(&s, 2) != 0;
		}
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	if (!found || searchable == alive)
		return ST_OK;
	return alive ? come_back(db, id, size) : leave(db, id);
}

/* --- what containers hold ------------------------------------------------------------------ */

/* Its parts come to life or lose it, and are counted while a file has it. */
static enum status pass_on(struct db *db, int64_t container, int64_t was, int64_t is)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_HELD);
	int counted = (is == HOLDS_FILED) - (was == HOLDS_FILED);
	enum status st = ST_OK;

	statement_int(&s, container);
	while (st == ST_OK && statement_row(&s)) {
		if (was == HOLDS_NOTHING || is == HOLDS_NOTHING)
			documents_touch(db, statement_get_int(&s, 0));
		st = counts_part(db, statement_get_int(&s, 1), statement_get_string(&s, 2), counted);
	}
	return st == ST_OK ? statement_status(&s) : st;
}

static enum status settle_holding(struct db *db, int64_t id)
{
	int64_t was = HOLDS_NOTHING, is = HOLDS_NOTHING;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_HOLDING);

		statement_int(&s, id);
		if (statement_row(&s)) {
			was = statement_get_int(&s, 0);
			is = statement_get_int(&s, 1);
		}
		enum status st = statement_status(&s);
		if (st != ST_OK || was == is)
			return st;
	}
	enum status st = pass_on(db, id, was, is);
	if (st != ST_OK)
		return st;
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_HOLD);
	statement_int(&s, id);
	statement_int(&s, is);
	return statement_run(&s);
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Each of the first `count` once; the list may grow behind them. */
static enum status for_each(
	struct db *db, size_t count, enum status (*settle)(struct db *db, int64_t id))
{
	struct touched *t = &db->touched;

	qsort(t->ids, count, sizeof *t->ids, by_id);
	for (size_t i = 0; i < count; i++) {
		if (i && t->ids[i] == t->ids[i - 1])
			continue;
		enum status st = db_progress(db);
		if (st == ST_OK)
			st = settle(db, t->ids[i]);
		if (st != ST_OK)
			return st;
	}
	return t->failed ? db_trouble(db, ST_NOMEM) : ST_OK;
}

enum status documents_settle(struct db *db)
{
	struct touched *t = &db->touched;

	if (t->failed)
		return db_trouble(db, ST_NOMEM);
	if (!t->count)
		return ST_OK;
	enum status st = for_each(db, t->count, settle_holding);
	if (st == ST_OK)
		st = for_each(db, t->count, settle_one);
	if (st == ST_OK)
		t->count = 0;
	return st;
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
		st = document_forget(db, o.id);
		kept -= o.size;
	}
	return st;
}
