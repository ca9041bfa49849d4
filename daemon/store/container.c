/* container: containers and their rows as a whole; see container.h. */
#include "store/container.h"

#include "store/connection.h"
#include "store/documents.h"
#include "store/parts.h"

static enum status run_on(struct db *db, enum statement_id statement, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_int(&s, id);
	return statement_run(&s);
}

enum status document_state(
	struct db *db, const unsigned char *hash, int64_t converter, struct document_state *out)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_STATE);

	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	statement_int(&s, converter);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	*out = (struct document_state){
		.id = statement_get_int(&s, 0),
		.building = statement_get_int(&s, 1),
		.parts = statement_get_int(&s, 2),
		.searchable = statement_get_int(&s, 3) != 0,
		.has_text = statement_get_int(&s, 4) != 0,
		.has_file = statement_get_int(&s, 5) != 0,
	};
	return ST_OK;
}

enum status document_is_stale(struct db *db, int64_t id, bool *stale)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_IS_STALE);

	statement_int(&s, id);
	*stale = statement_row(&s);
	return statement_status(&s);
}

/* --- parts --------------------------------------------------------------------------------- */

static enum status run_on_range(
	struct db *db, enum statement_id statement, int64_t container, int64_t first, int64_t end)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_int(&s, container);
	statement_int(&s, first);
	statement_int(&s, end);
	return statement_run(&s);
}

enum status parts_index(struct db *db, int64_t container, int64_t first, int64_t end)
{
	enum status st = run_on_range(db, STMT_PART_WORDS_ADD, container, first, end);

	return st == ST_OK ? run_on_range(db, STMT_PART_GRAMS_ADD, container, first, end) : st;
}

enum status parts_note(
	struct db *db, int64_t container, int64_t first, int64_t end, int by, bool *any)
{
	AUTO_STATEMENT s = statement_start(db, STMT_PARTS_DOOMED);
	enum status st = ST_OK;

	*any = false;
	statement_int(&s, container);
	statement_int(&s, first);
	statement_int(&s, end);
	while (st == ST_OK && statement_row(&s)) {
		*any = true;
		documents_touch(db, statement_get_int(&s, 0));
		if (statement_get_int(&s, 3) == HOLDS_FILED)
			st = counts_part(
				db, statement_get_int(&s, 1), statement_get_string(&s, 2), by);
	}
	return st == ST_OK ? statement_status(&s) : st;
}

enum status parts_delete(struct db *db, int64_t container, int64_t first, int64_t end)
{
	bool any;
	enum status st = parts_note(db, container, first, end, -1, &any);

	if (st != ST_OK || !any)
		return st;
	st = run_on_range(db, STMT_PART_WORDS_REMOVE, container, first, end);
	if (st == ST_OK)
		st = run_on_range(db, STMT_PART_GRAMS_REMOVE, container, first, end);
	return st == ST_OK ? run_on_range(db, STMT_PARTS_DELETE, container, first, end) : st;
}

/* --- documents ----------------------------------------------------------------------------- */

enum status document_forget(struct db *db, int64_t id)
{
	static const enum statement_id steps[] = {STMT_CONTAINERS_SPOIL, STMT_PARTS_UNLINK,
		STMT_CONTENT_DELETE, STMT_DOCUMENT_DELETE};
	enum status st = parts_delete(db, id, 0, INT64_MAX);

	for (size_t i = 0; st == ST_OK && i < sizeof steps / sizeof *steps; i++)
		st = run_on(db, steps[i], id);
	db->counts.documents--;
	return st;
}

enum status container_end_building(struct db *db, int64_t id, bool has_text)
{
	if (!has_text)
		return document_forget(db, id);
	enum status st = run_on(db, STMT_CONTAINER_STALE, id);

	documents_touch(db, id);
	return st;
}

/* id 0: none left. */
static enum status next_building(struct db *db, int64_t *id, bool *has_text)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTAINERS_BUILDING);

	*id = 0;
	if (statement_row(&s)) {
		*id = statement_get_int(&s, 0);
		*has_text = statement_get_int(&s, 1) != 0;
	}
	return statement_status(&s);
}

static enum status drop_all(struct db *db)
{
	for (;;) {
		int64_t id;
		bool has_text;
		enum status st = next_building(db, &id, &has_text);

		if (st == ST_OK && id)
			st = container_end_building(db, id, has_text);
		if (st != ST_OK || !id)
			return st;
		db_tick(db);
	}
}

enum status parts_drop_building(struct db *db)
{
	int64_t id;
	bool has_text;
	enum status st = next_building(db, &id, &has_text);

	if (st != ST_OK || !id)
		return st;
	st = db_begin(db);
	if (st != ST_OK)
		return st;
	st = drop_all(db);
	if (st == ST_OK)
		return db_commit(db);
	db_rollback(db);
	return st;
}
