/* db: connections and transactions; see db.h. */
#include "store/db.h"

#include "core/log.h"
#include "core/mem.h"
#include "store/connection.h"
#include "store/dir_names.h"
#include "store/container.h"
#include "store/functions.h"
#include "store/hold.h"
#include "store/lengths.h"
#include "store/memory.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "store/missing.h"
#include "store/own.h"
#include "store/result.h"
#include "store/tokenizer.h"
#include "store/tree_path.h"

#include <string.h>

static int (*open_hook)(sqlite3 *raw);

static const enum statement_id always[] = {STMT_BEGIN_READ, STMT_BEGIN_WRITE, STMT_COMMIT,
	STMT_ROLLBACK, STMT_META_GET, STMT_META_PUT};

static void tell(void *arg, int rc, const char *text)
{
	(void)arg;
	log_debug("SQLite %d: %s", rc, text);
}

enum status db_global_init(void)
{
	/* A connection is one thread's at a time, and nobody asks how much memory there is: both cost locks. */
	int rc = sqlite3_config(SQLITE_CONFIG_MULTITHREAD);

	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_URI, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &memory_methods);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_LOG, tell, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_initialize();
	return result_status(NULL, rc, "SQLite");
}

void db_on_open(int (*hook)(sqlite3 *raw))
{
	open_hook = hook;
}

enum status db_trouble(struct db *db, enum status st)
{
	if (st != ST_OK && db->trouble == ST_OK)
		db->trouble = st;
	return st;
}

enum status db_status(struct db *db, int rc, const char *what)
{
	if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC) {
		/* The kernel may have dropped what it could not write, and will not fail again for it. */
		db->broken = db->suspect = true;
		meta_doubt();
	}
	return result_status(db->raw, rc, what);
}

enum status db_exec(struct db *db, const char *sql, const char *what)
{
	return db_status(db, sqlite3_exec(db->raw, sql, NULL, NULL, NULL), what);
}

sqlite3 *db_raw(struct db *db)
{
	return db->raw;
}

const char *db_instance(struct db *db)
{
	return db->instance;
}

/* --- opening ------------------------------------------------------------------------------- */

static int configure(sqlite3 *raw)
{
	static const struct {
		int option, on;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
		/* A store that is damaged or newer is closed as it was found; a sound one is checkpointed by us. */
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof options / sizeof options[0]; i++)
		rc = sqlite3_db_config(raw, options[i].option, options[i].on, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(raw, DB_BUSY_MS);
	if (rc == SQLITE_OK)
		rc = functions_register(raw);
	if (rc == SQLITE_OK)
		rc = tokenizer_register(raw);
	if (rc == SQLITE_OK && open_hook)
		rc = open_hook(raw);
	return rc;
}

static int ask_to_stop(void *arg)
{
	struct db *db = arg;

	return db->progress(db->progress_arg);
}

static void follow_progress(struct db *db)
{
	if (db->raw && db->progress)
		sqlite3_progress_handler(db->raw, DB_PROGRESS_STEPS, ask_to_stop, db);
}

void db_on_progress(struct db *writer, bool (*hook)(void *arg), void *arg)
{
	BUG_UNLESS(writer->writer && hook);
	writer->progress = hook;
	writer->progress_arg = arg;
	follow_progress(writer);
}

enum status db_progress(struct db *db)
{
	bool stop = db->progress && db->progress(db->progress_arg);

	return stop ? db_trouble(db, ST_CANCELED) : ST_OK;
}

static enum status open_raw(struct db *db, int flags)
{
	flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(db->file, &db->raw, flags, NULL);

	if (rc == SQLITE_OK)
		rc = configure(db->raw);
	return db_status(db, rc, db->file);
}

static void close_raw(struct db *db)
{
	if (!db->raw)
		return;
	kept_close(&db->kept);
	statements_finish(db);
	BUG_UNLESS(sqlite3_close(db->raw) == SQLITE_OK);
	db->raw = NULL;
}

static void destroy(struct db *db)
{
	close_raw(db);
	hold_drop(db->lock_fd);
	paths_drop(db);
	buf_finish(&db->last_chain.bytes);
	mem_free(db->touched.ids);
	dir_names_finish(db);
	mem_free(db->lengths.items);
	mem_free(db->lacks.items);
	mem_free(db->dir);
	mem_free(db->file);
	mem_free(db);
}

static enum status create(const char *dir, bool writer, struct db **out)
{
	struct db *db = mem_zalloc(sizeof *db);

	if (!db)
		return ST_NOMEM;
	db->writer = writer;
	db->lock_fd = -1;
	db->dir = mem_strdup(dir);
	db->file = mem_printf("%s/index.db", dir);
	if (!db->dir || !db->file) {
		destroy(db);
		return ST_NOMEM;
	}
	*out = db;
	return ST_OK;
}

static int count_frames(void *arg, sqlite3 *raw, const char *schema, int frames)
{
	struct db *db = arg;

	(void)raw;
	(void)schema;
	db->wal_frames = frames;
	return SQLITE_OK;
}

static enum status read_pragma(struct db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->raw, sql, -1, &s, NULL);

	if (rc == SQLITE_OK) {
		if (sqlite3_step(s) == SQLITE_ROW)
			*out = sqlite3_column_int64(s, 0);
		rc = sqlite3_finalize(s);
	}
	return db_status(db, rc, sql);
}

/* The schema's version is asked before anything is set, for a newer store stays as it is. */
static enum status set_up_writer(struct db *db)
{
	int version = 0;
	enum status st = db_status(db, migrate_version(db->raw, &version), db->file);

	if (st == ST_OK && version <= DB_SCHEMA_VERSION)
		st = db_exec(db,
			"PRAGMA page_size = 16384;"
			"PRAGMA journal_mode = WAL;"
			"PRAGMA synchronous = NORMAL;"
			"PRAGMA wal_autocheckpoint = 0;"
			"PRAGMA cache_size = -16384;"
			"PRAGMA temp_store = MEMORY;"
			"PRAGMA secure_delete = OFF;"
			"PRAGMA mmap_size = 0;",
			"store settings");
	if (st == ST_OK)
		st = migrate_run(db->raw, migrate_scripts, DB_SCHEMA_VERSION);
	if (st == ST_OK)
		st = db_exec(db, "PRAGMA foreign_keys = ON", "store settings");
	if (st == ST_OK)
		st = read_pragma(db, "PRAGMA page_size", &db->page_bytes);
	if (st == ST_OK)
		st = statements_prepare(db, always, sizeof always / sizeof always[0]);
	return st;
}

enum status connection_start(struct db *db, bool *unclean)
{
	db->suspect = db->broken = false;
	db->trouble = ST_OK;
	db->round = (struct vocabulary_round){.known = false};
	enum status st = hold_make(db->file);

	if (st == ST_OK)
		st = open_raw(db, SQLITE_OPEN_READWRITE);
	if (st == ST_OK) {
		follow_progress(db);
		st = set_up_writer(db);
	}
	if (st == ST_OK) {
		(void)sqlite3_wal_hook(db->raw, count_frames, db);
		st = meta_open(db, unclean);
	}
	if (st == ST_OK)
		st = store_counts(db, &db->counts);
	if (st == ST_OK)
		st = lengths_load(db);
	if (st == ST_OK)
		st = missing_load(db);
	if (st != ST_OK) {
		close_raw(db);
		return st;
	}
	counts_publish(&db->counts);
	own_refresh(db->dir);
	return ST_OK;
}

void connection_stop(struct db *db)
{
	db_rollback(db);
	close_raw(db);
}

enum status db_open_writer(const char *state_dir, struct db **out, bool *unclean)
{
	struct db *db;
	enum status st = create(state_dir, true, &db);

	*out = NULL;
	if (st != ST_OK)
		return st;
	st = hold_take(state_dir, &db->lock_fd);
	if (st == ST_OK)
		st = connection_start(db, unclean);
	if (st == ST_OK)
		st = parts_drop_building(db);
	if (st == ST_CORRUPT)
		connection_stop(db);
	if (st == ST_OK || st == ST_CORRUPT)
		*out = db;
	else
		destroy(db);
	return st;
}

enum status db_open_reader(const char *state_dir, struct db **out)
{
	struct db *db;
	enum status st = create(state_dir, false, &db);

	*out = NULL;
	if (st != ST_OK)
		return st;
	st = open_raw(db, SQLITE_OPEN_READONLY);
	if (st == ST_OK)
		st = db_exec(db,
			"PRAGMA query_only = ON;"
			"PRAGMA cache_size = -2048;"
			"PRAGMA wal_autocheckpoint = 0;"
			"PRAGMA temp_store = MEMORY;"
			"PRAGMA mmap_size = 0;",
			"reader settings");
	if (st == ST_OK)
		st = meta_instance(db);
	if (st == ST_OK)
		kept_open(&db->kept, db->raw);
	if (st == ST_OK)
		*out = db;
	else
		destroy(db);
	return st;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	if (db->raw && db->writer) {
		bool whole = !db->in_transaction && !db->broken && !db->suspect;

		db_rollback(db);
		if (whole && meta_mark_clean(db) == ST_OK)
			db_checkpoint(db, 0);
		own_forget();
	}
	destroy(db);
}

void db_release_memory(struct db *db)
{
	if (!db->raw)
		return;
	kept_drop(&db->kept);
	(void)sqlite3_db_release_memory(db->raw);
}
