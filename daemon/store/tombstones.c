/* tombstones: deleted paths with their clock; see tombstones.h. */
#include "store/tombstones.h"

#include "core/now.h"
#include "store/connection.h"
#include "store/tree_path.h"

#include <string.h>

enum status tombstone_add(struct db *db, const char *path, size_t len, bool dir)
{
	AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONE_INSERT);

	statement_int(&s, db_tick(db));
	statement_blob(&s, len ? path : "/", len ? len : 1);
	statement_int(&s, dir);
	statement_int(&s, now_real_s());
	return statement_run(&s);
}

enum status tombstone_add_if_gone(struct db *db, const char *path, bool dir)
{
	struct tree_place place;
	enum status st = tree_resolve(db, path, &place);

	return st == ST_NOT_FOUND ? tombstone_add(db, path, strlen(path), dir) : st;
}

enum status tree_sweep_tombstones(struct db *db, int64_t before_s)
{
	AUTO_STATEMENT s = statement_start(db, STMT_TOMBSTONES_SWEEP);

	statement_int(&s, before_s);
	return statement_run(&s);
}
