/* files: rows of files and parts behind a hit; see files.h. */
#include "search/files.h"

#include "core/buf.h"
#include "core/mem.h"
#include "store/parts.h"

/* Of a document; or of a hit that has none. */
enum { OF_DOCUMENT, OF_ROW, WAYS };

struct files {
	struct stopper *stopper;
	const struct domain *domain;
	sqlite3_stmt *files[WAYS], *parts[WAYS]; /* parts: NULL where there are none at all */
	sqlite3_stmt *now;                       /* the one that runs; NULL: none */
	sqlite3_stmt *then;                      /* and what comes behind it */
	const struct hit *hit;
	int64_t bound;
	int64_t only; /* 0: of every file */
	struct buf name;
};

/* Columns of all of them. */
enum { FILE_ID, DIR_ID, SIZE, MTIME_NS, NAME, PART_ID, PART_PATH, PART_TYPE, CONTAINER };

void files_add_conditions(const struct plan *plan, const struct plan_context *c,
	const struct caller *caller, struct sql *sql)
{
	/* SETS has the filters in its truth already. */
	for (size_t i = 0; plan->shape != PLAN_SETS && i < plan->filter_count; i++) {
		sql_add(sql, " AND ");
		plan_condition(plan->filters[i], c, sql);
	}
	if (!caller->all) {
		sql_add(sql, " AND trawl_visible(");
		sql_pointer(sql, c->dirs, DIRS_POINTER);
		sql_add(sql, ", f.dir, f.mode, f.uid, f.gid, f.acl)");
	}
	only_add_files(c->only, "f.id", sql);
}

static bool prepare(struct files *f, sqlite3 *raw, const char *where, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, sqlite3_stmt **out)
{
	AUTO_SQL sql = SQL_INIT;

	sql_add(&sql, c->of_parts
			      ? "SELECT f.id, f.dir, p.size,"
				" coalesce(p.mtime * 1000000000, f.mtime_ns) AS mtime_ns, f.name,"
				" p.id, p.path, p.type, p.container FROM "
			      : "SELECT f.id, f.dir, f.size, f.mtime_ns AS mtime_ns, f.name FROM ");
	plan_places(c, &sql);
	sql_add(&sql, " WHERE ");
	sql_add(&sql, where);
	sql_slot(&sql);
	files_add_conditions(plan, c, caller, &sql);
	sql_add(&sql, c->of_parts ? " ORDER BY mtime_ns DESC, f.id DESC, p.n"
				  : " ORDER BY mtime_ns DESC, f.id DESC");
	return stopper_ok(f->stopper, sql_prepare(&sql, raw, out));
}

static bool prepare_all(struct files *f, sqlite3 *raw, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller)
{
	struct plan_context of_parts = *c;

	of_parts.of_parts = true;
	if (!prepare(f, raw, "f.document = ", plan, c, caller, &f->files[OF_DOCUMENT]) ||
		!prepare(f, raw, "f.id = ", plan, c, caller, &f->files[OF_ROW]))
		return false;
	return !c->has_parts ||
	       (prepare(f, raw, "p.document = ", plan, &of_parts, caller, &f->parts[OF_DOCUMENT]) &&
		       prepare(f, raw, "p.id = ", plan, &of_parts, caller, &f->parts[OF_ROW]));
}

struct files *files_create(sqlite3 *raw, struct stopper *s, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, const struct domain *domain)
{
	struct files *f = mem_zalloc(sizeof *f);

	if (!f) {
		s->st = ST_NOMEM;
		return NULL;
	}
	f->stopper = s;
	f->domain = domain;
	if (!prepare_all(f, raw, plan, c, caller)) {
		files_destroy(f);
		return NULL;
	}
	return f;
}

void files_destroy(struct files *f)
{
	if (!f)
		return;
	for (int way = 0; way < WAYS; way++) {
		sqlite3_finalize(f->files[way]);
		sqlite3_finalize(f->parts[way]);
	}
	buf_finish(&f->name);
	mem_free(f);
}

bool files_begin(struct files *f, const struct hit *h)
{
	int64_t id = hit_shown(h);

	files_end(f);
	f->hit = h;
	f->bound = id > 0 ? id : -id;
	if (id > 0) {
		f->now = f->files[OF_DOCUMENT];
		f->then = f->parts[OF_DOCUMENT];
	} else {
		f->now = f->bound > PART_FIRST ? f->parts[OF_ROW] : f->files[OF_ROW];
	}
	return !f->now || stopper_ok(f->stopper, sqlite3_bind_int64(f->now, 1, f->bound));
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

static bool of_parts(const struct files *f)
{
	return f->now == f->parts[OF_DOCUMENT] || f->now == f->parts[OF_ROW];
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
	int64_t file = sqlite3_column_int64(f->now, FILE_ID);
	bool part = of_parts(f);

	*view = (struct file_view){
		.file = file,
		.dir = sqlite3_column_int64(f->now, DIR_ID),
		.size = sqlite3_column_int64(f->now, SIZE),
		.mtime_ns = sqlite3_column_int64(f->now, MTIME_NS),
		.row = part ? sqlite3_column_int64(f->now, PART_ID) : 0,
		.container = part ? sqlite3_column_int64(f->now, CONTAINER) : 0,
	};
	if (f->only && file != f->only)
		return false;
	if (!answers(f, part ? view->row : file, file) || !in_group(f, view))
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
		f->now = f->then;
		f->then = NULL;
		if (f->now && !stopper_ok(f->stopper, sqlite3_bind_int64(f->now, 1, f->bound)))
			break;
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
	f->now = f->then = NULL;
}
