/* counts: rows by kind; see counts.h. */
#include "store/counts.h"

#include "core/log.h"
#include "core/stats.h"
#include "store/connection.h"

_Static_assert(FILE_NO_CONVERTER + 1 == FILE_STATES, "counts has a place for every state");

static enum status count_one(struct db *db, enum statement_id id, int64_t *out)
{
	AUTO_STATEMENT s = statement_start(db, id);

	*out = statement_row(&s) ? statement_get_int(&s, 0) : 0;
	return statement_status(&s);
}

static enum status count_files(struct db *db, struct store_counts *out)
{
	int64_t all = 0, others = 0;
	enum status st = count_one(db, STMT_COUNT_FILES, &all);
	AUTO_STATEMENT s = statement_start(db, STMT_COUNT_TROUBLE);

	while (st == ST_OK && statement_row(&s)) {
		int64_t state = statement_get_int(&s, 0), n = statement_get_int(&s, 1);

		if (state < 0 || state >= FILE_STATES) {
			log_error("store: a file row has the unknown state %lld", (long long)state);
			return db_trouble(db, ST_CORRUPT);
		}
		out->files[state] = n;
		others += n;
	}
	out->files[FILE_INDEXED] = all - others;
	return st == ST_OK ? statement_status(&s) : st;
}

enum status store_counts(struct db *db, struct store_counts *out)
{
	*out = (struct store_counts){0};
	enum status st = count_files(db, out);
	if (st == ST_OK)
		st = count_one(db, STMT_COUNT_DIRS, &out->directories);
	if (st == ST_OK)
		st = count_one(db, STMT_COUNT_DOCUMENTS, &out->documents);
	return st;
}

void counts_publish(const struct store_counts *c)
{
	const int64_t *f = c->files;

	stats_set(files_indexed, f[FILE_INDEXED]);
	stats_set(files_failed, f[FILE_FAILED] + f[FILE_QUARANTINED] + f[FILE_UNREADABLE]);
	stats_set(files_skipped,
		f[FILE_BINARY] + f[FILE_TOO_LARGE] + f[FILE_NOT_REGULAR] + f[FILE_NO_CONVERTER]);
	stats_set(files_unavailable, f[FILE_UNAVAILABLE]);
	stats_set(directories, c->directories);
	stats_set(documents, c->documents);
}
