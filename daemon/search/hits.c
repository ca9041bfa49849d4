/* hits: one JSON object per hit; see hits.h. */
#include "search/hits.h"

#include "core/mem.h"
#include "core/path.h"
#include "search/json.h"
#include "search/passages.h"
#include "search/rank.h"
#include "store/kept.h"
#include "store/parts.h"

#include <string.h>

enum {
	PATHS_MAX = 100,
	NS_PER_S = 1000000000,
};

struct hits {
	struct hits_context c;
	sqlite3_stmt *document; /* type, title */
	struct passages *passages;
	struct buf paths;
};

struct hits *hits_create(const struct hits_context *c)
{
	static const char text[] = "SELECT type, title FROM document WHERE id = ?1";
	struct hits *h = mem_zalloc(sizeof *h);

	if (!h) {
		c->stopper->st = ST_NOMEM;
		return NULL;
	}
	h->c = *c;
	h->passages = passages_create(c->stopper, c->raw, (size_t)c->snippet, (size_t)c->snippets);
	if (!h->passages || !stopper_ok(c->stopper, kept_take(c->raw, text, &h->document))) {
		hits_destroy(h);
		return NULL;
	}
	return h;
}

void hits_destroy(struct hits *h)
{
	if (!h)
		return;
	kept_give(h->document);
	passages_destroy(h->passages);
	buf_finish(&h->paths);
	mem_free(h);
}

/* --- places that the ranking pass did not keep --- */

static bool wants_spots(void *arg, int64_t id, double score)
{
	(void)arg;
	(void)id;
	(void)score;
	return true;
}

bool hits_locate(struct hits *h, struct hit *hits, size_t count)
{
	struct rank rank = {.match = &h->c.plan->marks, .wants_spots = wants_spots};
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	int slot;
	bool good;

	if (h->c.snippet == 0 || rank.match->count == 0)
		return true;
	sql_add(&sql, "SELECT trawl_rank(fts, ");
	sql_pointer(&sql, &rank, RANK_POINTER);
	sql_add(&sql, ") FROM fts WHERE fts MATCH ");
	sql_string(&sql, rank.match->text.data);
	sql_add(&sql, " AND rowid = ");
	slot = sql_slot(&sql);
	good = stopper_ok(h->c.stopper, sql_prepare(&sql, h->c.raw, &row));
	for (size_t i = 0; good && i < count; i++) {
		int64_t id = hit_shown(&hits[i]);

		if (hits[i].spots || id < 0)
			continue;
		good = stopper_ok(h->c.stopper, sqlite3_bind_int64(row, slot, id));
		if (good && stopper_row(h->c.stopper, row)) {
			hits[i].spots = rank.spots;
			rank.spots = NULL;
		}
		sqlite3_reset(row);
		good = good && stopper_go(h->c.stopper);
	}
	kept_give(row);
	mem_free(rank.spots);
	return good;
}

/* --- the places --- */

/* What the object says of the first place; h->paths begins with it. */
struct first {
	size_t path_len, name_len; /* of the file */
	size_t part_len;
	int64_t size, mtime_ns;
	struct buf type; /* of a part, as its container says; of a directory; else empty */
	bool offline;
};

static void note_first(const struct file_view *f, const struct dir_view *dir, size_t path_len,
	struct first *first)
{
	first->path_len = path_len;
	first->name_len = strlen(f->name);
	first->part_len = f->part ? strlen(f->part) : 0;
	first->size = f->size;
	first->mtime_ns = f->mtime_ns;
	first->offline = dir->offline;
	if (!f->file)
		buf_adds(&first->type, DIRECTORY_TYPE);
	else if (f->part)
		buf_adds(&first->type, f->part_type);
}

/*
 * Collects the places of the hit in h->paths: the file's path and that of the part in it, or nothing, each followed by
 * a NUL.  Returns how many there are, 0 also when the stopper says so.
 */
static size_t collect_paths(
	struct hits *h, const struct hit *hit, size_t *kept, struct first *first)
{
	struct file_view f;
	size_t total = 0;

	buf_clear(&h->paths);
	*kept = 0;
	if (!files_begin(h->c.files, hit))
		return 0;
	while (files_next(h->c.files, &f)) {
		const struct dir_view *dir;

		if (!stopper_ok(h->c.stopper, dirs_get(h->c.dirs, f.dir, &dir)))
			return 0;
		if (!dir->path)
			continue;
		if (total++ >= PATHS_MAX)
			continue;
		path_join(&h->paths, dir->path, f.name);
		if (total == 1)
			note_first(&f, dir, h->paths.len, first);
		buf_addc(&h->paths, '\0');
		buf_adds(&h->paths, f.part ? f.part : "");
		buf_addc(&h->paths, '\0');
		++*kept;
	}
	if (h->paths.failed || first->type.failed)
		h->c.stopper->st = ST_NOMEM;
	return total;
}

/* Seconds, of a moment before 1970 too. */
static long long seconds(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

/* "a/b" is ["a","b"]. */
static void add_part(const char *part, struct buf *out)
{
	buf_adds(out, "\"part\":[");
	while (*part) {
		size_t len = strcspn(part, "/");

		json_add_string(out, part, len);
		part += len;
		if (*part)
			buf_addc(out, ',');
		part += *part == '/';
	}
	buf_addc(out, ']');
}

static const char *behind(const char *s)
{
	return s + strlen(s) + 1;
}

static void add_files(const struct hits *h, size_t total, size_t kept, const struct first *first,
	struct buf *out)
{
	const char *path = h->paths.data, *part = behind(path);

	json_add_path(out, path, first->path_len);
	buf_addc(out, ',');
	add_part(part, out);
	buf_adds(out, ",\"paths\":[");
	for (size_t i = 0; i < kept; i++, path = behind(part)) {
		part = behind(path);
		buf_adds(out, i ? ",{" : "{");
		json_add_path(out, path, strlen(path));
		if (*part) {
			buf_addc(out, ',');
			add_part(part, out);
		}
		buf_addc(out, '}');
	}
	buf_addf(out, "],\"paths_total\":%zu,", total);
	path = h->paths.data;
	if (first->part_len) {
		const char *leaf = part_leaf(behind(path));

		json_add_bytes(out, "name", leaf, strlen(leaf));
	} else {
		json_add_bytes(out, "name", path + first->path_len - first->name_len,
			first->name_len);
	}
	buf_addf(out, ",\"size\":%lld,\"mtime\":%lld,\"offline\":%s", (long long)first->size,
		seconds(first->mtime_ns), first->offline ? "true" : "false");
}

/* --- the document --- */

static void add_column(sqlite3_stmt *row, int column, struct buf *out)
{
	const char *s = (const char *)sqlite3_column_text(row, column);

	json_add_string(out, s ? s : "", (size_t)sqlite3_column_bytes(row, column));
}

static bool add_document(
	struct hits *h, const struct hit *hit, const struct first *first, struct buf *out)
{
	int64_t id = hit_shown(hit);
	bool found = false;

	passages_none(h->passages);
	if (id > 0) {
		if (!stopper_ok(h->c.stopper, sqlite3_bind_int64(h->document, 1, id)))
			return false;
		found = stopper_row(h->c.stopper, h->document);
	}
	buf_adds(out, ",\"type\":");
	if (found)
		add_column(h->document, 0, out);
	else
		json_add_string(out, first->type.data ? first->type.data : "", first->type.len);
	buf_adds(out, ",\"title\":");
	if (found)
		add_column(h->document, 1, out);
	else
		buf_adds(out, "\"\"");
	sqlite3_reset(h->document);
	if (found && h->c.snippet)
		passages_make(h->passages, id, hit->spots);
	passages_add(h->passages, out);
	buf_addf(out, ",\"document\":%s", found ? "true" : "false");
	return h->c.stopper->st == ST_OK && !h->c.stopper->late;
}

bool hits_add(struct hits *h, const struct hit *hit, struct buf *out)
{
	struct first first = {.type = BUF_INIT};
	size_t before = out->len, kept;
	size_t total = collect_paths(h, hit, &kept, &first);
	bool good = stopper_go(h->c.stopper);

	if (good && total) {
		buf_addc(out, '{');
		add_files(h, total, kept, &first, out);
		good = add_document(h, hit, &first, out);
		buf_addf(out, ",\"score\":%.6g", hit->score);
		if (hit->group)
			buf_addf(out, ",\"parts\":%lld", (long long)hit->group_parts);
		buf_addc(out, '}');
	}
	buf_finish(&first.type);
	if (!good)
		out->len = before;
	return good;
}
