/* parts: rows of the documents inside of documents, as they come; see parts.h. */
#include "store/parts.h"

#include "core/path.h"
#include "store/connection.h"
#include "store/container.h"
#include "store/documents.h"
#include "store/name_index.h"

#include <string.h>

const char *part_leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- the container ------------------------------------------------------------------------- */

static enum status insert_container(
	struct db *db, const unsigned char *hash, int64_t converter, const char *type, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTAINER_BEGIN);

	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	statement_int(&s, converter);
	statement_string(&s, type);
	enum status st = statement_run(&s);
	*id = sqlite3_last_insert_rowid(db->raw);
	db->counts.documents++;
	return st;
}

static enum status build_again(struct db *db, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTAINER_AGAIN);

	statement_int(&s, id);
	return statement_run(&s);
}

enum status parts_begin(struct db *db, const unsigned char *hash, int64_t converter,
	const char *type, int64_t *container)
{
	struct document_state d;
	enum status st = document_state(db, hash, converter, &d);

	if (st == ST_NOT_FOUND) {
		st = insert_container(db, hash, converter, type, container);
	} else if (st == ST_OK) {
		*container = d.id;
		/* One that is complete and has a file needs nobody to hold its parts. */
		if (d.building == DOCUMENT_STALE || (!d.building && !d.has_file))
			st = build_again(db, d.id);
	}
	if (st == ST_OK)
		documents_touch(db, *container);
	return st;
}

enum status parts_abandon(struct db *db, const unsigned char *hash, int64_t converter)
{
	struct document_state d;
	enum status st = document_state(db, hash, converter, &d);

	if (st == ST_NOT_FOUND || (st == ST_OK && d.building != DOCUMENT_BUILDING))
		return ST_OK;
	if (st != ST_OK)
		return st;
	db_tick(db);
	return container_end_building(db, d.id, d.has_text);
}

/* What it holds its parts by; ST_NOT_FOUND. */
static enum status find_holds(struct db *db, int64_t container, int64_t *holds)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTAINER_HOLDS);

	statement_int(&s, container);
	bool found = statement_row(&s);
	if (found)
		*holds = statement_get_int(&s, 0);
	enum status st = statement_status(&s);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

/* --- one part ------------------------------------------------------------------------------ */

struct old_part {
	int64_t id, state, document;
	struct buf path, converter;
};
#define AUTO_OLD_PART __attribute__((cleanup(old_part_finish))) struct old_part

static void old_part_finish(struct old_part *old)
{
	buf_finish(&old->path);
	buf_finish(&old->converter);
}

static enum status find_old(struct db *db, int64_t container, int64_t n, struct old_part *old)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PART_OLD);

	statement_int(&s, container);
	statement_int(&s, n);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	old->id = statement_get_int(&s, 0);
	statement_add_bytes(&s, 1, &old->path);
	buf_add(&old->path, "", 0);
	old->state = statement_get_int(&s, 2);
	old->document = statement_get_int(&s, 3);
	statement_add_bytes(&s, 4, &old->converter);
	return db_trouble(db, old->converter.failed ? ST_NOMEM : buf_status(&old->path));
}

/* The first write of a change; ST_NOT_FOUND, and nothing is done, if a sweep took the document meanwhile. */
static enum status write_row(struct db *db, enum statement_id statement, int64_t container,
	int64_t n, const struct part *p)
{
	AUTO_STATEMENT s = statement_start(db, statement);
	char extension[17];

	path_extension(part_leaf(p->path), extension);
	statement_int(&s, container);
	statement_int(&s, n);
	statement_string(&s, p->path);
	statement_string(&s, extension);
	statement_string(&s, p->type ? p->type : "");
	statement_int(&s, p->size);
	statement_int_or_null(&s, p->mtime);
	statement_int(&s, p->state);
	statement_int(&s, p->rule);
	statement_int_or_null(&s, p->document);
	statement_string(&s, p->converter);
	statement_string(&s, p->reason);
	statement_string(&s, p->detail);
	while (statement_row(&s))
		;
	return s.rc == SQLITE_CONSTRAINT_FOREIGNKEY ? ST_NOT_FOUND : statement_status(&s);
}

static enum status insert_part(struct db *db, int64_t container, int64_t n, const struct part *p)
{
	const char *name = part_leaf(p->path);
	enum status st = write_row(db, STMT_PART_ADD, container, n, p);

	if (st != ST_OK)
		return st;
	return name_index_add(db, sqlite3_last_insert_rowid(db->raw), name, strlen(name));
}

static enum status replace_part(struct db *db, const struct old_part *old, int64_t container,
	int64_t n, const struct part *p)
{
	const char *was = part_leaf(old->path.data), *is = part_leaf(p->path);
	enum status st = write_row(db, STMT_PART_CHANGE, container, n, p);

	/* What leaves the indexes is given in full, so that the row may have changed before. */
	if (st == ST_OK && strcmp(was, is) != 0)
		st = name_index_remove(db, old->id, was, strlen(was));
	if (st == ST_OK && strcmp(was, is) != 0)
		st = name_index_add(db, old->id, is, strlen(is));
	documents_touch(db, old->document);
	return st;
}

enum status parts_add(struct db *db, int64_t container, int64_t n, const struct part *p)
{
	AUTO_OLD_PART old = {.path = BUF_INIT, .converter = BUF_INIT};
	int64_t holds;
	enum status st = find_holds(db, container, &holds);

	if (st != ST_OK)
		return st;
	st = find_old(db, container, n, &old);
	bool is_new = st == ST_NOT_FOUND;
	if (is_new)
		st = insert_part(db, container, n, p);
	else if (st == ST_OK)
		st = replace_part(db, &old, container, n, p);
	if (st != ST_OK)
		return st;
	if (holds == HOLDS_FILED && !is_new)
		st = counts_part(db, old.state, old.converter.data, -1);
	if (st == ST_OK && holds == HOLDS_FILED)
		st = counts_part(db, p->state, p->converter, 1);
	documents_touch(db, p->document);
	db_tick(db);
	return st;
}

/* --- all parts of another ------------------------------------------------------------------ */

enum status parts_count(struct db *db, int64_t document, int64_t *count, int64_t *bytes)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_COUNT);

	*count = *bytes = 0;
	statement_int(&s, document);
	if (statement_row(&s)) {
		*count = statement_get_int(&s, 0);
		*bytes = statement_get_int(&s, 1);
	}
	return statement_status(&s);
}

enum status parts_any_failed(struct db *db, int64_t document, bool *failed)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_FAILED);

	statement_int(&s, document);
	*failed = statement_row(&s);
	return statement_status(&s);
}

/* ST_NOT_FOUND if it is not. */
static enum status expect_complete(struct db *db, int64_t container)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTAINER_IS_COMPLETE);

	statement_int(&s, container);
	bool found = statement_row(&s);
	enum status st = statement_status(&s);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

static enum status copy_rows(
	struct db *db, int64_t container, int64_t n, const char *prefix, int64_t known)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_COPY);

	statement_int(&s, container);
	statement_int(&s, n);
	statement_string(&s, prefix);
	statement_int(&s, known);
	return statement_run(&s);
}

enum status parts_copy(struct db *db, int64_t container, int64_t n, const char *prefix,
	int64_t known, int64_t *count)
{
	int64_t holds, bytes;
	bool any;
	enum status st = find_holds(db, container, &holds);

	*count = 0;
	if (st == ST_OK)
		st = expect_complete(db, known);
	if (st == ST_OK)
		st = parts_count(db, known, count, &bytes);
	if (st != ST_OK || !*count)
		return st;
	st = parts_delete(db, container, n, n + *count);
	if (st == ST_OK)
		st = copy_rows(db, container, n, prefix, known);
	if (st == ST_OK)
		st = parts_index(db, container, n, n + *count);
	if (st == ST_OK)
		st = parts_note(db, container, n, n + *count, 1, &any);
	db_tick(db);
	return st;
}
