/* sight: see sight.h. */
#include "serve/sight.h"

#include "search/visible.h"

static int see(struct visible *v, int64_t dir, int64_t file, bool *visible)
{
	const struct dir_view *view;

	if (file)
		return visible_file(v, file, visible);
	int rc = dirs_get(visible_dirs(v), dir, &view);
	if (rc != SQLITE_OK)
		return rc;
	*visible = view->path && view->reachable;
	return *visible ? SQLITE_OK : visible_directory(v, dir, visible);
}

enum status sight_row(
	struct db *db, const struct caller *caller, int64_t dir, int64_t file, bool *visible)
{
	struct visible *v;

	*visible = caller_sees_all(caller);
	if (*visible)
		return ST_OK;
	enum status st = visible_create(db_raw(db), caller, &v);
	if (st != ST_OK)
		return st;
	st = db_status(db, see(v, dir, file, visible), "visibility");
	visible_destroy(v);
	return st;
}

enum status sight_file(
	struct db *db, const struct caller *caller, const char *path, struct tree_place *place)
{
	bool visible = false;
	enum status st = tree_resolve(db, path, place);

	if (st != ST_OK || place->is_dir)
		return st == ST_OK ? ST_NOT_FOUND : st;
	st = sight_row(db, caller, place->dir, place->file.id, &visible);
	return st == ST_OK && !visible ? ST_NOT_FOUND : st;
}
