/*
 * transaction: begin, commit, roll back, and the clock that counts within.
 *
 * What a transaction changes outside SQLite (clock, counts, lengths, documents and names to settle) is kept with the
 * connection and takes effect with the commit, or not at all.
 */
#include "core/log.h"
#include "store/access.h"
#include "store/connection.h"
#include "store/dir_names.h"
#include "store/documents.h"
#include "store/lengths_staged.h"
#include "store/meta.h"
#include "store/missing.h"
#include "store/tree_path.h"

static enum status run(struct db *db, enum statement_id id)
{
	AUTO_STATEMENT s = statement_start(db, id);

	return statement_run(&s);
}

static void enter(struct db *db)
{
	db->in_transaction = true;
	db->trouble = ST_OK;
	db->clock_before = db->clock;
	db->counts_before = db->counts;
	db->regranted = false;
	access_forget_last(db);
}

enum status db_begin(struct db *db)
{
	BUG_UNLESS(!db->in_transaction);
	if (db->suspect || !db->raw) {
		enum status again = db_reopen_writer(&db);
		if (again != ST_OK)
			return again;
	}
	enum status st = run(db, db->writer ? STMT_BEGIN_WRITE : STMT_BEGIN_READ);

	if (st != ST_OK)
		return st;
	enter(db);
	if (db->writer)
		return ST_OK;
	/* A deferred transaction takes its snapshot with its first read. */
	st = meta_clock(db, &db->clock);
	if (st != ST_OK) {
		db_rollback(db);
		return st;
	}
	if (db->clock != db->paths_clock)
		paths_drop(db);
	db->paths_clock = db->clock;
	return ST_OK;
}

void db_rollback(struct db *db)
{
	if (!db->in_transaction)
		return;
	db->in_transaction = false;
	/* FTS5 keeps a failed transaction's words in memory (tried: out of memory), whatever is rolled back. */
	db->suspect = db->writer && (db->trouble != ST_OK || db->broken);
	/* Some failures have rolled back by themselves: ask. */
	if (!sqlite3_get_autocommit(db->raw) && run(db, STMT_ROLLBACK) != ST_OK)
		db->suspect = db->writer;
	db->trouble = ST_OK;
	if (!db->writer)
		return;
	db->clock = db->clock_before;
	db->counts = db->counts_before;
	db->touched.count = 0;
	db->touched.failed = false;
	dir_names_drop(db);
	db->lengths.count = 0;
	missing_drop(db);
	paths_drop(db);
}

enum status db_commit(struct db *db)
{
	BUG_UNLESS(db->in_transaction);
	if (!db->writer) {
		db_rollback(db);
		return ST_OK;
	}
	enum status st = db->trouble;
	if (st == ST_OK)
		st = documents_settle(db);
	if (st == ST_OK)
		st = dir_names_settle(db);
	if (st == ST_OK && db->clock != db->clock_before)
		st = meta_put_int(db, "clock", db->clock);
	if (st == ST_OK)
		st = run(db, STMT_COMMIT);
	if (st != ST_OK) {
		db_rollback(db);
		return st;
	}
	db->in_transaction = false;
	lengths_publish(db);
	missing_publish(db);
	counts_publish(&db->counts);
	return ST_OK;
}

void db_keep_access(struct db *writer, bool keep)
{
	writer->keeps_access = keep;
}

bool db_has_regranted(const struct db *db)
{
	return db->regranted;
}

int64_t db_tick(struct db *db)
{
	BUG_UNLESS(db->writer && db->in_transaction);
	return ++db->clock;
}

int64_t db_clock(struct db *db)
{
	/* Inside a transaction a reader knows it already; outside, the writer may have moved it. */
	if (!db->writer && !db->in_transaction && meta_clock(db, &db->clock) != ST_OK)
		return -1;
	return db->clock;
}
