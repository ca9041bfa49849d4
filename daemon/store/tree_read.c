/* tree_read: the tree's rows, for the reconciler and the server; see tree.h. */
#include "core/mem.h"
#include "store/connection.h"
#include "store/tree.h"

#include <string.h>

const char *file_state_text(enum file_state s)
{
	switch (s) {
#define X(n, name, text)                                                                           \
	case FILE_##name:                                                                          \
		return text;
		FILE_STATE_TABLE(X)
#undef X
	}
	return "unknown";
}

/* --- roots and directories ----------------------------------------------------------------- */

static bool fill_root(struct statement *s, struct root_row *row, char **path, char **name)
{
	const void *fsid = statement_get_bytes(s, 3, &row->fsid_len);

	if (row->fsid_len > (int)sizeof row->fsid)
		row->fsid_len = (int)sizeof row->fsid;
	memcpy(row->fsid, fsid, (size_t)row->fsid_len);
	row->id = statement_get_int(s, 0);
	row->offline = statement_get_int(s, 4) != 0;
	row->dir = statement_get_int(s, 5);
	const char *p = statement_get_string(s, 1), *n = statement_get_string(s, 2);
	*path = p ? mem_strdup(p) : NULL;
	*name = n ? mem_strdup(n) : NULL;
	row->path = *path;
	row->name = *name;
	return *path && *name;
}

enum status tree_each_root(
	struct db *db, bool (*each)(void *arg, const struct root_row *), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ROOTS);

	while (statement_row(&s)) {
		struct root_row row = {0};
		AUTO_FREE char *path = NULL;
		AUTO_FREE char *name = NULL;

		if (!fill_root(&s, &row, &path, &name))
			return db_trouble(db, ST_NOMEM);
		if (!each(arg, &row))
			return ST_OK;
	}
	return statement_status(&s);
}

static bool fill_dir(struct statement *s, struct dir_row *row)
{
	row->id = statement_get_int(s, 0);
	row->root = statement_get_int(s, 1);
	row->parent = statement_get_int(s, 2);
	row->name = statement_get_string(s, 3);
	row->ident.ino = (uint64_t)statement_get_int(s, 4);
	row->ident.btime_ns = statement_get_int(s, 5);
	row->ident.mode = (uint32_t)statement_get_int(s, 6);
	row->ident.uid = (uint32_t)statement_get_int(s, 7);
	row->ident.gid = (uint32_t)statement_get_int(s, 8);
	row->acl = statement_get_bytes(s, 9, &row->acl_len);
	row->fsid = statement_get_bytes(s, 10, &row->fsid_len);
	row->offline = statement_get_int(s, 11) != 0;
	row->ident.mtime_ns = statement_get_int(s, 12);
	return row->name != NULL;
}

enum status tree_each_dir(struct db *db, bool (*each)(void *arg, const struct dir_row *), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIRS);

	while (statement_row(&s)) {
		struct dir_row row = {0};

		if (!fill_dir(&s, &row))
			break;
		if (!each(arg, &row))
			return ST_OK;
	}
	return statement_status(&s);
}

/* --- files --------------------------------------------------------------------------------- */

/* Everything but the name and the directory. */
static void fill_file(struct statement *s, struct file_row *row)
{
	row->id = statement_get_int(s, 0);
	row->ident = (struct ident){
		.ino = (uint64_t)statement_get_int(s, 2),
		.size = statement_get_int(s, 3),
		.mtime_ns = statement_get_int(s, 4),
		.ctime_ns = statement_get_int(s, 5),
		.mode = (uint32_t)statement_get_int(s, 6),
		.uid = (uint32_t)statement_get_int(s, 7),
		.gid = (uint32_t)statement_get_int(s, 8),
		.nlink = (uint32_t)statement_get_int(s, 9),
	};
	row->stamp_ns = statement_get_int(s, 10);
	row->state = (enum file_state)statement_get_int(s, 11);
	row->rule = statement_get_int(s, 12);
	row->document = statement_get_int(s, 13);
	row->next_try = statement_get_int(s, 14);
	row->clock = statement_get_int(s, 15);
}

enum status tree_each_file(
	struct db *db, int64_t dir, bool (*each)(void *arg, const struct file_row *), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILES);

	statement_int(&s, dir);
	while (statement_row(&s)) {
		struct file_row row = {.dir = dir, .name = statement_get_string(&s, 1)};

		if (!row.name)
			break;
		fill_file(&s, &row);
		if (!each(arg, &row))
			return ST_OK;
	}
	return statement_status(&s);
}

enum status tree_find_file(struct db *db, int64_t dir, const char *name, struct file_row *row)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_FIND);

	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	*row = (struct file_row){.dir = dir, .name = name};
	fill_file(&s, row);
	return ST_OK;
}

enum status tree_find_file_id(struct db *db, int64_t id, struct file_row *row, struct buf *name)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_FIND_ID);

	statement_int(&s, id);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	*row = (struct file_row){.dir = statement_get_int(&s, 16)};
	fill_file(&s, row);
	int len;
	const void *bytes = statement_get_bytes(&s, 1, &len);
	buf_clear(name);
	buf_add(name, bytes, (size_t)len);
	row->name = name->data;
	return buf_status(name);
}

/* --- lists of names ------------------------------------------------------------------------ */

static enum status each_name(struct statement *s,
	bool (*each)(void *arg, int64_t dir, const char *name), void *arg)
{
	while (statement_row(s)) {
		const char *name = statement_get_string(s, 1);

		if (!name)
			break;
		if (!each(arg, statement_get_int(s, 0), name))
			return ST_OK;
	}
	return statement_status(s);
}

enum status tree_each_due(struct db *db, int64_t now_s, bool unavailable, int limit,
	bool (*each)(void *arg, int64_t dir, const char *name), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILES_DUE);

	statement_int(&s, now_s);
	statement_int(&s, unavailable);
	statement_int(&s, limit);
	return each_name(&s, each, arg);
}

enum status tree_each_link(struct db *db, const struct ident *now,
	bool (*each)(void *arg, int64_t dir, const char *name), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILES_LINKED);

	statement_int(&s, (int64_t)now->ino);
	statement_int(&s, now->size);
	statement_int(&s, now->mtime_ns);
	statement_int(&s, now->ctime_ns);
	statement_int(&s, now->nlink);
	return each_name(&s, each, arg);
}
