/* tombstones: deleted paths with their clock; see tombstones.h. */
#include "store/tombstones.h"

#include "core/now.h"
#include "store/connection.h"
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

enum status tree_sweep_tombstones(struct db *db, int64_t before_s)
{
	AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONES_SWEEP);

	statement_int(&s, before_s);
	return statement_run(&s);
}
