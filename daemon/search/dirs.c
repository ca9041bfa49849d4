/* dirs: paths, visibility and state of directories during one search; see dirs.h. */
#include "search/dirs.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/strmap.h"
#include "search/match.h"
#include "store/kept.h"

#include <string.h>

enum { NEST_MAX = 2100 }; /* a path of 4096 bytes has no more */

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
	struct guard guard;
	bool offline, root_offline, above_known;
	struct buf name, root_path, acl, above; /* above: chain of the directories above its root */
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
	kept_give(d->row);
	buf_finish(&d->scratch);
	mem_free(d);
}

static void add_column(struct buf *out, sqlite3_stmt *stmt, int column)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	buf_add(out, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
}

static void row_finish(struct row *r)
{
	buf_finish(&r->name);
	buf_finish(&r->root_path);
	buf_finish(&r->acl);
	buf_finish(&r->above);
}

static void fill_row(struct dirs *d, struct row *r)
{
	r->parent = sqlite3_column_int64(d->row, 0);
	add_column(&r->acl, d->row, 4);
	r->guard = (struct guard){
		.mode = (uint32_t)sqlite3_column_int64(d->row, 1),
		.uid = (uint32_t)sqlite3_column_int64(d->row, 2),
		.gid = (uint32_t)sqlite3_column_int64(d->row, 3),
		.acl = r->acl.data,
		.acl_len = r->acl.len,
	};
	r->offline = sqlite3_column_int(d->row, 5);
	add_column(&r->name, d->row, 6);
	add_column(&r->root_path, d->row, 7);
	r->root_offline = sqlite3_column_int(d->row, 8);
	r->above_known = sqlite3_column_type(d->row, 9) != SQLITE_NULL;
	add_column(&r->above, d->row, 9);
	r->root = sqlite3_column_int64(d->row, 10);
}

/* SQLITE_ROW with *r filled, SQLITE_DONE if there is none, else an error. */
static int read_row(struct dirs *d, int64_t id, struct row *r)
{
	static const char text[] = "SELECT d.parent, d.mode, d.uid, d.gid, d.acl, d.offline, d.name,"
				   " r.path, r.offline, iif(d.parent IS NULL, r.above, NULL), d.root"
				   " FROM dir d LEFT JOIN root r ON r.id = d.root WHERE d.id = ?1";
	int rc = SQLITE_OK;

	if (!d->row)
		rc = kept_take(d->raw, text, &d->row);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(d->row, 1, id);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(d->row);
	if (rc == SQLITE_ROW)
		fill_row(d, r);
	sqlite3_reset(d->row);
	if (r->name.failed || r->root_path.failed || r->acl.failed || r->above.failed)
		return SQLITE_NOMEM;
	return rc;
}

/* A root's own directory: until the directories above it were looked at, only those reach it who see all. */
static bool is_open_above(const struct dirs *d, const struct row *r)
{
	if (caller_sees_all(d->caller))
		return true;
	return r->above_known && chain_is_open(r->above.data, r->above.len, d->caller);
}

static int get_nested(struct dirs *d, int64_t id, int nest, struct dir_view **out);

/* Fills path, offline and reachable from the row and the parent's view. */
static int compose(struct dirs *d, const struct row *r, int nest, struct dir_view *v)
{
	bool mine = guard_permits(&r->guard, d->caller, MAY_SEARCH);
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
		v->reachable = mine && is_open_above(d, r);
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
	struct row r = {.name = BUF_INIT, .root_path = BUF_INIT, .acl = BUF_INIT, .above = BUF_INIT};
	int rc = read_row(d, id, &r);

	if (rc == SQLITE_ROW)
		rc = compose(d, &r, nest, v);
	else if (rc == SQLITE_DONE)
		rc = SQLITE_OK; /* no row: nothing below it is reachable */
	row_finish(&r);
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

int dirs_visible(struct dirs *d, int64_t dir, const struct guard *guard, bool *visible)
{
	const struct dir_view *v;
	int rc;

	*visible = false;
	if (!guard_permits(guard, d->caller, MAY_READ))
		return SQLITE_OK;
	rc = dirs_get(d, dir, &v);
	if (rc == SQLITE_OK)
		*visible = v->path && v->reachable;
	return rc;
}

static void visible_function(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct dirs *d = sqlite3_value_pointer(argv[0], DIRS_POINTER);
	bool visible = false;
	int rc = SQLITE_OK;

	(void)argc;
	if (d) {
		const struct guard guard = {
			.mode = (uint32_t)sqlite3_value_int64(argv[2]),
			.uid = (uint32_t)sqlite3_value_int64(argv[3]),
			.gid = (uint32_t)sqlite3_value_int64(argv[4]),
			.acl = sqlite3_value_blob(argv[5]),
			.acl_len = (size_t)sqlite3_value_bytes(argv[5]),
		};

		rc = dirs_visible(d, sqlite3_value_int64(argv[1]), &guard, &visible);
	}
	if (rc == SQLITE_OK)
		sqlite3_result_int(ctx, visible);
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
