/* merge: FTS5's merge command, index by index; see merge.h. */
#include "store/merge.h"

#include "store/connection.h"

enum { STEP_PAGES = 64, LEAST_CHANGES = 2 }; /* of rows; a command that finds nothing to do makes fewer */

static const enum statement_id commands[] = {STMT_FTS_MERGE, STMT_NAME_WORD_MERGE, STMT_NAME_PART_MERGE};

static enum status merge(struct db *db, enum statement_id command, bool *more)
{
	int before = sqlite3_total_changes(db->raw);
	AUTO_STATEMENT s = statement_start(db, command);

	statement_int(&s, STEP_PAGES);
	enum status st = statement_run(&s);
	*more = sqlite3_total_changes(db->raw) - before >= LEAST_CHANGES;
	return st;
}

enum status merge_step(struct db *db, bool *more)
{
	enum status st = db_begin(db);

	*more = false;
	if (st != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && !*more && i < sizeof commands / sizeof *commands; i++)
		st = merge(db, commands[i], more);
	if (st == ST_OK)
		return db_commit(db);
	db_rollback(db);
	return st;
}
