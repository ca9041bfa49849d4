/* tombstones: deleted paths with their clock; see tombstones.h. */
#include "store/tombstones.h"

#include "core/now.h"
#include "store/connection.h"
#include "store/meta.h"
#include "store/tree_path.h"

#include <string.h>

enum status tombstone_add(struct db *db, const char *path, size_t len, enum tombstone_kind kind,
	int64_t access)
{
	AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONE_INSERT);

	statement_int(&s, db_tick(db));
	statement_blob(&s, len ? path : "/", len ? len : 1);
	statement_int(&s, kind);
	statement_int(&s, now_real_s());
	statement_int_or_null(&s, access);
	return statement_run(&s);
}

enum status tombstone_add_if_gone(
	struct db *db, const char *path, enum tombstone_kind kind, int64_t access)
{
	struct tree_place place;
	enum status st = tree_resolve(db, path, &place);

	return st == ST_NOT_FOUND ? tombstone_add(db, path, strlen(path), kind, access)
				  : st;
}

enum status tombstones_horizon(struct db *db, int64_t *clock)
{
	return meta_get_int(db, "swept", 0, clock);
}

/* The clock of the last one that goes. */
static enum status move_horizon(struct db *db, int64_t before_s)
{
	int64_t clock;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONES_LAST);

		statement_int(&s, before_s);
		clock = statement_row(&s) ? statement_get_int(&s, 0) : 0;
		enum status st = statement_status(&s);
		if (st != ST_OK || clock == 0)
			return st;
	}
	return meta_put_int(db, "swept", clock);
}

enum status tree_sweep_tombstones(struct db *db, int64_t before_s)
{
	enum status st = move_horizon(db, before_s);

	if (st != ST_OK)
		return st;
	AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONES_SWEEP);

	statement_int(&s, before_s);
	return statement_run(&s);
}
