/* tree_path: from rows to paths and back; see tree_path.h. */
#include "store/tree_path.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "store/connection.h"

#include <string.h>

enum { DEPTH_MOST = 100000 }; /* deeper is a circle */

void paths_drop(struct db *db)
{
	for (int i = 0; i < PATH_SLOTS; i++) {
		mem_free(db->paths[i].path);
		db->paths[i] = (struct path_slot){0};
	}
}

static struct path_slot *slot_of(struct db *db, int64_t dir)
{
	return &db->paths[(uint64_t)dir % PATH_SLOTS];
}

/* A path that is not remembered is composed again: want of memory does no harm here. */
static void remember(struct db *db, int64_t dir, const char *path, size_t len)
{
	struct path_slot *slot = slot_of(db, dir);
	char *copy = db->in_transaction ? mem_dup(path, len) : NULL;

	if (!copy)
		return;
	mem_free(slot->path);
	*slot = (struct path_slot){dir, copy, len};
}

static void add_reversed(struct buf *out, const char *bytes, size_t len)
{
	if (!buf_reserve(out, len))
		return;
	while (len > 0)
		buf_addc(out, bytes[--len]);
}

static void reverse(char *bytes, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		char c = bytes[i];

		bytes[i] = bytes[len - 1 - i];
		bytes[len - 1 - i] = c;
	}
}

/* Adds one directory's part of the path, last byte first; *up is its parent, 0 at the top. */
static enum status climb_one(
	struct db *db, int64_t dir, struct buf *reversed, int64_t *up, bool *detached)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_UP);
	int len;

	statement_int(&s, dir);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	*up = statement_get_int(&s, 0);
	const char *name = statement_get_bytes(&s, 1, &len);
	if (*up == 0 && len == 0) {
		name = statement_get_bytes(&s, 2, &len);
		if (len > 0 && name[len - 1] == '/')
			len--;
	} else if (*up == 0) {
		*detached = true;
	}
	add_reversed(reversed, name, (size_t)len);
	if (*up)
		buf_addc(reversed, '/');
	return ST_OK;
}

static enum status climb(struct db *db, int64_t dir, struct buf *reversed, bool *detached)
{
	for (int depth = 0; dir; depth++) {
		const struct path_slot *slot = slot_of(db, dir);

		if (db->in_transaction && slot->id == dir) {
			add_reversed(reversed, slot->path, slot->len);
			break;
		}
		if (depth == DEPTH_MOST) {
			log_error("store: directory %lld is below itself", (long long)dir);
			return db_trouble(db, ST_CORRUPT);
		}
		enum status st = climb_one(db, dir, reversed, &dir, detached);
		if (st != ST_OK)
			return st;
	}
	return db_trouble(db, buf_status(reversed));
}

enum status path_of_dir(struct db *db, int64_t dir, struct buf *out, bool *detached)
{
	AUTO_BUF path = BUF_INIT;

	*detached = false;
	enum status st = climb(db, dir, &path, detached);
	if (st != ST_OK)
		return st;
	reverse(path.data, path.len);
	/* Only paths that are not detached are remembered, so that a remembered one needs no mark. */
	if (!*detached)
		remember(db, dir, path.data ? path.data : "", path.len);
	buf_add(out, path.data ? path.data : "", path.len);
	return db_trouble(db, buf_status(out));
}

enum status tree_dir_path(struct db *db, int64_t dir, struct buf *out)
{
	bool detached;
	size_t before = out->len;
	enum status st = path_of_dir(db, dir, out, &detached);

	if (st != ST_OK)
		return st;
	if (detached) {
		out->len = before;
		if (out->data)
			out->data[before] = '\0';
		return ST_NOT_FOUND;
	}
	if (out->len == before)
		buf_addc(out, '/');
	return buf_status(out);
}

/* --- down a path --------------------------------------------------------------------------- */

struct nearest {
	const char *path;
	size_t len;
	int64_t root, dir;
};

static bool note_root(void *arg, const struct root_row *row)
{
	struct nearest *n = arg;
	size_t len = strlen(row->path);

	/* Of roots within each other, the innermost has it. */
	if (path_is_below(n->path, row->path) && len >= n->len) {
		n->len = len;
		n->root = row->id;
		n->dir = row->dir;
	}
	return true;
}

static enum status child_of(
	struct db *db, int64_t parent, const char *name, size_t len, int64_t *child)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_CHILD);

	statement_int(&s, parent);
	statement_blob(&s, name, len);
	*child = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	enum status st = statement_status(&s);
	return st == ST_OK && *child == 0 ? ST_NOT_FOUND : st;
}

enum status tree_resolve(struct db *db, const char *path, struct tree_place *out)
{
	struct nearest n = {.path = path};
	enum status st = tree_each_root(db, note_root, &n);

	if (st != ST_OK)
		return st;
	if (!n.dir)
		return ST_NOT_FOUND;
	*out = (struct tree_place){.root = n.root, .dir = n.dir, .is_dir = true};
	const char *rest = path + n.len;
	for (rest += strspn(rest, "/"); *rest; rest += strspn(rest, "/")) {
		size_t len = strcspn(rest, "/");
		int64_t child;

		st = child_of(db, out->dir, rest, len, &child);
		if (st == ST_NOT_FOUND && rest[len] == '\0') {
			out->is_dir = false;
			out->name = rest;
			return tree_find_file(db, out->dir, rest, &out->file);
		}
		if (st != ST_OK)
			return st;
		out->dir = child;
		rest += len;
	}
	return ST_OK;
}
