/* changes: rows and tombstones in order of the clock; see changes.h. */
#include "store/changes.h"

#include "core/path.h"
#include "store/connection.h"
#include "store/tree.h"

const char *change_kind_text(enum change_kind kind)
{
	switch (kind) {
#define X(name, text)                                                                              \
	case CHANGE_##name:                                                                        \
		return text;
		CHANGE_KIND_TABLE(X)
#undef X
	}
	return "unknown";
}

/* Second column of the statement: which table the record is from. */
enum source { FROM_FILE, FROM_DIR, FROM_TOMBSTONE, FROM_DIR_TOMBSTONE };

/* A row of a directory that is detached just now has no path: ST_NOT_FOUND. */
static enum status compose(struct db *db, struct statement *s, enum source source, struct buf *path)
{
	AUTO_BUF dir = BUF_INIT;
	const char *name = statement_get_string(s, 3);

	if (!name)
		return ST_NOMEM;
	if (source == FROM_TOMBSTONE || source == FROM_DIR_TOMBSTONE) {
		buf_adds(path, name);
		return buf_status(path);
	}
	if (source == FROM_DIR)
		return tree_dir_path(db, statement_get_int(s, 2), path);
	enum status st = tree_dir_path(db, statement_get_int(s, 2), &dir);
	if (st == ST_OK) {
		path_join(path, dir.data, name);
		st = buf_status(path);
	}
	return st;
}

/*
 * A row without a place just now: it will come with its directory, which has a later clock.  But its tombstone was left
 * out for its sake; so it tells itself that it left the place it came from.
 */
static enum status fill_lost(struct statement *s, int64_t since, struct change *out)
{
	const char *from = statement_get_string(s, 5);

	if (!from || statement_get_int(s, 4) > since)
		return ST_NOT_FOUND;
	out->path = from;
	out->row = 0;
	out->kind = CHANGE_DELETED;
	return ST_OK;
}

static enum status fill(
	struct db *db, struct statement *s, int64_t since, struct buf *path, struct change *out)
{
	enum source source = (enum source)statement_get_int(s, 1);
	enum status st = compose(db, s, source, path);

	*out = (struct change){.clock = statement_get_int(s, 0),
		.is_dir = source == FROM_DIR || source == FROM_DIR_TOMBSTONE,
		.row = statement_get_int(s, 6)};
	if (st == ST_NOT_FOUND)
		return fill_lost(s, since, out);
	if (st != ST_OK)
		return st;
	out->path = path->data;
	out->from = statement_get_string(s, 5);
	if (source == FROM_TOMBSTONE || source == FROM_DIR_TOMBSTONE)
		out->kind = CHANGE_DELETED;
	else if (statement_get_int(s, 4) > since)
		out->kind = CHANGE_CREATED; /* new to who asks, even if it moved since */
	else
		out->kind = out->from ? CHANGE_MOVED : CHANGE_CHANGED;
	if (out->kind != CHANGE_MOVED)
		out->from = NULL;
	return ST_OK;
}

enum status changes_list(struct db *db, int64_t since, int64_t limit,
	bool (*each)(void *arg, const struct change *c), void *arg, bool *more)
{
	AUTO_STATEMENT s = statement_start(db, since < 0 ? STMT_CHANGES_ALL : STMT_CHANGES);
	AUTO_BUF path = BUF_INIT;

	*more = false;
	statement_int(&s, since);
	while (statement_row(&s)) {
		struct change change;

		buf_clear(&path);
		enum status st = fill(db, &s, since, &path, &change);
		if (st == ST_NOT_FOUND)
			continue;
		if (st != ST_OK)
			return st;
		if (limit-- <= 0) {
			*more = true;
			return ST_OK;
		}
		if (!each(arg, &change))
			return ST_OK;
	}
	return statement_status(&s);
}
