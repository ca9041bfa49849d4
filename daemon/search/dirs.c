/* dirs: paths, visibility and state of directories during one search; see dirs.h. */
#include "search/dirs.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/strmap.h"
#include "search/match.h"

#include <string.h>

enum { NEST_MAX = 2100 }; /* a path of 4096 bytes has no more */

/* Permission bits of one class, as in the lowest three of st_mode. */
enum { MAY_SEARCH = 1, MAY_READ = 4 };

struct dirs {
	sqlite3 *raw;
	const struct caller *caller;
	struct strmap *views; /* directory id -> struct dir_view */
	sqlite3_stmt *row;
	struct buf scratch;
};

/* What a directory's row says, copied out: the statement runs again for the parent. */
struct row {
	int64_t parent; /* 0: none */
	int64_t root;
	uint32_t mode, uid, gid;
	bool has_acl, offline, root_offline;
	struct buf name, root_path;
};

enum status dirs_create(sqlite3 *raw, const struct caller *caller, struct dirs **out)
{
	struct dirs *d = mem_zalloc(sizeof *d);

	*out = NULL;
	if (!d)
		return ST_NOMEM;
	d->raw = raw;
	d->caller = caller;
	if (strmap_create(&d->views) != ST_OK) {
		mem_free(d);
		return ST_NOMEM;
	}
	*out = d;
	return ST_OK;
}

static void view_destroy(struct dir_view *v)
{
	if (!v)
		return;
	mem_free(v->path);
	mem_free(v->folded);
	mem_free(v);
}

void dirs_destroy(struct dirs *d)
{
	size_t at = 0, len;
	const char *key;
	void *view;

	if (!d)
		return;
	while (strmap_next(d->views, &at, &key, &len, &view))
		view_destroy(view);
	strmap_destroy(d->views);
	sqlite3_finalize(d->row);
	buf_finish(&d->scratch);
	mem_free(d);
}

static bool in_groups(const struct caller *c, uint32_t gid)
{
	if (gid == c->gid)
		return true;
	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

/* One class decides, as in the kernel: the owner, else the groups, else the others. */
static bool permits(const struct caller *c, uint32_t mode, uint32_t uid, uint32_t gid, bool has_acl,
	uint32_t want)
{
	if (c->all || c->uid == 0)
		return true;
	if (c->uid == uid)
		return (mode >> 6 & want) == want;
	/* An access list is not evaluated yet: to be safe, it lets nobody else in. */
	if (has_acl)
		return false;
	if (in_groups(c, gid))
		return (mode >> 3 & want) == want;
	return (mode & want) == want;
}

static void add_column(struct buf *out, sqlite3_stmt *stmt, int column)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	buf_add(out, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
}

/* SQLITE_ROW with *r filled, SQLITE_DONE if there is none, else an error. */
static int read_row(struct dirs *d, int64_t id, struct row *r)
{
	static const char text[] = "SELECT d.parent, d.mode, d.uid, d.gid, d.acl IS NOT NULL, "
				   "d.offline, d.name, r.path, r.offline, d.root"
				   " FROM dir d LEFT JOIN root r ON r.id = d.root WHERE d.id = ?1";
	int rc = SQLITE_OK;

	if (!d->row)
		rc = sqlite3_prepare_v2(d->raw, text, -1, &d->row, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(d->row, 1, id);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(d->row);
	if (rc == SQLITE_ROW) {
		r->parent = sqlite3_column_int64(d->row, 0);
		r->mode = (uint32_t)sqlite3_column_int64(d->row, 1);
		r->uid = (uint32_t)sqlite3_column_int64(d->row, 2);
		r->gid = (uint32_t)sqlite3_column_int64(d->row, 3);
		r->has_acl = sqlite3_column_int(d->row, 4);
		r->offline = sqlite3_column_int(d->row, 5);
		add_column(&r->name, d->row, 6);
		add_column(&r->root_path, d->row, 7);
		r->root_offline = sqlite3_column_int(d->row, 8);
		r->root = sqlite3_column_int64(d->row, 9);
	}
	sqlite3_reset(d->row);
	return rc;
}

static int get_nested(struct dirs *d, int64_t id, int nest, struct dir_view **out);

/* Fills path, offline and reachable from the row and the parent's view. */
static int compose(struct dirs *d, const struct row *r, int nest, struct dir_view *v)
{
	bool mine = permits(d->caller, r->mode, r->uid, r->gid, r->has_acl, MAY_SEARCH);
	struct dir_view *parent = NULL;
	AUTO_BUF path = BUF_INIT;
	int rc;

	v->root = r->root;
	if (r->parent == 0) {
		/*
		 * A root's own directory has no name; any other one without a parent is detached.
		 */
		if (r->name.len == 0)
			buf_add(&path, r->root_path.data, r->root_path.len);
		v->reachable = mine;
		v->offline = r->offline || r->root_offline;
	} else {
		rc = get_nested(d, r->parent, nest + 1, &parent);
		if (rc != SQLITE_OK)
			return rc;
		if (parent->path)
			path_join(&path, parent->path, r->name.data);
		v->reachable = mine && parent->reachable;
		v->offline = r->offline || parent->offline;
	}
	if (path.failed)
		return SQLITE_NOMEM;
	if (path.len == 0)
		return SQLITE_OK;
	AUTO_BUF folded = BUF_INIT;
	utf8_add_folded(&folded, path.data, path.len);
	if (path.data[path.len - 1] != '/')
		buf_addc(&folded, '/');
	v->folded = buf_take(&folded);
	v->path = buf_take(&path);
	return v->path && v->folded ? SQLITE_OK : SQLITE_NOMEM;
}

static int load(struct dirs *d, int64_t id, int nest, struct dir_view *v)
{
	struct row r = {.name = BUF_INIT, .root_path = BUF_INIT};
	int rc = read_row(d, id, &r);

	if (rc == SQLITE_ROW)
		rc = r.name.failed || r.root_path.failed ? SQLITE_NOMEM : compose(d, &r, nest, v);
	else if (rc == SQLITE_DONE)
		rc = SQLITE_OK; /* no row: nothing below it is reachable */
	buf_finish(&r.name);
	buf_finish(&r.root_path);
	return rc;
}

static int get_nested(struct dirs *d, int64_t id, int nest, struct dir_view **out)
{
	struct dir_view *v = strmap_get(d->views, (const char *)&id, sizeof id);
	int rc;

	*out = v;
	if (v)
		return SQLITE_OK;
	if (nest > NEST_MAX)
		return SQLITE_CORRUPT;
	v = mem_zalloc(sizeof *v);
	if (!v)
		return SQLITE_NOMEM;
	rc = load(d, id, nest, v);
	if (rc == SQLITE_OK &&
		strmap_put(d->views, (const char *)&id, sizeof id, v, NULL) != ST_OK)
		rc = SQLITE_NOMEM;
	if (rc != SQLITE_OK) {
		view_destroy(v);
		return rc;
	}
	*out = v;
	return SQLITE_OK;
}

int dirs_get(struct dirs *d, int64_t id, const struct dir_view **out)
{
	struct dir_view *v;
	int rc = get_nested(d, id, 0, &v);

	*out = v;
	return rc;
}

static void match_function(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct dirs *d = sqlite3_value_pointer(argv[0], DIRS_POINTER);
	const struct filter *f = sqlite3_value_pointer(argv[1], FILTER_POINTER);
	const char *name = sqlite3_value_blob(argv[3]);
	size_t len = (size_t)sqlite3_value_bytes(argv[3]);
	const struct dir_view *v;
	int rc;

	(void)argc;
	if (!d || !f || !name) {
		sqlite3_result_int(ctx, 0);
		return;
	}
	buf_clear(&d->scratch);
	if (f->field == FIELD_PATH) {
		rc = dirs_get(d, sqlite3_value_int64(argv[2]), &v);
		if (rc != SQLITE_OK || !v->path) {
			if (rc != SQLITE_OK)
				sqlite3_result_error_code(ctx, rc);
			else
				sqlite3_result_int(ctx, 0);
			return;
		}
		buf_adds(&d->scratch, v->folded);
	}
	utf8_add_folded(&d->scratch, name, len);
	if (d->scratch.failed)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_int(ctx, match_text(f, d->scratch.data));
}

static void visible_function(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct dirs *d = sqlite3_value_pointer(argv[0], DIRS_POINTER);
	const struct dir_view *v;
	bool mine;
	int rc;

	(void)argc;
	if (!d) {
		sqlite3_result_int(ctx, 0);
		return;
	}
	mine = permits(d->caller, (uint32_t)sqlite3_value_int64(argv[2]),
		(uint32_t)sqlite3_value_int64(argv[3]), (uint32_t)sqlite3_value_int64(argv[4]),
		sqlite3_value_int(argv[5]), MAY_READ);
	if (!mine) {
		sqlite3_result_int(ctx, 0);
		return;
	}
	rc = dirs_get(d, sqlite3_value_int64(argv[1]), &v);
	if (rc == SQLITE_OK)
		sqlite3_result_int(ctx, v->path && v->reachable);
	else
		sqlite3_result_error_code(ctx, rc);
}

int dirs_register(sqlite3 *raw)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function(
		raw, "trawl_match", 4, flags, NULL, match_function, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	return sqlite3_create_function(
		raw, "trawl_visible", 6, flags, NULL, visible_function, NULL, NULL);
}
