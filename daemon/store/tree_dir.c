/* tree_dir: directory rows as the writer changes them; see tree.h. */
#include "core/log.h"
#include "store/access.h"
#include "store/connection.h"
#include "store/dir_names.h"
#include "store/tombstones.h"
#include "store/tree_path.h"
#include "store/tree_write.h"

#include <string.h>

enum { DEPTH_MOST = 100000 };

/* Where a row stands. */
struct place {
	int64_t root, parent;
	struct buf name;
};
#define PLACE_INIT {0, 0, BUF_INIT}
#define AUTO_PLACE __attribute__((cleanup(place_finish))) struct place

static void place_finish(struct place *p)
{
	buf_finish(&p->name);
}

static enum status find_place(struct db *db, int64_t id, struct place *p)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_PLACE);

	statement_int(&s, id);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	p->root = statement_get_int(&s, 0);
	p->parent = statement_get_int(&s, 1);
	statement_add_bytes(&s, 2, &p->name);
	return db_trouble(db, buf_status(&p->name));
}

enum status tree_dir_exists(struct db *db, int64_t dir)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_EXISTS);

	statement_int(&s, dir);
	if (statement_row(&s))
		return ST_OK;
	enum status st = statement_status(&s);
	return st == ST_OK ? ST_NOT_FOUND : st;
}

/* `careful`: the row was detached, others may live at its path by now. */
static enum status leave_path(struct db *db, const struct buf *path, bool careful, int64_t access)
{
	const char *text = path->len ? path->data : "";

	return careful ? tombstone_add_if_gone(db, text, TOMBSTONE_DIR, access)
		       : tombstone_add(db, text, path->len, TOMBSTONE_DIR, access);
}

/* Only what hangs below a directory is found by its name. */
static enum status note_name(struct db *db, int64_t id, const struct place *p)
{
	return dir_names_note(db, id, p->parent ? &p->name : NULL);
}

/* --- detach -------------------------------------------------------------------------------- */

enum status tree_dir_detach(struct db *db, int64_t id)
{
	AUTO_BUF path = BUF_INIT;
	AUTO_PLACE place = PLACE_INIT;
	int64_t access = 0;
	bool detached;
	enum status st = find_place(db, id, &place);

	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	if (!place.parent && place.name.len)
		return ST_OK; /* it is already */
	st = path_of_dir(db, id, &path, &detached);
	if (st != ST_OK)
		return st;
	if (!path.len)
		buf_addc(&path, '/');
	st = db_trouble(db, buf_status(&path));
	if (st != ST_OK)
		return st;
	paths_drop(db);
	st = note_name(db, id, &place);
	if (st == ST_OK)
		st = access_of_dir(db, id, &access);
	if (st == ST_OK) /* what is below it is found no more */
		st = tombstone_add(db, path.data, path.len, TOMBSTONE_DIR, access);
	if (st != ST_OK)
		return st;
	access_forget_last(db);
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_DETACH);
	statement_int(&s, id);
	statement_blob(&s, path.data, path.len);
	statement_int_or_null(&s, access);
	return statement_run(&s);
}

static enum status find_occupant(
	struct db *db, int64_t root, int64_t parent, const char *name, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, parent ? STMT_DIR_CHILD : STMT_ROOT_TOP);

	statement_int(&s, parent ? parent : root);
	if (parent)
		statement_blob(&s, name, strlen(name));
	*id = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

/* Makes the place free: another row there is detached, to be found again elsewhere or deleted. */
static enum status vacate(struct db *db, int64_t root, int64_t parent, const char *name)
{
	int64_t occupant;
	enum status st = find_occupant(db, root, parent, name, &occupant);

	return st == ST_OK && occupant ? tree_dir_detach(db, occupant) : st;
}

/* --- put ----------------------------------------------------------------------------------- */

static bool same_bytes(struct statement *s, int column, const void *bytes, int len)
{
	int old_len;
	const void *old = statement_get_bytes(s, column, &old_len);

	return old_len == len && (len == 0 || memcmp(old, bytes, (size_t)len) == 0);
}

static bool same_guard(struct statement *s, const struct dir_row *row)
{
	return statement_get_int(s, 2) == row->ident.mode &&
	       statement_get_int(s, 3) == row->ident.uid &&
	       statement_get_int(s, 4) == row->ident.gid &&
	       same_bytes(s, 5, row->acl, row->acl_len);
}

static bool same_dir(struct statement *s, const struct dir_row *row)
{
	return (uint64_t)statement_get_int(s, 0) == row->ident.ino &&
	       statement_get_int(s, 1) == row->ident.btime_ns && same_guard(s, row) &&
	       same_bytes(s, 6, row->fsid, row->fsid_len) &&
	       (statement_get_int(s, 7) != 0) == row->offline;
}

/* The columns that insert and update have in common, from inode to offline. */
static void bind_dir(struct statement *s, const struct dir_row *row)
{
	statement_int(s, (int64_t)row->ident.ino);
	statement_int(s, row->ident.btime_ns);
	statement_int(s, row->ident.mode);
	statement_int(s, row->ident.uid);
	statement_int(s, row->ident.gid);
	statement_blob_or_null(s, row->acl, (size_t)row->acl_len);
	statement_blob_or_null(s, row->fsid, (size_t)row->fsid_len);
	statement_int(s, row->offline);
}

static enum status insert_dir(struct db *db, const struct dir_row *row)
{
	enum status st = row->parent ? tree_dir_exists(db, row->parent) : ST_OK;

	if (st == ST_OK)
		st = vacate(db, row->root, row->parent, row->name);
	if (st == ST_OK && row->parent)
		st = dir_names_note(db, row->id, NULL);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_INSERT);
	statement_int(&s, row->id);
	statement_int(&s, row->root);
	statement_int_or_null(&s, row->parent);
	statement_blob(&s, row->name, strlen(row->name));
	bind_dir(&s, row);
	statement_int(&s, db_tick(db));
	statement_int(&s, row->ident.mtime_ns);
	db->counts.directories++;
	return statement_run(&s);
}

static enum status update_dir(struct db *db, const struct dir_row *row)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_UPDATE);

	access_forget_last(db);
	statement_int(&s, row->id);
	bind_dir(&s, row);
	statement_int(&s, db_tick(db));
	return statement_run(&s);
}

static enum status touch_dir(struct db *db, const struct dir_row *row)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_TOUCH);

	statement_int(&s, row->id);
	statement_int(&s, row->ident.mtime_ns);
	return statement_run(&s);
}

/* Others may reach it: what is below takes no number of its own for that. */
static enum status regrant_dir(struct db *db, const struct dir_row *row)
{
	int64_t was, now = 0;
	enum status st = access_of_dir(db, row->id, &was);

	db->regranted = true;
	if (st == ST_OK)
		st = update_dir(db, row);
	if (st == ST_OK)
		st = access_of_dir(db, row->id, &now);
	return st == ST_OK ? access_note_regrant(db, was, now) : st;
}

enum status tree_dir_put(struct db *db, const struct dir_row *row)
{
	bool found, touched = false, same = false, guarded = true;

	BUG_UNLESS(row->id > 0 && (row->parent || !row->name[0]));
	{
		AUTO_STATEMENT s = statement_start(db, STMT_DIR_GET);

		statement_int(&s, row->id);
		found = statement_row(&s);
		if (found) {
			same = same_dir(&s, row);
			touched = statement_get_int(&s, 8) != row->ident.mtime_ns;
			guarded = same_guard(&s, row);
		}
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	if (!found)
		return insert_dir(db, row);
	enum status st = guarded ? (same ? ST_OK : update_dir(db, row)) : regrant_dir(db, row);
	return st == ST_OK && touched ? touch_dir(db, row) : st;
}

/* --- move ---------------------------------------------------------------------------------- */

/* Whether `dir` is `above` or below it; ST_NOT_FOUND if it is gone. */
static enum status is_below(struct db *db, int64_t dir, int64_t above, bool *below)
{
	*below = false;
	for (int depth = 0; dir && !*below && depth < DEPTH_MOST; depth++) {
		*below = dir == above;
		AUTO_STATEMENT s = statement_start(db, STMT_DIR_PLACE);
		statement_int(&s, dir);
		if (!statement_row(&s)) {
			enum status st = statement_status(&s);
			return st == ST_OK ? ST_NOT_FOUND : st;
		}
		dir = statement_get_int(&s, 1);
	}
	return ST_OK;
}

static enum status write_move(struct db *db, int64_t id, int64_t root, int64_t parent,
	const char *name, const struct buf *from, int64_t access)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_MOVE);

	statement_int(&s, id);
	statement_int(&s, root);
	statement_int_or_null(&s, parent);
	statement_blob(&s, name, strlen(name));
	statement_int(&s, db_tick(db));
	statement_blob(&s, from->len ? from->data : "/", from->len ? from->len : 1);
	statement_int_or_null(&s, access);
	paths_drop(db);
	access_forget_last(db);
	db->regranted = true;
	return statement_run(&s);
}

static enum status reroot(struct db *db, int64_t id, int64_t root)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_REROOT);

	statement_int(&s, id);
	statement_int(&s, root);
	return statement_run(&s);
}

static bool is_there(const struct place *p, int64_t root, int64_t parent, const char *name)
{
	return p->root == root && p->parent == parent && p->name.len == strlen(name) &&
	       memcmp(p->name.data ? p->name.data : "", name, p->name.len) == 0;
}

enum status tree_dir_move(struct db *db, int64_t id, int64_t root, int64_t parent, const char *name)
{
	AUTO_PLACE old = PLACE_INIT;
	AUTO_BUF from = BUF_INIT;
	bool detached, below = false;
	int64_t was = 0, now = 0;
	enum status st = find_place(db, id, &old);

	BUG_UNLESS(parent || !name[0]);
	if (st == ST_OK && is_there(&old, root, parent, name))
		return ST_OK;
	if (st == ST_OK)
		st = is_below(db, parent, id, &below);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	if (below) {
		log_warning("store: directory %lld was to go below itself", (long long)id);
		return tree_dir_detach(db, id);
	}
	if (st == ST_OK)
		st = path_of_dir(db, id, &from, &detached);
	if (st == ST_OK)
		st = access_of_dir(db, id, &was);
	if (st == ST_OK)
		st = leave_path(db, &from, detached, was);
	if (st == ST_OK)
		st = vacate(db, root, parent, name);
	if (st == ST_OK)
		st = note_name(db, id, &old);
	if (st == ST_OK)
		st = write_move(db, id, root, parent, name, &from, was);
	if (st == ST_OK && root != old.root)
		st = reroot(db, id, root);
	if (st == ST_OK)
		st = access_of_dir(db, id, &now);
	return st == ST_OK ? access_note_regrant(db, was, now) : st;
}

/* --- delete -------------------------------------------------------------------------------- */

/*
 * A subtree is felled bottom up, in no more memory than one path: go down to a directory without children, delete
 * its files and itself, go up again.
 */
struct felling {
	struct db *db;
	struct buf path;
	int64_t *left; /* so many more rows may go */
	bool nameless; /* its place is not known: no tombstones */
	bool careful;  /* it was detached: other rows may live at these paths by now */
};

static enum status go_down(struct felling *f, int64_t *at)
{
	for (;;) {
		AUTO_STATEMENT s = statement_start(f->db, STMT_DIR_FIRST_CHILD);

		statement_int(&s, *at);
		if (!statement_row(&s))
			return statement_status(&s);
		*at = statement_get_int(&s, 0);
		buf_addc(&f->path, '/');
		statement_add_bytes(&s, 1, &f->path);
		if (f->path.failed)
			return db_trouble(f->db, ST_NOMEM);
	}
}

static enum status delete_row(struct db *db, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_DELETE);

	statement_int(&s, id);
	db->counts.directories--;
	return statement_run(&s);
}

/* One directory that has no directory in it, once its files are gone: *up is its parent then, else -1. */
static enum status fell_one(struct felling *f, int64_t id, int64_t *up)
{
	AUTO_PLACE place = PLACE_INIT;
	int64_t access = 0;
	enum status st = find_place(f->db, id, &place);

	if (st == ST_OK && !f->nameless)
		st = access_of_dir(f->db, id, &access);
	if (st == ST_OK)
		st = tree_files_delete(f->db, id, f->nameless ? NULL : &f->path, f->careful, f->left);
	*up = -1;
	if (st == ST_OK && *f->left <= 0) /* there may be more files */
		return ST_OK;
	if (st == ST_OK)
		st = note_name(f->db, id, &place);
	if (st == ST_OK)
		st = delete_row(f->db, id);
	*up = place.parent;
	--*f->left;
	if (st != ST_OK || f->nameless) {
		db_tick(f->db);
		return st;
	}
	access_forget_last(f->db);
	return leave_path(f->db, &f->path, f->careful, access);
}

static void go_up(struct felling *f)
{
	const char *slash = memrchr(f->path.data, '/', f->path.len);

	BUG_UNLESS(slash);
	f->path.len = (size_t)(slash - f->path.data);
	f->path.data[f->path.len] = '\0';
}

enum status tree_dir_fell(struct db *db, int64_t id, int64_t *most, bool *gone)
{
	struct felling f = {.db = db, .path = BUF_INIT, .left = most};
	int64_t at = id, up = 0;
	enum status st = tree_dir_exists(db, id);

	*gone = st == ST_NOT_FOUND;
	if (st == ST_OK) {
		st = path_of_dir(db, id, &f.path, &f.careful);
		f.nameless = st == ST_NOT_FOUND;
		if (f.nameless)
			st = ST_OK;
	} else if (st == ST_NOT_FOUND) {
		return ST_OK;
	}
	while (st == ST_OK && *most > 0) {
		st = go_down(&f, &at);
		if (st == ST_OK)
			st = fell_one(&f, at, &up);
		if (st != ST_OK || up < 0)
			break;
		*gone = at == id;
		if (*gone)
			break;
		at = up;
		go_up(&f);
	}
	paths_drop(db);
	buf_finish(&f.path);
	return st;
}

enum status tree_dir_delete(struct db *db, int64_t id)
{
	int64_t most = INT64_MAX;
	bool gone;

	return tree_dir_fell(db, id, &most, &gone);
}

enum status tree_sweep_detached(struct db *db)
{
	for (;;) {
		int64_t id;
		{
			AUTO_STATEMENT s = statement_start(db, STMT_DIR_DETACHED);

			id = statement_row(&s) ? statement_get_int(&s, 0) : 0;
			enum status st = statement_status(&s);
			if (st != ST_OK || !id)
				return st;
		}
		enum status st = tree_dir_delete(db, id);
		if (st != ST_OK)
			return st;
	}
}
