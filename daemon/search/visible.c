/* visible: single rows, judged; see visible.h. */
#include "search/visible.h"

#include "core/mem.h"
#include "store/name_index.h"

enum look { LOOK_FILE, LOOK_DIRECTORY, LOOK_PART, LOOK_DOCUMENT, LOOKS };

/* Each row: a directory, and the guard of what lies in it.  The first that is visible decides. */
static const char *const looks[LOOKS] = {
	[LOOK_FILE] = "SELECT dir, mode, uid, gid, acl FROM file WHERE id = ?1",
	/* A root's own directory lies in none: it is judged apart. */
	[LOOK_DIRECTORY] = "SELECT coalesce(parent, 0), mode, uid, gid, acl FROM dir WHERE id = ?1",
	[LOOK_PART] = "SELECT f.dir, f.mode, f.uid, f.gid, f.acl FROM part p"
		      " CROSS JOIN file f ON f.document = p.container WHERE p.id = ?1",
	/* A container has rows for the parts of all depths: one step up is enough. */
	[LOOK_DOCUMENT] = "SELECT dir, mode, uid, gid, acl FROM file WHERE document = ?1"
			  " UNION ALL SELECT f.dir, f.mode, f.uid, f.gid, f.acl FROM part p"
			  " CROSS JOIN file f ON f.document = p.container WHERE p.document = ?1",
};

struct visible {
	sqlite3 *raw;
	const struct caller *caller;
	struct dirs *dirs;
	sqlite3_stmt *looks[LOOKS];
};

enum status visible_create(sqlite3 *raw, const struct caller *caller, struct visible **out)
{
	struct visible *v = mem_zalloc(sizeof *v);

	*out = NULL;
	if (!v)
		return ST_NOMEM;
	v->raw = raw;
	v->caller = caller;
	enum status st = dirs_create(raw, caller, &v->dirs);
	if (st != ST_OK) {
		mem_free(v);
		return st;
	}
	*out = v;
	return ST_OK;
}

void visible_destroy(struct visible *v)
{
	if (!v)
		return;
	for (int i = 0; i < LOOKS; i++)
		sqlite3_finalize(v->looks[i]);
	dirs_destroy(v->dirs);
	mem_free(v);
}

struct dirs *visible_dirs(struct visible *v)
{
	return v->dirs;
}

static int judge_row(struct visible *v, sqlite3_stmt *row, bool *visible)
{
	const struct guard guard = {
		.mode = (uint32_t)sqlite3_column_int64(row, 1),
		.uid = (uint32_t)sqlite3_column_int64(row, 2),
		.gid = (uint32_t)sqlite3_column_int64(row, 3),
		.acl = sqlite3_column_blob(row, 4),
		.acl_len = (size_t)sqlite3_column_bytes(row, 4),
	};

	return dirs_visible(v->dirs, sqlite3_column_int64(row, 0), &guard, visible);
}

static int look(struct visible *v, enum look which, int64_t id, bool *visible)
{
	sqlite3_stmt **row = &v->looks[which];
	int rc = SQLITE_OK;

	*visible = caller_sees_all(v->caller);
	if (*visible)
		return SQLITE_OK;
	if (!*row)
		rc = sqlite3_prepare_v2(v->raw, looks[which], -1, row, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(*row, 1, id);
	while (rc == SQLITE_OK && !*visible && (rc = sqlite3_step(*row)) == SQLITE_ROW)
		rc = judge_row(v, *row, visible);
	sqlite3_reset(*row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int visible_file(struct visible *v, int64_t file, bool *visible)
{
	return look(v, LOOK_FILE, file, visible);
}

int visible_directory(struct visible *v, int64_t dir, bool *visible)
{
	return look(v, LOOK_DIRECTORY, dir, visible);
}

int visible_name(struct visible *v, int64_t row, bool *visible)
{
	if (row > DIR_FIRST)
		return look(v, LOOK_DIRECTORY, row - DIR_FIRST, visible);
	return look(v, row > PART_FIRST ? LOOK_PART : LOOK_FILE, row, visible);
}

int visible_document(struct visible *v, int64_t document, bool *visible)
{
	return look(v, LOOK_DOCUMENT, document, visible);
}
