/*
 * check: whether the store is whole: SQLite's own check, the three full-text indexes against what they index, and
 * what must hold between our rows.  Reads everything; the writer runs it, for FTS5 checks by an INSERT.
 */
#include "core/log.h"
#include "store/connection.h"
#include "store/documents.h"
#include "store/lengths.h"
#include "store/lengths_staged.h"
#include "store/missing.h"
#include "store/vocabulary.h"

#include <string.h>

static enum status check_pages(struct db *db, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, STMT_CHECK_PAGES);

	while (statement_row(&s)) {
		const char *line = statement_get_string(&s, 0);

		if (line && strcmp(line, "ok") != 0)
			buf_addf(report, "database: %s\n", line);
	}
	return statement_status(&s);
}

static enum status check_index(
	struct db *db, enum statement_id id, const char *name, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, id);

	(void)statement_row(&s);
	if ((s.rc & 0xff) == SQLITE_CORRUPT) {
		buf_addf(report, "%s: does not match what it indexes\n", name);
		return ST_OK;
	}
	return statement_status(&s);
}

/* A statement that yields one line for each fault. */
static enum status check_rows(struct db *db, enum statement_id id, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, id);

	while (statement_row(&s)) {
		const char *line = statement_get_string(&s, 0);

		buf_addf(report, "%s\n", line ? line : "?");
	}
	return statement_status(&s);
}

static enum status check_lengths(struct db *db, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, STMT_LENGTHS);
	int64_t rows = 0;

	for (; statement_row(&s); rows++) {
		int64_t id = statement_get_int(&s, 0);

		if (lengths_get(id) != lengths_of_size(statement_get_int(&s, 1)))
			buf_addf(report, "lengths: wrong for document %lld\n", (long long)id);
	}
	enum status st = statement_status(&s);
	if (st == ST_OK && rows != lengths_count())
		buf_addf(report, "lengths: %lld for %lld searchable documents\n",
			(long long)lengths_count(), (long long)rows);
	return st;
}

static enum status check_counts(struct db *db, struct buf *report)
{
	struct store_counts now;
	enum status st = store_counts(db, &now);

	if (st == ST_OK && memcmp(&now, &db->counts, sizeof now) != 0)
		buf_adds(report, "counts: the gauges are not what the rows say\n");
	return st;
}

static enum status check_missing(struct db *db, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, STMT_COUNT_MISSING);

	while (statement_row(&s)) {
		const char *converter = statement_get_string(&s, 0);
		int64_t count[2];

		missing_get(converter ? converter : "", &count[0], &count[1]);
		if (count[statement_get_int(&s, 1) != 0] != statement_get_int(&s, 2))
			buf_addf(report, "counts: wrong for what lacks %s\n", converter ? converter : "");
	}
	return statement_status(&s);
}

static enum status check_all(struct db *db, struct buf *report)
{
	static const enum statement_id rules[] = {STMT_CHECK_KEYS, STMT_CHECK_LOST, STMT_CHECK_HIDDEN,
		STMT_CHECK_TEXTS, STMT_CHECK_TWINS, STMT_CHECK_PIECES, STMT_CHECK_HOLDS, STMT_CHECK_MEMBERS,
		STMT_CHECK_TREE};
	enum status st = check_pages(db, report);

	if (st == ST_OK)
		st = check_index(db, STMT_CHECK_FTS, "fts", report);
	if (st == ST_OK)
		st = check_index(db, STMT_CHECK_WORD, "name_word", report);
	if (st == ST_OK)
		st = check_index(db, STMT_CHECK_PART, "name_part", report);
	for (size_t i = 0; st == ST_OK && i < sizeof rules / sizeof rules[0]; i++)
		st = check_rows(db, rules[i], report);
	if (st == ST_OK)
		st = vocabulary_check(db, report);
	if (st == ST_OK)
		st = check_lengths(db, report);
	if (st == ST_OK)
		st = check_counts(db, report);
	if (st == ST_OK)
		st = check_missing(db, report);
	return st;
}

enum status db_check(struct db *db, struct buf *report)
{
	enum status st = db_begin(db);

	if (st != ST_OK)
		return st;
	st = check_all(db, report);
	if (st == ST_CORRUPT) {
		/* What it could not read is a finding too; the log says which. */
		buf_adds(report, "database: cannot be read through\n");
		st = ST_OK;
	}
	db_rollback(db);
	return st == ST_OK ? buf_status(report) : st;
}
