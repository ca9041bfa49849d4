/* suggest_names: names by trigrams; see suggest_names.h. */
#include "search/suggest_names.h"

#include "core/caller.h"
#include "core/mem.h"
#include "core/path.h"
#include "search/json.h"
#include "search/sql.h"
#include "search/visible.h"
#include "store/name_index.h"

#include <string.h>

enum {
	GRAM = 3,	   /* characters that the index needs */
	PIECE_MAX = 255,   /* bytes: no name is longer */
	ROWS_LOOKED = 500, /* of each kind */
};

struct found {
	int64_t row; /* of the name indexes */
	bool begins;
};

struct names {
	sqlite3 *raw;
	struct stopper *stopper;
	struct visible *visible;
	struct buf piece; /* what is looked for, folded */
	struct found *found; /* those that begin with it, then the others */
	size_t count, begin_count, limit;
};

/* The text behind its last space or quotation mark. */
static void take_piece(struct names *n, const struct suggest_request *r)
{
	size_t start = r->len;

	while (start > 0 && !strchr(" \t\n\"(", r->text[start - 1]))
		start--;
	if (r->len - start <= PIECE_MAX)
		utf8_add_folded(&n->piece, r->text + start, r->len - start);
}

/* LIKE's own signs match anything: what it finds is looked at again. */
static bool is_long_enough(const struct buf *piece)
{
	size_t run = 0;

	for (size_t i = 0; i < piece->len; i++) {
		if (strchr("%_", piece->data[i]))
			run = 0;
		else if ((piece->data[i] & 0xc0) != 0x80 && ++run == GRAM)
			return true;
	}
	return false;
}

static void insert(struct names *n, int64_t row, bool begins)
{
	size_t at = begins ? n->begin_count : n->count;

	if (at == n->limit)
		return;
	if (n->count == n->limit)
		n->count--;
	memmove(n->found + at + 1, n->found + at, (n->count - at) * sizeof *n->found);
	n->found[at] = (struct found){row, begins};
	n->count++;
	n->begin_count += begins;
}

static void consider(struct names *n, int64_t row, const char *name, size_t len)
{
	const char *at = memmem(name, len, n->piece.data, n->piece.len);
	bool visible = false;

	if (!at || (n->count == n->limit && (at != name || n->begin_count == n->limit)))
		return;
	if (stopper_ok(n->stopper, visible_name(n->visible, row, &visible)) && visible)
		insert(n, row, at == name);
}

/* Rows of one kind stand together; the latest first. */
static void look_through(struct names *n, const char *name_of_row, int64_t from, int64_t below)
{
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;

	sql_add(&sql, "SELECT rowid, ");
	sql_add(&sql, name_of_row);
	sql_add(&sql, " FROM name_part WHERE name LIKE '%' || ");
	sql_string(&sql, n->piece.data);
	sql_add(&sql, " || '%' AND rowid >= ");
	sql_int(&sql, from);
	sql_add(&sql, " AND rowid < ");
	sql_int(&sql, below);
	sql_add(&sql, " ORDER BY rowid DESC LIMIT ");
	sql_int(&sql, ROWS_LOOKED);
	bool good = stopper_ok(n->stopper, sql_prepare(&sql, n->raw, &rows));
	while (good && n->begin_count < n->limit && stopper_row(n->stopper, rows)) {
		const char *name = (const char *)sqlite3_column_text(rows, 1);

		if (name)
			consider(n, sqlite3_column_int64(rows, 0), name,
				(size_t)sqlite3_column_bytes(rows, 1));
	}
	sqlite3_finalize(rows);
}

static void add_name(struct names *n, sqlite3_stmt *place, bool is_dir, struct buf *out)
{
	const void *bytes = sqlite3_column_blob(place, 1);
	AUTO_BUF name = BUF_INIT, path = BUF_INIT;
	const struct dir_view *dir;

	buf_add(&name, bytes ? bytes : "", (size_t)sqlite3_column_bytes(place, 1));
	if (!stopper_ok(n->stopper, dirs_get(visible_dirs(n->visible),
					    sqlite3_column_int64(place, 0), &dir)))
		return;
	if (!dir->path || name.failed)
		return;
	path_join(&path, dir->path, name.data);
	if (path.failed) {
		n->stopper->st = ST_NOMEM;
		return;
	}
	buf_adds(out, out->data[out->len - 1] == '[' ? "{" : ",{");
	json_add_path(out, path.data, path.len);
	buf_addf(out, ",\"dir\":%s}", is_dir ? "true" : "false");
}

static void add_row(struct names *n, int64_t row, struct buf *out)
{
	static const char *const places[] = {"SELECT dir, name FROM file WHERE id = ?1",
		"SELECT parent, name FROM dir WHERE id = ?1"};
	bool is_dir = row > DIR_FIRST;
	sqlite3_stmt *place = NULL;
	bool good = stopper_ok(
		n->stopper, sqlite3_prepare_v2(n->raw, places[is_dir], -1, &place, NULL));

	if (good)
		good = stopper_ok(n->stopper,
			sqlite3_bind_int64(place, 1, is_dir ? row - DIR_FIRST : row));
	if (good && stopper_row(n->stopper, place))
		add_name(n, place, is_dir, out);
	sqlite3_finalize(place);
}

static void find_names(struct names *n)
{
	if (n->piece.failed) {
		n->stopper->st = ST_NOMEM;
		return;
	}
	if (!n->piece.len || !is_long_enough(&n->piece))
		return;
	look_through(n, "(SELECT trawl_fold(name) FROM dir WHERE id = name_part.rowid - (1 << 41))",
		DIR_FIRST, INT64_MAX);
	look_through(n, "(SELECT trawl_fold(name) FROM file WHERE id = name_part.rowid)", 0, PART_FIRST);
}

void suggest_add_names(struct db *db, const struct suggest_request *r, const struct caller *caller,
	struct stopper *stopper, struct buf *json)
{
	struct names n = {.raw = db_raw(db), .stopper = stopper, .limit = (size_t)r->names};

	n.found = mem_resize(NULL, n.limit, sizeof *n.found);
	stopper->st = n.found ? visible_create(n.raw, caller, &n.visible) : ST_NOMEM;
	if (stopper->st == ST_OK) {
		take_piece(&n, r);
		find_names(&n);
	}
	buf_adds(json, ",\"names\":[");
	for (size_t i = 0; i < n.count && stopper_go(stopper) && !json->failed; i++)
		add_row(&n, n.found[i].row, json);
	buf_addc(json, ']');
	visible_destroy(n.visible);
	buf_finish(&n.piece);
	mem_free(n.found);
}
