/* files: rows of files behind a hit; see files.h. */
#include "search/files.h"

#include "core/buf.h"
#include "core/mem.h"

struct files {
	struct stopper *stopper;
	const struct domain *domain;
	sqlite3_stmt *of_document, *of_file;
	sqlite3_stmt *now; /* the one that runs; NULL: none */
	bool by_text;
	struct buf name;
};

static bool prepare(struct files *f, sqlite3 *raw, const char *where, const struct plan *plan,
	const struct plan_context *c, const struct caller *caller, sqlite3_stmt **out)
{
	AUTO_SQL sql = SQL_INIT;

	sql_add(&sql, "SELECT f.id, f.dir, f.size, f.mtime_ns, f.name"
		      " FROM file f LEFT JOIN document d ON d.id = f.document WHERE ");
	sql_add(&sql, where);
	sql_slot(&sql);
	/* SETS has the filters in its truth already. */
	for (size_t i = 0; plan->shape != PLAN_SETS && i < plan->filter_count; i++) {
		sql_add(&sql, " AND ");
		plan_condition(plan->filters[i], c, &sql);
	}
	if (!caller->all) {
		sql_add(&sql, " AND trawl_visible(");
		sql_pointer(&sql, c->dirs, DIRS_POINTER);
		sql_add(&sql, ", f.dir, f.mode, f.uid, f.gid, f.acl IS NOT NULL)");
	}
	sql_add(&sql, " ORDER BY f.mtime_ns DESC, f.id DESC");
	return stopper_ok(f->stopper, sql_prepare(&sql, raw, out));
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
	if (!prepare(f, raw, "f.document = ", plan, c, caller, &f->of_document) ||
		!prepare(f, raw, "f.id = ", plan, c, caller, &f->of_file)) {
		files_destroy(f);
		return NULL;
	}
	return f;
}

void files_destroy(struct files *f)
{
	if (!f)
		return;
	sqlite3_finalize(f->of_document);
	sqlite3_finalize(f->of_file);
	buf_finish(&f->name);
	mem_free(f);
}

bool files_begin(struct files *f, const struct hit *h)
{
	files_end(f);
	f->now = h->id > 0 ? f->of_document : f->of_file;
	f->by_text = h->by_text;
	return stopper_ok(f->stopper, sqlite3_bind_int64(f->now, 1, h->id > 0 ? h->id : -h->id));
}

/* Whether the query is true of this file of the hit. */
static bool answers(const struct files *f, int64_t file)
{
	size_t member;

	if (domain_find(f->domain, file, &member))
		return domain_true(f->domain, member);
	return f->by_text;
}

/* Names are blobs: nothing ends them but their length. */
static bool copy_name(struct files *f, struct file_view *view)
{
	const void *bytes = sqlite3_column_blob(f->now, 4);

	buf_clear(&f->name);
	buf_add(&f->name, bytes ? bytes : "", (size_t)sqlite3_column_bytes(f->now, 4));
	view->name = f->name.data;
	if (f->name.failed)
		f->stopper->st = ST_NOMEM;
	return !f->name.failed;
}

bool files_next(struct files *f, struct file_view *view)
{
	while (stopper_row(f->stopper, f->now)) {
		view->id = sqlite3_column_int64(f->now, 0);
		if (!answers(f, view->id))
			continue;
		view->dir = sqlite3_column_int64(f->now, 1);
		view->size = sqlite3_column_int64(f->now, 2);
		view->mtime_ns = sqlite3_column_int64(f->now, 3);
		if (copy_name(f, view))
			return true;
	}
	files_end(f);
	return false;
}

void files_end(struct files *f)
{
	if (f->now)
		sqlite3_reset(f->now);
	f->now = NULL;
}
