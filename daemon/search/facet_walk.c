/*
 * facet_walk: rows of places behind many hits; see facet_walk.h.
 *
 * Hits come by their numbers.  Where many of the documents from the first to the last are among them, one statement
 * runs along an index beside them, and what it has of others is passed over: that costs less than a statement run again
 * for each.
 */
#include "search/facet_walk.h"

#include "core/mem.h"
#include "core/strmap.h"
#include "search/files.h"
#include "store/lengths.h"
#include "store/parts.h"

#include <string.h>

/* Where places of hits come from: of a document, or by their own row where they have none. */
enum source { FILES_OF, PARTS_OF, FILE_ROW, PART_ROW, DIR_ROW, SOURCES };
static const char *const keys[SOURCES] = {"f.document", "p.document", "f.id", "p.id", "f.id"};

enum { DENSE = 3 }; /* one of so many documents is a hit */

/* Columns of all of them. */
enum { KEY, FILE_ID, DIR_ID, MTIME_NS, EXT, TYPE, AUTHOR, ROW, CONTAINER };

struct root_name {
	char *path, *name;
};

struct walk {
	const struct facet_walk *w;
	struct stopper *stopper;
	struct facets *facets;
	struct cursor {
		sqlite3_stmt *rows; /* NULL: not needed */
		bool runs_on;	    /* from one hit to the next; else it is run for each */
		bool standing;	    /* a row stands */
	} cursors[SOURCES];
	struct strmap *roots;	     /* row -> struct root_name */
};

/* --- preparing --- */

static void add_columns(const struct plan_context *c, unsigned wanted, struct sql *sql)
{
	if (c->of_dirs) {
		sql_add(sql, ", 0, f.dir, f.mtime_ns, '', '" DIRECTORY_TYPE "', '', f.id + (1 << 41), 0");
		return;
	}
	sql_add(sql, c->of_parts ? ", f.id, f.dir, f.mtime_ns, p.ext, " : ", f.id, f.dir, f.mtime_ns, f.ext, ");
	/* Where nobody asks, the row of the document need not be read. */
	if (!(wanted & 1u << FACET_TYPE))
		sql_add(sql, "'', ");
	else
		sql_add(sql, c->of_parts ? "coalesce(d.type, p.type), " : "d.type, ");
	sql_add(sql, wanted & 1u << FACET_AUTHOR ? "d.author, " : "'', ");
	sql_add(sql, c->of_parts ? "p.id, p.container" : "0, 0");
}

/* `runs_on`: from a hit on; else for one. */
static bool prepare(struct walk *k, enum source source, unsigned wanted, bool runs_on)
{
	struct cursor *cursor = &k->cursors[source];
	struct plan_context c = *k->w->filters;
	AUTO_SQL sql = SQL_INIT;

	c.of_parts = source == PARTS_OF || source == PART_ROW;
	c.of_dirs = source == DIR_ROW;
	sql_add(&sql, "SELECT ");
	sql_add(&sql, keys[source]);
	add_columns(&c, wanted, &sql);
	sql_add(&sql, " FROM ");
	plan_places(&c, &sql);
	sql_add(&sql, " WHERE ");
	sql_add(&sql, keys[source]);
	sql_add(&sql, runs_on ? " >= " : " = ");
	sql_slot(&sql);
	files_add_conditions(k->w->plan, &c, k->w->caller, &sql);
	if (runs_on) {
		sql_add(&sql, " ORDER BY ");
		sql_add(&sql, keys[source]);
	}
	cursor->runs_on = runs_on;
	return stopper_ok(k->stopper, sql_prepare(&sql, k->w->raw, &cursor->rows));
}

/* Whether many of the documents from the first hit's to the last one's are hits. */
static bool is_dense(const struct noted *noted, size_t count, int64_t *first)
{
	size_t at = 0;

	while (at < count && noted[at].id < 0)
		at++;
	if (at == count)
		return false;
	*first = noted[at].id;
	int64_t between = noted[count - 1].id - *first + 1;
	if (between > lengths_count())
		between = lengths_count();
	return (int64_t)(count - at) > between / DENSE;
}

static bool start(struct walk *k, enum source source, int64_t first)
{
	struct cursor *c = &k->cursors[source];

	if (!c->runs_on || !stopper_ok(k->stopper, sqlite3_bind_int64(c->rows, 1, first)))
		return !c->runs_on;
	c->standing = stopper_row(k->stopper, c->rows);
	return stopper_go(k->stopper);
}

static bool prepare_all(
	struct walk *k, unsigned wanted, const struct noted *noted, size_t count)
{
	int64_t first = 0;
	bool dense = is_dense(noted, count, &first);

	if (!prepare(k, FILES_OF, wanted, dense) || !prepare(k, FILE_ROW, wanted, false) ||
		!prepare(k, DIR_ROW, wanted, false) || !start(k, FILES_OF, first))
		return false;
	return !k->w->filters->has_parts ||
	       (prepare(k, PARTS_OF, wanted, dense) && prepare(k, PART_ROW, wanted, false) &&
		       start(k, PARTS_OF, first));
}

static void root_destroy(struct root_name *r)
{
	if (!r)
		return;
	mem_free(r->path);
	mem_free(r->name);
	mem_free(r);
}

/* A root's row; the statement's strings are copied. */
static enum status add_root(struct walk *k, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, 0);
	const char *path = (const char *)sqlite3_column_text(row, 1);
	const char *name = (const char *)sqlite3_column_text(row, 2);
	struct root_name *r = mem_zalloc(sizeof *r);
	enum status st = ST_NOMEM;

	if (!r || !path || !name)
		goto err_after_root;
	r->path = mem_strdup(path);
	r->name = mem_strdup(name);
	if (!r->path || !r->name)
		goto err_after_root;
	st = strmap_put(k->roots, (const char *)&id, sizeof id, r, NULL);
	if (st != ST_OK)
		goto err_after_root;
	return ST_OK;

err_after_root:
	root_destroy(r);
	return st;
}

static bool load_roots(struct walk *k)
{
	sqlite3_stmt *rows = NULL;

	if (strmap_create(&k->roots) != ST_OK) {
		k->stopper->st = ST_NOMEM;
		return false;
	}
	bool good = stopper_ok(k->stopper,
		sqlite3_prepare_v2(k->w->raw, "SELECT id, path, name FROM root", -1, &rows, NULL));
	while (good && stopper_row(k->stopper, rows)) {
		enum status st = add_root(k, rows);

		if (st != ST_OK)
			k->stopper->st = st;
	}
	sqlite3_finalize(rows);
	return k->stopper->st == ST_OK && !k->stopper->late;
}

static void finish(struct walk *k)
{
	size_t at = 0, len;
	const char *key;
	void *root;

	for (int i = 0; i < SOURCES; i++)
		sqlite3_finalize(k->cursors[i].rows);
	while (k->roots && strmap_next(k->roots, &at, &key, &len, &root))
		root_destroy(root);
	strmap_destroy(k->roots);
}

/* --- walking --- */

/* Whether the query is true of this place of the hit. */
static bool answers(const struct walk *k, const struct noted *n, int64_t row, int64_t file)
{
	size_t member;

	if (domain_find(k->w->domain, row, file, &member))
		return domain_true(k->w->domain, member);
	return n->by_text;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
	const char *s = (const char *)sqlite3_column_text(row, column);

	return s ? s : "";
}

/* What its directory and root are called; false if it hangs nowhere at present, or see the stopper. */
static bool find_dir(struct walk *k, struct facet_place *p)
{
	const struct dir_view *dir;
	const struct root_name *root;

	if (!stopper_ok(k->stopper, dirs_get(k->w->filters->dirs, p->dir, &dir)) || !dir->path)
		return false;
	root = strmap_get(k->roots, (const char *)&dir->root, sizeof dir->root);
	if (!root)
		return false;
	p->path = dir->path;
	p->root_path = root->path;
	p->root = root->name;
	return true;
}

static void count_row(struct walk *k, const struct noted *n, sqlite3_stmt *row)
{
	int64_t file = sqlite3_column_int64(row, FILE_ID), own = sqlite3_column_int64(row, ROW);
	int64_t container = sqlite3_column_int64(row, CONTAINER);
	struct facet_place p = {.dir = sqlite3_column_int64(row, DIR_ID)};

	if (!answers(k, n, own ? own : file, file) || !find_dir(k, &p))
		return;
	p.mtime_ns = sqlite3_column_int64(row, MTIME_NS);
	p.group = container ? container : n->id;
	p.ext = text_of(row, EXT);
	p.type = text_of(row, TYPE);
	p.author = text_of(row, AUTHOR);
	if (facets_count(k->facets, &p) != ST_OK)
		k->stopper->st = ST_NOMEM;
}

/* To the first row of `id`, if it has one. */
static bool seek(struct walk *k, struct cursor *c, int64_t id)
{
	if (c->runs_on) {
		while (c->standing && sqlite3_column_int64(c->rows, KEY) < id)
			c->standing = stopper_row(k->stopper, c->rows);
	} else {
		sqlite3_reset(c->rows);
		if (!stopper_ok(k->stopper, sqlite3_bind_int64(c->rows, 1, id)))
			return false;
		c->standing = stopper_row(k->stopper, c->rows);
	}
	return c->standing && sqlite3_column_int64(c->rows, KEY) == id;
}

static bool count_source(struct walk *k, const struct noted *n, enum source source, int64_t id)
{
	struct cursor *c = &k->cursors[source];

	if (!c->rows)
		return true;
	for (bool good = seek(k, c, id); good;
		good = c->standing && sqlite3_column_int64(c->rows, KEY) == id) {
		count_row(k, n, c->rows);
		c->standing = stopper_row(k->stopper, c->rows);
	}
	return k->stopper->st == ST_OK && !k->stopper->late;
}

static bool count_hit(struct walk *k, const struct noted *n)
{
	facets_next(k->facets);
	if (n->id > 0)
		return count_source(k, n, FILES_OF, n->id) && count_source(k, n, PARTS_OF, n->id);
	if (-n->id > DIR_FIRST)
		return count_source(k, n, DIR_ROW, -n->id - DIR_FIRST);
	return count_source(k, n, -n->id > PART_FIRST ? PART_ROW : FILE_ROW, -n->id);
}

bool facet_walk(const struct facet_walk *w, unsigned wanted, struct facets *f)
{
	struct walk k = {.w = w, .stopper = w->stopper, .facets = f};
	size_t count;
	const struct noted *noted = facets_noted(f, &count);
	bool good = prepare_all(&k, wanted, noted, count) && load_roots(&k);

	for (size_t i = 0; good && i < count; i++)
		good = count_hit(&k, &noted[i]);
	finish(&k);
	return good;
}
