/* tree_file: file rows as the writer changes them; see tree.h. */
#include "core/now.h"
#include "core/path.h"
#include "store/access.h"
#include "store/connection.h"
#include "store/container.h"
#include "store/documents.h"
#include "store/missing.h"
#include "store/name_index.h"
#include "store/old_file.h"
#include "store/tombstones.h"
#include "store/tree_path.h"
#include "store/tree_write.h"

#include <string.h>

/* Nothing that anybody is told of differs: a change time or link count alone is no change of the file. */
static bool same_ident(const struct ident *old, const struct ident *now)
{
	struct ident then = *old;

	then.ctime_ns = now->ctime_ns;
	return ident_same(&then, now);
}

static void count(struct db *db, enum file_state state, int by)
{
	db->counts.files[state] += by;
}

/* Of a file that lacks its converter, and is about to change. */
static enum status lacks_no_more(struct db *db, int64_t file, enum file_state state)
{
	if (state != FILE_UNAVAILABLE)
		return ST_OK;
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURE_CONVERTER);
	statement_int(&s, file);
	const char *converter = statement_row(&s) ? statement_get_string(&s, 0) : NULL;
	enum status st = converter ? missing_stage(db, converter, false, -1) : ST_OK;
	return st == ST_OK ? statement_status(&s) : st;
}

static enum status lacks_now(struct db *db, const struct file_change *c)
{
	if (c->state != FILE_UNAVAILABLE || !c->failure)
		return ST_OK;
	return missing_stage(db, c->failure->converter, false, 1);
}

/* From inode to link count, as in every statement that has them. */
static void bind_ident(struct statement *s, const struct ident *id)
{
	statement_int(s, (int64_t)id->ino);
	statement_int(s, id->size);
	statement_int(s, id->mtime_ns);
	statement_int(s, id->ctime_ns);
	statement_int(s, id->mode);
	statement_int(s, id->uid);
	statement_int(s, id->gid);
	statement_int(s, id->nlink);
}

/* --- put ----------------------------------------------------------------------------------- */

static enum status put_failure(struct db *db, int64_t file, const struct file_failure *f)
{
	AUTO_STATEMENT s = statement_start(db, f ? STMT_FAILURE_PUT : STMT_FAILURE_DELETE);

	statement_int(&s, file);
	if (f) {
		statement_string(&s, f->converter);
		statement_string(&s, f->reason);
		statement_string(&s, f->detail);
		statement_string(&s, f->output);
		statement_int(&s, f->attempts);
		statement_blob_or_null(&s, f->hash, f->hash ? DOCUMENT_HASH_BYTES : 0);
		statement_int_or_null(&s, f->next_try);
		statement_int(&s, now_real_s());
	}
	return statement_run(&s);
}

/* The first write of a change; ST_NOT_FOUND, and nothing is done, if a sweep took the document meanwhile. */
static enum status run_with_document(struct statement *s)
{
	while (statement_row(s))
		;
	return s->rc == SQLITE_CONSTRAINT_FOREIGNKEY ? ST_NOT_FOUND : statement_status(s);
}

static enum status insert_row(struct db *db, const struct file_change *c, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_INSERT);
	char extension[17];

	path_extension(c->name, extension);
	statement_int(&s, c->dir);
	statement_blob(&s, c->name, strlen(c->name));
	statement_string(&s, extension);
	bind_ident(&s, c->ident);
	statement_blob_or_null(&s, c->acl, (size_t)c->acl_len);
	statement_int(&s, c->stamp_ns);
	statement_int(&s, c->state);
	statement_int(&s, c->rule);
	statement_int_or_null(&s, c->document);
	statement_int(&s, db_tick(db));
	enum status st = run_with_document(&s);
	*id = sqlite3_last_insert_rowid(db->raw);
	return st;
}

static enum status insert_file(struct db *db, const struct file_change *c)
{
	int64_t id = 0;
	enum status st = tree_dir_exists(db, c->dir);

	if (st == ST_OK)
		st = insert_row(db, c, &id);
	if (st == ST_OK)
		st = name_index_add(db, id, c->name, strlen(c->name));
	if (st == ST_OK && c->failure)
		st = put_failure(db, id, c->failure);
	if (st == ST_OK)
		st = lacks_now(db, c);
	if (st == ST_OK) {
		count(db, c->state, 1);
		documents_touch(db, c->document);
	}
	return st;
}

static bool is_same(const struct old_file *old, const struct file_change *c)
{
	return same_ident(&old->ident, c->ident) && old->state == c->state &&
	       old->document == c->document &&
	       old_file_has_guard(old, c->ident, c->acl, (size_t)c->acl_len);
}

static enum status update_row(struct db *db, int64_t id, const struct file_change *c)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_UPDATE);

	statement_int(&s, id);
	bind_ident(&s, c->ident);
	statement_blob_or_null(&s, c->acl, (size_t)c->acl_len);
	statement_int(&s, c->stamp_ns);
	statement_int(&s, c->state);
	statement_int(&s, c->rule);
	statement_int_or_null(&s, c->document);
	statement_int(&s, db_tick(db));
	return run_with_document(&s);
}

static enum status update_stamp(struct db *db, int64_t id, const struct file_change *c)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_STAMP);

	statement_int(&s, id);
	statement_int(&s, c->stamp_ns);
	statement_int(&s, c->rule);
	statement_int(&s, c->ident->ctime_ns);
	statement_int(&s, c->ident->nlink);
	return statement_run(&s);
}

/* Who could see it, and cannot any more, is to hear of it (changes). */
static enum status note_lost(struct db *db, int64_t dir, const char *name, const struct old_file *old)
{
	AUTO_BUF path = BUF_INIT;
	int64_t access;
	bool detached;

	db->regranted = true;
	if (!db->keeps_access)
		return ST_OK;
	enum status st = path_of_dir(db, dir, &path, &detached);
	if (st != ST_OK || detached) /* what left its place was told to be gone */
		return st == ST_NOT_FOUND ? ST_OK : st;
	buf_addc(&path, '/');
	buf_adds(&path, name);
	st = db_trouble(db, buf_status(&path));
	if (st == ST_OK)
		st = access_of_file(db, dir, &old->ident, old->acl.data, old->acl.len, &access);
	return st == ST_OK ? tombstone_add(db, path.data, path.len, TOMBSTONE_LOST, access) : st;
}

static bool has_guard(const struct old_file *old, const struct file_change *c)
{
	return old_file_has_guard(old, c->ident, c->acl, (size_t)c->acl_len);
}

static enum status update_file(
	struct db *db, const struct old_file *old, const struct file_change *c)
{
	bool same = is_same(old, c);
	enum status st = has_guard(old, c) ? ST_OK : note_lost(db, c->dir, c->name, old);

	if (st == ST_OK)
		st = same ? update_stamp(db, old->id, c) : update_row(db, old->id, c);
	if (st == ST_OK)
		st = lacks_no_more(db, old->id, old->state);
	if (st == ST_OK)
		st = put_failure(db, old->id, c->failure);
	if (st == ST_OK)
		st = lacks_now(db, c);
	if (st != ST_OK || same)
		return st;
	count(db, old->state, -1);
	count(db, c->state, 1);
	if (old->document != c->document) {
		documents_touch(db, old->document);
		documents_touch(db, c->document);
	}
	return ST_OK;
}

enum status tree_file_put(struct db *db, const struct file_change *c)
{
	AUTO_OLD old = OLD_INIT;
	bool stale = false;
	enum status st = c->document ? document_is_stale(db, c->document, &stale) : ST_OK;

	if (st != ST_OK || stale)
		return stale ? ST_NOT_FOUND : st;
	st = old_file_find(db, c->dir, c->name, &old);
	if (st == ST_NOT_FOUND)
		return insert_file(db, c);
	return st == ST_OK ? update_file(db, &old, c) : st;
}

static enum status touch_stamp(struct db *db, int64_t id, const struct file_change *c)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_STAMP_ONLY);

	statement_int(&s, id);
	statement_int(&s, c->stamp_ns);
	statement_int(&s, c->ident->ctime_ns);
	statement_int(&s, c->ident->nlink);
	return statement_run(&s);
}

static enum status touch_row(struct db *db, int64_t id, const struct file_change *c)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_TOUCH);

	statement_int(&s, id);
	bind_ident(&s, c->ident);
	statement_int(&s, c->stamp_ns);
	statement_int(&s, db_tick(db));
	statement_blob_or_null(&s, c->acl, (size_t)c->acl_len);
	return statement_run(&s);
}

enum status tree_file_touch(struct db *db, const struct file_change *c)
{
	AUTO_OLD old = OLD_INIT;
	enum status st = old_file_find(db, c->dir, c->name, &old);

	if (st != ST_OK)
		return st;
	bool guarded = has_guard(&old, c);
	if (guarded && same_ident(&old.ident, c->ident))
		return touch_stamp(db, old.id, c);
	st = guarded ? ST_OK : note_lost(db, c->dir, c->name, &old);
	return st == ST_OK ? touch_row(db, old.id, c) : st;
}

/* --- delete -------------------------------------------------------------------------------- */

/* What a row leaves elsewhere when it goes. */
static enum status leave(struct db *db, const struct old_file *old, const char *name)
{
	count(db, old->state, -1);
	documents_touch(db, old->document);
	enum status st = lacks_no_more(db, old->id, old->state);
	return st == ST_OK ? name_index_remove(db, old->id, name, strlen(name)) : st;
}

static enum status delete_row(struct db *db, const struct old_file *old, const char *name)
{
	enum status st = leave(db, old, name);

	if (st != ST_OK)
		return st;
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_DELETE);
	statement_int(&s, old->id);
	return statement_run(&s);
}

/* Below `above`, which is the path of directory `dir`. */
static enum status bury(struct db *db, int64_t dir, const struct buf *above, const char *name,
	const struct old_file *old, bool careful)
{
	AUTO_BUF path = BUF_INIT;
	int64_t access;

	buf_add(&path, above->data ? above->data : "", above->len);
	buf_addc(&path, '/');
	buf_adds(&path, name);
	enum status st = db_trouble(db, buf_status(&path));
	if (st == ST_OK)
		st = access_of_file(db, dir, &old->ident, old->acl.data, old->acl.len, &access);
	if (st != ST_OK)
		return st;
	return careful ? tombstone_add_if_gone(db, path.data, TOMBSTONE_FILE, access)
		       : tombstone_add(db, path.data, path.len, TOMBSTONE_FILE, access);
}

enum status tree_file_delete(struct db *db, int64_t dir, const char *name)
{
	AUTO_OLD old = OLD_INIT;
	AUTO_BUF path = BUF_INIT;
	bool careful = false;
	enum status st = old_file_find(db, dir, name, &old);

	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	st = path_of_dir(db, dir, &path, &careful);
	bool nameless = st == ST_NOT_FOUND;
	if (st == ST_OK || nameless)
		st = delete_row(db, &old, name);
	if (st == ST_OK && nameless)
		db_tick(db);
	return st == ST_OK && !nameless ? bury(db, dir, &path, name, &old, careful) : st;
}

static enum status delete_first(struct db *db, int64_t dir, int64_t most)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILES_DELETE);

	statement_int(&s, dir);
	statement_int(&s, most);
	return statement_run(&s);
}

/* In order of ids, which the full-text indexes like best. */
enum status tree_files_delete(
	struct db *db, int64_t dir, const struct buf *path, bool careful, int64_t *most)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILES_DOOMED);
	enum status st = ST_OK;
	int64_t limit = *most;

	statement_int(&s, dir);
	statement_int(&s, limit);
	while (st == ST_OK && statement_row(&s)) {
		AUTO_OLD old = OLD_INIT;
		const char *name = statement_get_string(&s, 1);

		--*most;
		if (!name)
			break;
		old.id = statement_get_int(&s, 0);
		old.state = (enum file_state)statement_get_int(&s, 2);
		old.document = statement_get_int(&s, 3);
		old.ident.mode = (uint32_t)statement_get_int(&s, 4);
		old.ident.uid = (uint32_t)statement_get_int(&s, 5);
		old.ident.gid = (uint32_t)statement_get_int(&s, 6);
		statement_add_bytes(&s, 7, &old.acl);
		st = db_trouble(db, buf_status(&old.acl));
		if (st == ST_OK)
			st = leave(db, &old, name);
		if (st == ST_OK && path)
			st = bury(db, dir, path, name, &old, careful);
	}
	if (st == ST_OK)
		st = statement_status(&s);
	return st == ST_OK && *most < limit ? delete_first(db, dir, limit) : st;
}

/* --- move ---------------------------------------------------------------------------------- */

static enum status make_way(struct db *db, int64_t dir, const char *name)
{
	AUTO_OLD there = OLD_INIT;
	enum status st = old_file_find(db, dir, name, &there);

	/* No other tombstone: its path lives on with the row that takes its place. */
	if (st == ST_OK)
		st = note_lost(db, dir, name, &there);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	return delete_row(db, &there, name);
}

static enum status rename_in_index(struct db *db, int64_t id, const char *from, const char *to)
{
	enum status st = name_index_remove(db, id, from, strlen(from));

	return st == ST_OK ? name_index_add(db, id, to, strlen(to)) : st;
}

static enum status write_move(
	struct db *db, int64_t id, int64_t dir, const char *name, const struct buf *from, int64_t access)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_MOVE);
	char extension[17];

	path_extension(name, extension);
	statement_int(&s, id);
	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	statement_string(&s, extension);
	statement_int(&s, db_tick(db));
	statement_blob_or_null(&s, from->data, from->len);
	statement_int_or_null(&s, access);
	return statement_run(&s);
}

enum status tree_file_move(
	struct db *db, int64_t from_dir, const char *from, int64_t to_dir, const char *to)
{
	AUTO_OLD old = OLD_INIT;
	AUTO_BUF path = BUF_INIT;
	int64_t access = 0;
	bool detached, renamed = strcmp(from, to) != 0;
	enum status st = old_file_find(db, from_dir, from, &old);

	if (st != ST_OK || (from_dir == to_dir && !renamed))
		return st;
	st = tree_dir_exists(db, to_dir);
	if (st == ST_OK)
		st = path_of_dir(db, from_dir, &path, &detached);
	if (st != ST_OK)
		return st;
	st = bury(db, from_dir, &path, from, &old, detached);
	if (st == ST_OK)
		st = access_of_file(db, from_dir, &old.ident, old.acl.data, old.acl.len, &access);
	buf_addc(&path, '/');
	buf_adds(&path, from);
	if (st == ST_OK)
		st = db_trouble(db, buf_status(&path));
	if (st == ST_OK)
		st = make_way(db, to_dir, to);
	if (st == ST_OK && renamed)
		st = rename_in_index(db, old.id, from, to);
	if (st == ST_OK)
		st = write_move(db, old.id, to_dir, to, &path, access);
	db->regranted |= from_dir != to_dir;
	return st;
}
