/* tree_root: rows of the configured roots; see tree.h. */
#include "store/access.h"
#include "store/connection.h"
#include "store/tree.h"
#include "store/tree_path.h"

#include <string.h>

static enum status rename_root(struct db *db, int64_t id, const char *name)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_RENAME);

	statement_int(&s, id);
	statement_string(&s, name);
	return statement_run(&s);
}

static enum status insert_root(struct db *db, const char *path, const char *name, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_INSERT);

	statement_blob(&s, path, strlen(path));
	statement_string(&s, name);
	enum status st = statement_run(&s);
	if (st == ST_OK) {
		*id = sqlite3_last_insert_rowid(db->raw);
		db_tick(db);
	}
	return st;
}

enum status tree_root_put(struct db *db, const char *path, const char *name, int64_t *id)
{
	bool same = true;

	*id = 0;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_ROOT_FIND);

		statement_blob(&s, path, strlen(path));
		if (statement_row(&s)) {
			const char *old = statement_get_string(&s, 1);

			*id = statement_get_int(&s, 0);
			same = old && strcmp(old, name) == 0;
		}
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	if (!*id)
		return insert_root(db, path, name, id);
	if (same)
		return ST_OK;
	db_tick(db);
	return rename_root(db, *id, name);
}

struct seen_root {
	int64_t id;
	const void *fsid;
	int fsid_len;
	bool offline, found, same;
};

static bool compare(void *arg, const struct root_row *row)
{
	struct seen_root *seen = arg;

	if (row->id != seen->id)
		return true;
	seen->found = true;
	seen->same = row->offline == seen->offline && row->fsid_len == seen->fsid_len &&
		     (seen->fsid_len == 0 ||
			     memcmp(row->fsid, seen->fsid, (size_t)seen->fsid_len) == 0);
	return false;
}

enum status tree_root_state(
	struct db *db, int64_t root, const void *fsid, int fsid_len, bool offline)
{
	struct seen_root seen = {
		.id = root, .fsid = fsid, .fsid_len = fsid_len, .offline = offline};
	enum status st = tree_each_root(db, compare, &seen);

	if (st != ST_OK)
		return st;
	if (!seen.found || seen.same)
		return ST_OK;
	db_tick(db); /* hits say whether they are offline */
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_STATE);
	statement_int(&s, root);
	statement_blob_or_null(&s, fsid, (size_t)fsid_len);
	statement_int(&s, offline);
	return statement_run(&s);
}

static enum status root_top(struct db *db, int64_t root, int64_t *top)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_TOP);

	statement_int(&s, root);
	*top = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

static enum status write_above(struct db *db, int64_t root, const void *chain, size_t len)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_ABOVE);

	statement_int(&s, root);
	statement_blob(&s, chain, len);
	access_forget_last(db);
	return statement_run(&s);
}

enum status tree_root_above(struct db *db, int64_t root, const void *chain, size_t len)
{
	bool same, known;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_ROOT_ABOVE_GET);
		int old_len;

		statement_int(&s, root);
		if (!statement_row(&s))
			return statement_status(&s); /* it left meanwhile */
		const void *old = statement_get_bytes(&s, 0, &old_len);
		known = statement_get_int(&s, 1) != 0;
		same = known && (size_t)old_len == len && (len == 0 || memcmp(old, chain, len) == 0);
	}
	if (same)
		return ST_OK;
	db_tick(db);
	db->regranted = true;
	int64_t top, was = 0, now = 0;
	enum status st = root_top(db, root, &top);
	if (st == ST_OK && top)
		st = access_of_dir(db, top, &was);
	if (st == ST_OK)
		st = write_above(db, root, chain, len);
	if (st == ST_OK && top)
		st = access_of_dir(db, top, &now);
	return st == ST_OK ? access_note_regrant(db, was, now) : st;
}

/* A directory at the top of the root: its own, or a detached one; 0: none. */
static enum status next_top(struct db *db, int64_t root, int64_t *top)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_TOPS);

	statement_int(&s, root);
	*top = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

enum status tree_root_delete(struct db *db, int64_t root)
{
	for (;;) {
		int64_t top;
		enum status st = next_top(db, root, &top);

		if (st == ST_OK && top)
			st = tree_dir_delete(db, top);
		if (st != ST_OK)
			return st;
		if (!top)
			break;
	}
	paths_drop(db);
	db_tick(db);
	AUTO_STATEMENT s = statement_start(db, STMT_ROOT_DELETE);
	statement_int(&s, root);
	return statement_run(&s);
}
