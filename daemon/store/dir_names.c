/* dir_names: changes of directories' names, gathered and written in order; see dir_names.h. */
#include "store/dir_names.h"

#include "core/mem.h"
#include "store/connection.h"
#include "store/name_index.h"

#include <stdlib.h>
#include <string.h>

enum { NOTES_MOST = 4096 };

static bool make_room(struct noted_dirs *n)
{
	size_t room = n->room ? 2 * n->room : 64;

	if (n->count < n->room)
		return true;
	struct noted_dir *items = mem_resize(n->items, room, sizeof *items);
	if (!items)
		return false;
	n->items = items;
	n->room = room;
	return true;
}

enum status dir_names_note(struct db *db, int64_t dir, const struct buf *name)
{
	struct noted_dirs *n = &db->noted_dirs;
	enum status st = n->count == NOTES_MOST ? dir_names_settle(db) : ST_OK;

	if (st != ST_OK)
		return st;
	if (!make_room(n))
		return db_trouble(db, ST_NOMEM);
	n->items[n->count] = (struct noted_dir){.dir = dir,
		.order = n->count,
		.indexed = name != NULL,
		.at = n->names.len,
		.len = name ? name->len : 0};
	if (name)
		buf_add(&n->names, name->data, name->len);
	n->count++;
	return db_trouble(db, buf_status(&n->names));
}

/* By directory; the first note of each says what the indexes have. */
static int compare(const void *a, const void *b)
{
	const struct noted_dir *x = a, *y = b;

	if (x->dir != y->dir)
		return x->dir < y->dir ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The name that the indexes are to have; *indexed false: none. */
static enum status find_name(struct db *db, int64_t dir, bool *indexed, struct buf *name)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_PLACE);

	statement_int(&s, dir);
	*indexed = statement_row(&s) && statement_get_int(&s, 1) != 0;
	if (*indexed)
		statement_add_bytes(&s, 2, name);
	enum status st = statement_status(&s);
	return st == ST_OK ? db_trouble(db, buf_status(name)) : st;
}

static enum status settle_one(struct db *db, const struct noted_dir *d)
{
	const char *was = d->indexed ? db->noted_dirs.names.data + d->at : "";
	AUTO_BUF is = BUF_INIT;
	bool indexed;
	enum status st = find_name(db, d->dir, &indexed, &is);

	if (st != ST_OK)
		return st;
	if (d->indexed && indexed && d->len == is.len && memcmp(was, is.data, is.len) == 0)
		return ST_OK;
	if (d->indexed)
		st = name_index_remove(db, DIR_FIRST + d->dir, was, d->len);
	if (st == ST_OK && indexed)
		st = name_index_add(db, DIR_FIRST + d->dir, is.data, is.len);
	return st;
}

enum status dir_names_settle(struct db *db)
{
	struct noted_dirs *n = &db->noted_dirs;

	if (n->count)
		qsort(n->items, n->count, sizeof *n->items, compare);
	for (size_t i = 0; i < n->count; i++) {
		if (i && n->items[i].dir == n->items[i - 1].dir)
			continue;
		enum status st = settle_one(db, &n->items[i]);
		if (st != ST_OK)
			return st;
	}
	dir_names_drop(db);
	return ST_OK;
}

void dir_names_drop(struct db *db)
{
	db->noted_dirs.count = 0;
	buf_clear(&db->noted_dirs.names);
}

void dir_names_finish(struct db *db)
{
	mem_free(db->noted_dirs.items);
	buf_finish(&db->noted_dirs.names);
	db->noted_dirs = (struct noted_dirs){.names = BUF_INIT};
}
