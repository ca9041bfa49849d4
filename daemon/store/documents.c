/* documents: contents by hash; see documents.h. */
#include "store/documents.h"

#include "core/log.h"
#include "store/connection.h"
#include "store/container.h"
#include "store/lengths_staged.h"
#include "store/parts.h"

#include <string.h>

/* Runs a look-up of one id. */
static enum status find_id(struct statement *s, int64_t *id)
{
	if (statement_row(s)) {
		*id = statement_get_int(s, 0);
		return ST_OK;
	}
	enum status st = statement_status(s);
	return st == ST_OK ? ST_NOT_FOUND : st;
}

enum status documents_find(
	struct db *db, const unsigned char *hash, int64_t converter, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_FIND);

	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	statement_int(&s, converter);
	return find_id(&s, id);
}

enum status documents_find_by_rule(
	struct db *db, const unsigned char *hash, int64_t rule, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_FIND_BY_RULE);

	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	statement_int(&s, rule);
	return find_id(&s, id);
}

enum status documents_text(struct db *db, int64_t id, struct buf *out)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DOCUMENT_TEXT);
	int len;

	statement_int(&s, id);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	const void *text = statement_get_bytes(&s, 0, &len);
	buf_add(out, text, (size_t)len);
	return buf_status(out);
}

/* --- converters ---------------------------------------------------------------------------- */

static enum status find_converter(
	struct db *db, const char *name, const void *version, size_t len, int64_t *id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONVERTER_FIND);

	statement_string(&s, name);
	statement_blob(&s, version, len);
	return find_id(&s, id);
}

enum status documents_converter(
	struct db *db, const char *name, const void *version, size_t len, int64_t *id)
{
	enum status st = find_converter(db, name, version, len, id);

	if (st != ST_NOT_FOUND)
		return st;
	AUTO_STATEMENT s = statement_start(db, STMT_CONVERTER_INSERT);
	statement_string(&s, name);
	statement_blob(&s, version, len);
	st = statement_run(&s);
	*id = sqlite3_last_insert_rowid(db->raw);
	return st;
}

enum status documents_renew_converter(
	struct db *db, int64_t id, const char *name, const void *version, size_t len)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONVERTER_RENEW);

	statement_int(&s, id);
	statement_string(&s, name);
	statement_blob(&s, version, len);
	return statement_run(&s);
}

static enum status run_on_text(struct db *db, enum statement_id statement, const struct buf *text)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_text(&s, text->data, text->len);
	return statement_run(&s);
}

/* Files whose containers are stale are to be read again. */
static enum status expire_stale(struct db *db)
{
	AUTO_STATEMENT s = statement_start(db, STMT_EXPIRE_STALE);

	return statement_run(&s);
}

enum status documents_expire_converters(struct db *db, const int64_t *ids, size_t count)
{
	AUTO_BUF list = BUF_INIT;

	buf_addc(&list, '[');
	for (size_t i = 0; i < count; i++)
		buf_addf(&list, "%s%lld", i ? "," : "", (long long)ids[i]);
	buf_addc(&list, ']');
	enum status st = db_trouble(db, buf_status(&list));
	if (st == ST_OK)
		st = run_on_text(db, STMT_EXPIRE_CONTAINERS, &list);
	if (st == ST_OK)
		st = run_on_text(db, STMT_EXPIRE, &list);
	return st == ST_OK ? expire_stale(db) : st;
}

enum status documents_expire_extension(struct db *db, const char *extension, int64_t converter)
{
	{
		AUTO_STATEMENT s = statement_start(db, STMT_EXPIRE_EXTENSION);

		statement_string(&s, extension);
		statement_int(&s, converter);
		enum status st = statement_run(&s);
		if (st != ST_OK || !sqlite3_changes(db->raw))
			return st;
	}
	return expire_stale(db);
}

/* --- put ----------------------------------------------------------------------------------- */

static enum status write_document(
	struct db *db, enum statement_id statement, const struct document *d)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_blob(&s, d->hash, DOCUMENT_HASH_BYTES);
	statement_int(&s, d->converter);
	statement_string(&s, d->type);
	statement_string(&s, d->title);
	statement_string(&s, d->author);
	statement_string(&s, d->lang);
	statement_int_or_null(&s, d->created);
	statement_string(&s, d->meta);
	statement_int(&s, (int64_t)d->text_len);
	statement_int(&s, d->truncated);
	statement_int(&s, d->parts);
	return statement_run(&s);
}

/* Twelve to a page with their row ids; as whole rows frames leave much of their pages empty. */
enum { CONTENT_PIECE = 1350 };

static enum status insert_piece(struct db *db, int64_t id, int64_t n, const char *bytes, size_t len)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CONTENT_INSERT);

	statement_int(&s, id);
	statement_int(&s, n);
	statement_blob(&s, bytes, len);
	return statement_run(&s);
}

static enum status insert_content(struct db *db, const struct document *d, int64_t id)
{
	const char *packed = d->packed;
	enum status st = ST_OK;
	int64_t n = 0;

	for (size_t at = 0, len; st == ST_OK && at < d->packed_len; at += len) {
		len = d->packed_len - at < CONTENT_PIECE ? d->packed_len - at : CONTENT_PIECE;
		st = insert_piece(db, id, n++, packed + at, len);
	}
	return st;
}

/* The text as it is: what the view would give, without the work. */
static enum status insert_fts(struct db *db, const struct document *d, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FTS_INSERT);

	statement_int(&s, id);
	statement_string(&s, d->title);
	statement_text(&s, d->text_len ? d->text : "", d->text_len);
	return statement_run(&s);
}

static enum status insert_text(struct db *db, const struct document *d, int64_t id)
{
	enum status st = insert_content(db, d, id);

	if (st == ST_OK)
		st = insert_fts(db, d, id);
	return st == ST_OK ? lengths_stage(db, id, lengths_of_size((int64_t)d->text_len)) : st;
}

static enum status insert_document(struct db *db, const struct document *d, int64_t *id)
{
	enum status st = write_document(db, STMT_DOCUMENT_INSERT, d);

	*id = sqlite3_last_insert_rowid(db->raw);
	db->counts.documents++;
	return st == ST_OK ? insert_text(db, d, *id) : st;
}

/* What an earlier reading had more goes.  ST_NOT_FOUND: parts are missing, which somebody took away meanwhile. */
static enum status fit_parts(struct db *db, const struct document *d, int64_t id)
{
	int64_t count = 0, bytes;
	enum status st = parts_delete(db, id, d->parts, INT64_MAX);

	if (st == ST_OK)
		st = parts_count(db, id, &count, &bytes);
	return st == ST_OK && count != d->parts ? ST_NOT_FOUND : st;
}

/* A container whose parts are all there: what it had before, if it was read before, makes way. */
static enum status complete(struct db *db, const struct document *d, const struct document_state *old)
{
	enum status st = fit_parts(db, d, old->id);

	if (st == ST_OK && old->searchable) {
		AUTO_STATEMENT s = statement_start(db, STMT_FTS_LEAVE);

		statement_int(&s, old->id);
		st = statement_run(&s);
	}
	if (st == ST_OK) {
		AUTO_STATEMENT s = statement_start(db, STMT_CONTENT_DELETE);

		statement_int(&s, old->id);
		st = statement_run(&s);
	}
	if (st == ST_OK)
		st = write_document(db, STMT_DOCUMENT_COMPLETE, d);
	db_tick(db);
	return st == ST_OK ? insert_text(db, d, old->id) : st;
}

enum status documents_put(struct db *db, const struct document *d, int64_t *id)
{
	struct document_state old;
	enum status st = document_state(db, d->hash, d->converter, &old);

	if (st == ST_NOT_FOUND && !d->parts) {
		st = insert_document(db, d, id);
	} else if (st == ST_OK) {
		*id = old.id;
		if (old.building || old.parts != d->parts)
			st = complete(db, d, &old);
	}
	/* Whether it has a file is seen when the transaction ends. */
	if (st == ST_OK)
		documents_touch(db, *id);
	return st;
}
