/* counts: rows by kind; see counts.h. */
#include "store/counts.h"

#include "core/log.h"
#include "core/stats.h"
#include "store/connection.h"
#include "store/missing.h"

_Static_assert(FILE_NO_CONVERTER + 1 == FILE_STATES, "counts has a place for every state");

static enum status count_one(struct db *db, enum statement_id id, int64_t *out)
{
	AUTO_STATEMENT s = statement_start(db, id);

	*out = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

static enum status check_state(struct db *db, int64_t state)
{
	if (state >= 0 && state < FILE_STATES)
		return ST_OK;
	log_error("store: a row has the unknown state %lld", (long long)state);
	return db_trouble(db, ST_CORRUPT);
}

enum status counts_part(struct db *db, int64_t state, const char *converter, int by)
{
	enum status st = check_state(db, state);

	if (st != ST_OK || !by)
		return st;
	db->counts.parts[state] += by;
	return state == FILE_UNAVAILABLE && converter && *converter
		       ? missing_stage(db, converter, true, by)
		       : ST_OK;
}

/* Rows of (state, count). */
static enum status count_states(struct db *db, enum statement_id id, int64_t *by_state)
{
	AUTO_STATEMENT s = statement_start(db, id);

	while (statement_row(&s)) {
		int64_t state = statement_get_int(&s, 0);
		enum status st = check_state(db, state);

		if (st != ST_OK)
			return st;
		by_state[state] = statement_get_int(&s, 1);
	}
	return statement_status(&s);
}

static enum status count_files(struct db *db, struct store_counts *out)
{
	int64_t all = 0;
	enum status st = count_one(db, STMT_COUNT_FILES, &all);

	if (st == ST_OK)
		st = count_states(db, STMT_COUNT_TROUBLE, out->files);
	for (int i = 0; i < FILE_STATES; i++)
		all -= i == FILE_INDEXED ? 0 : out->files[i];
	out->files[FILE_INDEXED] = all;
	return st;
}

enum status store_counts(struct db *db, struct store_counts *out)
{
	*out = (struct store_counts){0};
	enum status st = count_files(db, out);
	if (st == ST_OK)
		st = count_states(db, STMT_COUNT_PARTS, out->parts);
	if (st == ST_OK)
		st = count_one(db, STMT_COUNT_DIRS, &out->directories);
	if (st == ST_OK)
		st = count_one(db, STMT_COUNT_DOCUMENTS, &out->documents);
	return st;
}

void counts_publish(const struct store_counts *c)
{
	const int64_t *f = c->files, *p = c->parts;

	stats_set(files_indexed, f[FILE_INDEXED]);
	stats_set(files_failed, f[FILE_FAILED] + f[FILE_QUARANTINED] + f[FILE_UNREADABLE]);
	stats_set(files_skipped,
		f[FILE_BINARY] + f[FILE_TOO_LARGE] + f[FILE_NOT_REGULAR] + f[FILE_NO_CONVERTER]);
	stats_set(files_unavailable, f[FILE_UNAVAILABLE]);
	stats_set(parts_indexed, p[FILE_INDEXED]);
	stats_set(parts_failed, p[FILE_FAILED] + p[FILE_QUARANTINED] + p[FILE_UNREADABLE]);
	stats_set(parts_skipped,
		p[FILE_BINARY] + p[FILE_TOO_LARGE] + p[FILE_NOT_REGULAR] + p[FILE_NO_CONVERTER]);
	stats_set(parts_unavailable, p[FILE_UNAVAILABLE]);
	stats_set(directories, c->directories);
	stats_set(documents, c->documents);
}
