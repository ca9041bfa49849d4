/* listing: failures, parts and documents; see listing.h. */
#include "store/listing.h"

#include "core/path.h"
#include "store/connection.h"
#include "store/tree.h"

/* The columns from `first` on; false for want of memory. */
static bool fill_failure(struct statement *s, int first, struct failure_row *f)
{
	f->converter = statement_get_string(s, first);
	f->reason = statement_get_string(s, first + 1);
	f->detail = statement_get_string(s, first + 2);
	f->output = statement_get_string(s, first + 3);
	f->attempts = statement_get_int(s, first + 4);
	f->next_try = statement_get_int(s, first + 5);
	f->at = statement_get_int(s, first + 6);
	return f->converter && f->reason && f->detail && f->output;
}

static enum status path_of(struct db *db, struct statement *s, struct buf *path)
{
	AUTO_BUF dir = BUF_INIT;
	const char *name = statement_get_string(s, 1);

	if (!name)
		return ST_NOMEM;
	enum status st = tree_dir_path(db, statement_get_int(s, 0), &dir);
	if (st != ST_OK)
		return st;
	path_join(path, dir.data, name);
	return buf_status(path);
}

enum status failures_list(struct db *db, int64_t limit, int64_t offset,
	bool (*each)(void *arg, const struct failure_row *f), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURES);
	AUTO_BUF path = BUF_INIT;

	statement_int(&s, limit);
	statement_int(&s, offset);
	while (statement_row(&s)) {
		struct failure_row f = {0};

		buf_clear(&path);
		enum status st = path_of(db, &s, &path);
		if (st == ST_NOT_FOUND)
			continue; /* detached just now */
		if (st != ST_OK)
			return st;
		f.path = path.data;
		f.file = statement_get_int(&s, 10);
		if (!fill_failure(&s, 2, &f))
			break;
		f.part = statement_get_string(&s, 9);
		if (s.rc != SQLITE_ROW)
			break;
		if (!each(arg, &f))
			return ST_OK;
	}
	return statement_status(&s);
}

enum status failures_count(struct db *db, int64_t *count)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURES_COUNT);

	*count = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

enum status failure_of(
	struct db *db, int64_t file, void (*each)(void *arg, const struct failure_row *f), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FAILURE_OF);
	struct failure_row f = {0};

	statement_int(&s, file);
	bool found = statement_row(&s);
	if (found && fill_failure(&s, 0, &f))
		each(arg, &f);
	enum status st = statement_status(&s);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

/* --- parts --------------------------------------------------------------------------------- */

static bool fill_part(struct statement *s, struct part_row *p)
{
	*p = (struct part_row){
		.id = statement_get_int(s, 0),
		.n = statement_get_int(s, 1),
		.path = statement_get_string(s, 2),
		.type = statement_get_string(s, 3),
		.size = statement_get_int(s, 4),
		.mtime = statement_get_int(s, 5),
		.state = (enum file_state)statement_get_int(s, 6),
		.document = statement_get_int(s, 7),
		.converter = statement_get_string(s, 8),
		.reason = statement_get_string(s, 9),
		.detail = statement_get_string(s, 10),
	};
	return s->rc == SQLITE_ROW;
}

enum status parts_list(struct db *db, int64_t container, int64_t first, int64_t limit,
	bool (*each)(void *arg, const struct part_row *p), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_LIST);
	struct part_row p;

	statement_int(&s, container);
	statement_int(&s, first);
	statement_int(&s, limit);
	while (statement_row(&s) && fill_part(&s, &p))
		if (!each(arg, &p))
			return ST_OK;
	return statement_status(&s);
}

enum status part_find(struct db *db, int64_t container, const char *path,
	void (*each)(void *arg, const struct part_row *p), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PART_FIND);
	struct part_row p;

	statement_int(&s, container);
	statement_string(&s, path);
	bool found = statement_row(&s);
	if (found && fill_part(&s, &p))
		each(arg, &p);
	enum status st = statement_status(&s);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

enum status parts_summary(struct db *db, int64_t container, int64_t *parts, int64_t *failed)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_SUMMARY);

	*parts = *failed = 0;
	statement_int(&s, container);
	if (statement_row(&s)) {
		*parts = statement_get_int(&s, 0);
		*failed = statement_get_int(&s, 1);
	}
	return statement_status(&s);
}

/* --- documents ----------------------------------------------------------------------------- */

static bool fill_document(struct statement *s, struct document_info *d)
{
	d->type = statement_get_string(s, 0);
	d->title = statement_get_string(s, 1);
	d->author = statement_get_string(s, 2);
	d->lang = statement_get_string(s, 3);
	d->created = statement_get_int(s, 4);
	d->meta = statement_get_string(s, 5);
	d->size = statement_get_int(s, 6);
	d->truncated = statement_get_int(s, 7) != 0;
	d->converter = statement_get_string(s, 8);
	d->version = statement_get_bytes(s, 9, &d->version_len);
	d->hash = statement_get_bytes(s, 10, &d->hash_len);
	return s->rc == SQLITE_ROW;
}

enum status document_info(struct db *db, int64_t document,
	void (*each)(void *arg, const struct document_info *d), void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_INFO);
	struct document_info d = {0};

	statement_int(&s, document);
	bool found = statement_row(&s);
	if (found && fill_document(&s, &d))
		each(arg, &d);
	enum status st = statement_status(&s);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}
