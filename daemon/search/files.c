/* files: rows of files, parts and directories behind a hit; see files.h. */
#include "search/files.h"

#include "core/buf.h"
#include "core/mem.h"
#include "store/kept.h"
#include "store/parts.h"

enum kind { KIND_FILE, KIND_PART, KIND_DIR, KINDS };
/* Of a document; or of a hit that has none. */
enum way { OF_DOCUMENT, OF_ROW, WAYS };

struct files {
	sqlite3 *raw;
	struct stopper *stopper;
	const struct plan *plan;
	const struct plan_context *context;
	const struct caller *caller;
	const struct domain *domain;
	sqlite3_stmt *rows[KINDS][WAYS]; /* NULL: not asked for yet */
	sqlite3_stmt *now;		 /* the one that runs; NULL: none */
	enum kind kind;			 /* of its rows */
	bool then_parts;		 /* they come behind it */
	const struct hit *hit;
	int64_t bound;
	int64_t only; /* 0: of every file */
	struct buf name;
};

/* Columns of all of them; the first six of all kinds. */
enum { FILE_ID, DIR_ID, SIZE, MTIME_NS, NAME, ROW, PART_PATH, PART_TYPE, CONTAINER };

static const struct {
	const char *columns, *key[WAYS], *order;
} kinds[KINDS] = {
	[KIND_FILE] = {"f.id, f.dir, f.size, f.mtime_ns AS mtime_ns, f.name, 0",
		{"f.document = ", "f.id = "}, " ORDER BY mtime_ns DESC, f.id DESC"},
	[KIND_PART] = {"f.id, f.dir, p.size, coalesce(p.mtime * 1000000000, f.mtime_ns) AS mtime_ns,"
		       " f.name, p.id, p.path, p.type, p.container",
		{"p.document = ", "p.id = "}, " ORDER BY mtime_ns DESC, f.id DESC, p.n"},
	[KIND_DIR] = {"0, f.dir, 0, f.mtime_ns, f.name, f.id + (1 << 41)", {NULL, "f.id = "}, ""},
};
_Static_assert(DIR_FIRST == INT64_C(1) << 41, "as in the text above");

void files_add_sight(const struct plan_context *c, const struct caller *caller, struct sql *sql)
{
	if (caller_sees_all(caller))
		return;
	sql_add(sql, " AND trawl_visible(");
	sql_pointer(sql, c->dirs, DIRS_POINTER);
	sql_add(sql, ", f.dir, f.mode, f.uid, f.gid, f.acl)");
}

void files_add_conditions(const struct plan *plan, const struct plan_context *c,
	const struct caller *caller, struct sql *sql)
{
	/* SETS has the filters in its truth already. */
	for (size_t i = 0; plan->shape != PLAN_SETS && i < plan->filter_count; i++) {
		sql_add(sql, " AND ");
		plan_condition(plan->filters[i], c, sql);
	}
	files_add_sight(c, caller, sql);
	if (c->of_dirs)
		only_add_dirs(c->only, "f.id", sql);
	else
		only_add_files(c->only, "f.id", sql);
}

/* The statement of that kind, made on the first call; NULL: see the stopper. */
static sqlite3_stmt *get_rows(struct files *f, enum kind kind, enum way way)
{
	struct plan_context c = *f->context;
	AUTO_SQL sql = SQL_INIT;

	if (f->rows[kind][way])
		return f->rows[kind][way];
	c.of_parts = kind == KIND_PART;
	c.of_dirs = kind == KIND_DIR;
	sql_add(&sql, "SELECT ");
	sql_add(&sql, kinds[kind].columns);
	sql_add(&sql, " FROM ");
	plan_places(&c, &sql);
	sql_add(&sql, " WHERE ");
	sql_add(&sql, kinds[kind].key[way]);
	sql_slot(&sql);
	files_add_conditions(f->plan, &c, f->caller, &sql);
	sql_add(&sql, kinds[kind].order);
	(void)stopper_ok(f->stopper, sql_prepare(&sql, f->raw, &f->rows[kind][way]));
	return f->rows[kind][way];
}

struct files *files_create(sqlite3 *raw, struct stopper *s, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, const struct domain *domain)
{
	struct files *f = mem_zalloc(sizeof *f);

	if (!f) {
		s->st = ST_NOMEM;
		return NULL;
	}
	f->raw = raw;
	f->stopper = s;
	f->plan = plan;
	f->context = c;
	f->caller = caller;
	f->domain = domain;
	return f;
}

void files_destroy(struct files *f)
{
	if (!f)
		return;
	for (int i = 0; i < KINDS * WAYS; i++)
		kept_give(f->rows[i / WAYS][i % WAYS]);
	buf_finish(&f->name);
	mem_free(f);
}

static bool run_rows(struct files *f, enum kind kind, enum way way)
{
	f->kind = kind;
	f->now = get_rows(f, kind, way);
	return f->now && stopper_ok(f->stopper, sqlite3_bind_int64(f->now, 1, f->bound));
}

bool files_begin(struct files *f, const struct hit *h)
{
	int64_t id = hit_shown(h);

	files_end(f);
	f->hit = h;
	f->bound = id > 0 ? id : -id;
	f->then_parts = id > 0 && f->context->has_parts;
	if (id > 0)
		return run_rows(f, KIND_FILE, OF_DOCUMENT);
	if (f->bound < PART_FIRST)
		return run_rows(f, KIND_FILE, OF_ROW);
	if (f->bound < DIR_FIRST)
		return run_rows(f, KIND_PART, OF_ROW);
	f->bound -= DIR_FIRST;
	return run_rows(f, KIND_DIR, OF_ROW);
}

/* Whether the query is true of this place of the hit. */
static bool answers(const struct files *f, int64_t row, int64_t file)
{
	size_t member;

	if (domain_find(f->domain, row, file, &member))
		return domain_true(f->domain, member);
	return f->hit->by_text;
}

static bool in_group(const struct files *f, const struct file_view *v)
{
	return !f->hit->group || v->container == f->hit->group_container;
}

/* Names are blobs: nothing ends them but their length. */
static bool copy_name(struct files *f, struct file_view *view)
{
	const void *bytes = sqlite3_column_blob(f->now, NAME);

	buf_clear(&f->name);
	buf_add(&f->name, bytes ? bytes : "", (size_t)sqlite3_column_bytes(f->now, NAME));
	view->name = f->name.data;
	if (f->name.failed)
		f->stopper->st = ST_NOMEM;
	return !f->name.failed;
}

static bool copy_part(struct files *f, struct file_view *view)
{
	view->part = (const char *)sqlite3_column_text(f->now, PART_PATH);
	view->part_type = (const char *)sqlite3_column_text(f->now, PART_TYPE);
	if (!view->part || !view->part_type)
		f->stopper->st = ST_NOMEM;
	return view->part && view->part_type;
}

/* Whether the row that stands is one; fills the view. */
static bool take_row(struct files *f, struct file_view *view)
{
	bool part = f->kind == KIND_PART;

	*view = (struct file_view){
		.file = sqlite3_column_int64(f->now, FILE_ID),
		.dir = sqlite3_column_int64(f->now, DIR_ID),
		.size = sqlite3_column_int64(f->now, SIZE),
		.mtime_ns = sqlite3_column_int64(f->now, MTIME_NS),
		.row = sqlite3_column_int64(f->now, ROW),
		.container = part ? sqlite3_column_int64(f->now, CONTAINER) : 0,
	};
	if (f->only && view->file != f->only)
		return false;
	if (!answers(f, view->row ? view->row : view->file, view->file) || !in_group(f, view))
		return false;
	return copy_name(f, view) && (!part || copy_part(f, view));
}

bool files_next(struct files *f, struct file_view *view)
{
	while (f->now) {
		while (stopper_row(f->stopper, f->now))
			if (take_row(f, view))
				return true;
		sqlite3_reset(f->now);
		f->now = NULL;
		if (f->then_parts && !run_rows(f, KIND_PART, OF_DOCUMENT))
			break;
		f->then_parts = false;
	}
	files_end(f);
	return false;
}

void files_only(struct files *f, int64_t file)
{
	f->only = file;
}

void files_end(struct files *f)
{
	if (f->now)
		sqlite3_reset(f->now);
	f->now = NULL;
	f->then_parts = false;
}
