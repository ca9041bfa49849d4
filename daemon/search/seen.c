/* seen: changes, filtered; see seen.h. */
#include "search/seen.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/strmap.h"
#include "search/visible.h"
#include "store/tombstones.h"
#include "store/tree_path.h"

#include <stdlib.h>
#include <string.h>

enum look { LOOK_CHANGES, LOOK_ALL, LOOK_MOVED_FILE, LOOK_MOVED_DIR, LOOK_REGRANTS, LOOK_SWEPT, LOOKS };

/* Where a record is from; behind them come tombstones by their kind. */
enum source { FROM_FILE, FROM_DIR, FROM_TOMBSTONE };

enum column { CLOCK, SOURCE, DIR, NAME, CREATED, FROM, OLD_CHAIN, MODE, UID, GID, ACL, ID };

static const char *const looks[LOOKS] = {
	[LOOK_CHANGES] =
		"SELECT clock, 0, dir, name, created, moved_from,"
		" iif(moved_from IS NULL, NULL, (SELECT chain FROM access WHERE id = moved_access)),"
		" mode, uid, gid, acl, id FROM file WHERE clock > ?1 AND clock <= ?2"
		" UNION ALL SELECT clock, 1, coalesce(parent, 0), name, created, moved_from,"
		" iif(moved_from IS NULL, NULL, (SELECT chain FROM access WHERE id = moved_access)),"
		" mode, uid, gid, acl, id FROM dir WHERE clock > ?1 AND clock <= ?2"
		" UNION ALL SELECT clock, 2 + dir, 0, path, 0, NULL,"
		" (SELECT chain FROM access WHERE id = access), 0, 0, 0, NULL, 0"
		" FROM tombstone WHERE clock > ?1 AND clock <= ?2 ORDER BY 1",
	[LOOK_ALL] = "SELECT clock, 0, dir, name, clock, NULL, NULL, mode, uid, gid, acl, id"
		     " FROM file WHERE clock > ?1 AND clock <= ?2 ORDER BY clock",
	[LOOK_MOVED_FILE] = "SELECT dir, mode, uid, gid, acl, id FROM file"
			    " WHERE moved_from = ?1 AND clock > ?2 AND created <= ?3",
	[LOOK_MOVED_DIR] = "SELECT coalesce(parent, 0), mode, uid, gid, acl, id FROM dir"
			   " WHERE moved_from = ?1 AND clock > ?2 AND created <= ?3",
	[LOOK_REGRANTS] = "SELECT was.chain, now.chain FROM regrant r"
			  " LEFT JOIN access was ON was.id = r.was"
			  " LEFT JOIN access now ON now.id = r.now WHERE r.clock > ?1",
	[LOOK_SWEPT] = "SELECT 1 FROM meta WHERE key = 'regrants' AND value > ?1",
};

struct seen {
	struct db *db;
	const struct caller *caller;
	struct visible *visible;
	int64_t since;
	sqlite3_stmt *looks[LOOKS];
	struct buf path, old_path;
};

static void seen_finish(struct seen *s)
{
	for (int i = 0; i < LOOKS; i++)
		sqlite3_finalize(s->looks[i]);
	visible_destroy(s->visible);
	buf_finish(&s->path);
	buf_finish(&s->old_path);
}

static int prepare(struct seen *s, enum look which, sqlite3_stmt **out)
{
	int rc = SQLITE_OK;

	if (!s->looks[which])
		rc = sqlite3_prepare_v2(db_raw(s->db), looks[which], -1, &s->looks[which], NULL);
	*out = s->looks[which];
	return rc;
}

/* --- who could see what ---------------------------------------------------------------------------- */

static struct guard guard_at(sqlite3_stmt *row, int first)
{
	return (struct guard){
		.mode = (uint32_t)sqlite3_column_int64(row, first),
		.uid = (uint32_t)sqlite3_column_int64(row, first + 1),
		.gid = (uint32_t)sqlite3_column_int64(row, first + 2),
		.acl = sqlite3_column_blob(row, first + 3),
		.acl_len = (size_t)sqlite3_column_bytes(row, first + 3),
	};
}

/* A directory is told of to who may list it, or go through it to what is below. */
static int sees_row(struct seen *s, bool is_dir, int64_t dir, int64_t id, const struct guard *g, bool *sees)
{
	struct dirs *dirs = visible_dirs(s->visible);
	const struct dir_view *view;
	int rc = SQLITE_OK;

	*sees = false;
	if (is_dir) {
		rc = dirs_get(dirs, id, &view);
		*sees = rc == SQLITE_OK && view->path && view->reachable;
	}
	return rc == SQLITE_OK && !*sees ? dirs_visible(dirs, dir, g, sees) : rc;
}

/* Whether the place of that chain was visible; one that nobody kept was not. */
static bool saw(const struct seen *s, sqlite3_stmt *row, bool is_dir)
{
	if (sqlite3_column_type(row, OLD_CHAIN) == SQLITE_NULL)
		return false;
	return chain_permits(sqlite3_column_blob(row, OLD_CHAIN),
		(size_t)sqlite3_column_bytes(row, OLD_CHAIN), s->caller,
		is_dir ? MAY_READ | MAY_SEARCH : MAY_READ);
}

/* --- tombstones ------------------------------------------------------------------------------------- */

/* Whether a row that the caller sees tells of the path as the place that it came from. */
static int moved_on(struct seen *s, enum look which, sqlite3_stmt *tombstone, bool *told)
{
	sqlite3_stmt *row;
	int rc = prepare(s, which, &row);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_value(row, 1, sqlite3_column_value(tombstone, NAME));
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(row, 2, sqlite3_column_int64(tombstone, CLOCK));
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(row, 3, s->since);
	while (rc == SQLITE_OK && !*told && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		const struct guard g = guard_at(row, 1);

		rc = sees_row(s, which == LOOK_MOVED_DIR, sqlite3_column_int64(row, 0),
			sqlite3_column_int64(row, 5), &g, told);
	}
	sqlite3_reset(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Of a path that not all see any more: whether the caller still does. */
static enum status still_sees(struct seen *s, bool *told)
{
	struct tree_place place;
	enum status st = tree_resolve(s->db, s->path.data, &place);

	if (st != ST_OK || place.is_dir)
		return st == ST_NOT_FOUND ? ST_OK : st;
	return db_status(s->db, visible_file(s->visible, place.file.id, told), "visibility");
}

/* ST_NOT_FOUND: it is not for the caller. */
static enum status fill_tombstone(struct seen *s, sqlite3_stmt *row, struct change *out)
{
	enum tombstone_kind kind =
		(enum tombstone_kind)(sqlite3_column_int(row, SOURCE) - FROM_TOMBSTONE);
	bool told = false;
	enum status st = ST_OK;

	out->is_dir = kind == TOMBSTONE_DIR;
	if (!saw(s, row, out->is_dir))
		return ST_NOT_FOUND;
	buf_add(&s->path, sqlite3_column_blob(row, NAME), (size_t)sqlite3_column_bytes(row, NAME));
	if (s->path.failed)
		return ST_NOMEM;
	if (kind == TOMBSTONE_LOST) {
		st = still_sees(s, &told);
	} else {
		int rc = moved_on(s, LOOK_MOVED_FILE, row, &told);

		if (rc == SQLITE_OK && !told)
			rc = moved_on(s, LOOK_MOVED_DIR, row, &told);
		st = db_status(s->db, rc, "changes");
	}
	out->kind = CHANGE_DELETED;
	return st == ST_OK && told ? ST_NOT_FOUND : st;
}

/* --- rows ------------------------------------------------------------------------------------------- */

static enum status compose(struct seen *s, sqlite3_stmt *row, bool is_dir)
{
	const struct dir_view *view = NULL;
	int64_t dir = sqlite3_column_int64(row, is_dir ? ID : DIR);
	int rc = dirs_get(visible_dirs(s->visible), dir, &view);

	if (rc != SQLITE_OK)
		return db_status(s->db, rc, "changes");
	if (!view->path)
		return ST_NOT_FOUND;
	if (is_dir) {
		buf_adds(&s->path, view->path);
		return buf_status(&s->path);
	}
	AUTO_BUF name = BUF_INIT;
	buf_add(&name, sqlite3_column_blob(row, NAME), (size_t)sqlite3_column_bytes(row, NAME));
	path_join(&s->path, view->path, name.data ? name.data : "");
	return name.failed ? ST_NOMEM : buf_status(&s->path);
}

static enum status fill_row(struct seen *s, sqlite3_stmt *row, struct change *out)
{
	const struct guard g = guard_at(row, MODE);
	bool sees;

	out->is_dir = sqlite3_column_int(row, SOURCE) == FROM_DIR;
	out->row = sqlite3_column_int64(row, ID);
	int rc = sees_row(s, out->is_dir, sqlite3_column_int64(row, DIR), sqlite3_column_int64(row, ID), &g,
		&sees);
	if (rc != SQLITE_OK)
		return db_status(s->db, rc, "changes");
	enum status st = sees ? compose(s, row, out->is_dir) : ST_NOT_FOUND;
	if (st != ST_OK)
		return st;
	bool moved = sqlite3_column_type(row, FROM) != SQLITE_NULL;
	if (sqlite3_column_int64(row, CREATED) > s->since || (moved && !saw(s, row, out->is_dir))) {
		out->kind = CHANGE_CREATED;
	} else if (moved) {
		out->kind = CHANGE_MOVED;
		buf_add(&s->old_path, sqlite3_column_blob(row, FROM),
			(size_t)sqlite3_column_bytes(row, FROM));
		out->from = s->old_path.data;
	} else {
		out->kind = CHANGE_CHANGED;
	}
	return buf_status(&s->old_path);
}

/* --- listing ---------------------------------------------------------------------------------------- */

static enum status list(struct seen *s, sqlite3_stmt *rows, int64_t limit,
	bool (*each)(void *arg, const struct change *c), void *arg, bool *more)
{
	int rc;

	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct change change = {.clock = sqlite3_column_int64(rows, CLOCK)};
		bool is_row = sqlite3_column_int(rows, SOURCE) < FROM_TOMBSTONE;

		buf_clear(&s->path);
		buf_clear(&s->old_path);
		enum status st = is_row ? fill_row(s, rows, &change) : fill_tombstone(s, rows, &change);
		if (st == ST_NOT_FOUND)
			continue;
		if (st != ST_OK)
			return st;
		if (limit-- <= 0) {
			*more = true;
			return ST_OK;
		}
		change.path = s->path.data;
		if (!each(arg, &change))
			return ST_OK;
	}
	return rc == SQLITE_DONE ? ST_OK : db_status(s->db, rc, "changes");
}

enum status seen_list(struct db *db, const struct caller *caller, int64_t since, int64_t until,
	int64_t limit, bool (*each)(void *arg, const struct change *c), void *arg, bool *more)
{
	struct seen s = {
		.db = db, .caller = caller, .since = since, .path = BUF_INIT, .old_path = BUF_INIT};
	enum status st = visible_create(db_raw(db), caller, &s.visible);
	sqlite3_stmt *rows;

	*more = false;
	if (st != ST_OK)
		return st;
	int rc = prepare(&s, since < 0 ? LOOK_ALL : LOOK_CHANGES, &rows);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(rows, 1, since);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(rows, 2, until);
	st = rc == SQLITE_OK ? list(&s, rows, limit, each, arg, more) : db_status(db, rc, "changes");
	seen_finish(&s);
	return st;
}

/* --- directories that others may reach --------------------------------------------------------------- */

/* What the caller may do with the directory at the end of the chain, as two bits; nothing where no chain was kept. */
static int rights(sqlite3_stmt *row, int column, const struct caller *caller)
{
	const void *chain = sqlite3_column_blob(row, column);
	size_t len = (size_t)sqlite3_column_bytes(row, column);

	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return 0;
	return chain_permits(chain, len, caller, MAY_READ) |
	       chain_permits(chain, len, caller, MAY_SEARCH) << 1;
}

static int look_at_regrants(struct seen *s, bool *fresh)
{
	sqlite3_stmt *row;
	int rc = prepare(s, LOOK_REGRANTS, &row);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(row, 1, s->since);
	while (rc == SQLITE_OK && !*fresh && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		*fresh = rights(row, 0, s->caller) != rights(row, 1, s->caller);
		rc = SQLITE_OK;
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum status seen_is_fresh(struct db *db, const struct caller *caller, int64_t since, bool *fresh)
{
	struct seen s = {.db = db, .caller = caller, .since = since};
	sqlite3_stmt *swept;
	int rc = prepare(&s, LOOK_SWEPT, &swept);

	*fresh = false;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(swept, 1, since);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(swept);
	*fresh = rc == SQLITE_ROW;
	if (rc == SQLITE_DONE)
		rc = look_at_regrants(&s, fresh);
	else if (rc == SQLITE_ROW)
		rc = SQLITE_OK;
	enum status st = db_status(db, rc, "changes");
	seen_finish(&s);
	return st;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint64_t seen_number(const struct caller *c)
{
	AUTO_BUF ids = BUF_INIT;

	buf_add(&ids, c->groups, c->group_count * sizeof *c->groups);
	if (ids.len)
		qsort(ids.data, c->group_count, sizeof *c->groups, by_value);
	buf_add(&ids, &c->gid, sizeof c->gid);
	buf_add(&ids, &c->uid, sizeof c->uid);
	return ids.failed ? 0 : strmap_hash(ids.data, ids.len);
}
