/* test_db: opening, closing, dying, damage, versions; transactions and the clock. */
#include "store_fixture.h"

#include "core/log.h"
#include "core/mem.h"
#include "store/lengths.h"
#include "store/migrate.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

static char *in_state(struct fixture *f, const char *name)
{
	return mem_printf("%s/%s", f->state, name);
}

/* Runs `body` in a child that ends without closing anything, as by kill -9. */
static void die_in(struct fixture *f, void (*body)(struct fixture *f))
{
	int how = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body(f);
		_exit(42);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 42);
}

static void instance_of(struct fixture *f, char out[17])
{
	memcpy(out, db_instance(f->db), 17);
}

static void test_open(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "index.db");
	struct stat sb;

	assert_int_equal(strlen(db_instance(f->db)), 16);
	assert_int_equal(stat(file, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0600);
	assert_int_equal(stat(f->state, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0700);
	assert_int_equal(fixture_int(f, "PRAGMA user_version"), DB_SCHEMA_VERSION);
	assert_int_equal(fixture_int(f, "PRAGMA page_size"), 16384);
	assert_int_equal(fixture_int(f, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture_int(f, "PRAGMA trusted_schema"), 0);
	assert_int_equal(fixture_int(f, "PRAGMA synchronous"), 1);
	assert_int_equal(fixture_int(f, "PRAGMA wal_autocheckpoint"), 0);
	fixture_sound(f);
}

static void test_lock(void **state)
{
	struct fixture *f = *state;
	struct db *other = (struct db *)f;
	bool unclean;

	assert_int_equal(db_open_writer(f->state, &other, &unclean), ST_LOCKED);
	assert_null(other);
	/* A reader is free to come, and cannot write. */
	assert_ok(db_open_reader(f->state, &other));
	assert_int_not_equal(
		sqlite3_exec(db_raw(other), "DELETE FROM meta", NULL, NULL, NULL), SQLITE_OK);
	db_close(other);
	db_close(f->db);
	fixture_reopen(f, false);
}

static void put_something(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_file(f, 1, "a", fixture_document(f, "t", "some words", 0), 5);
	assert_ok(db_commit(f->db));
}

static void test_clean_restart(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *log = in_state(f, "index.db-wal");
	char before[17];
	struct stat sb;

	put_something(f);
	instance_of(f, before);
	int64_t clock = db_clock(f->db);
	db_close(f->db);
	assert_true(stat(log, &sb) != 0 || sb.st_size == 0);
	fixture_reopen(f, false);
	assert_string_equal(db_instance(f->db), before);
	assert_int_equal(db_clock(f->db), clock);
	assert_int_equal(lengths_count(), 1);
	fixture_sound(f);
}

static void write_and_die(struct fixture *f)
{
	bool unclean;

	/* The parent closed its own: this process opens, commits, and is gone. */
	assert_ok(db_open_writer(f->state, &f->db, &unclean));
	put_something(f);
	assert_ok(db_begin(f->db));
	fixture_file(f, 1, "uncommitted", 0, 6);
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	char before[17];

	instance_of(f, before);
	db_close(f->db);
	die_in(f, write_and_die);
	fixture_reopen(f, true);
	/* The kernel lives, so what was committed is there: the same instance. */
	assert_string_equal(db_instance(f->db), before);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 1);
	assert_int_equal(db_clock(f->db), fixture_int(f, "SELECT max(clock) FROM file"));
	fixture_sound(f);
}

static void write_in_another_boot(struct fixture *f)
{
	bool unclean;

	assert_ok(db_open_writer(f->state, &f->db, &unclean));
	put_something(f);
	fixture_exec(f, "UPDATE meta SET value = 'another boot' WHERE key = 'boot'");
}

static void test_power_cut(void **state)
{
	struct fixture *f = *state;
	char before[17];

	instance_of(f, before);
	db_close(f->db);
	die_in(f, write_in_another_boot);
	fixture_reopen(f, true);
	assert_string_not_equal(db_instance(f->db), before);
	/* A clean close keeps it, whatever the boot. */
	instance_of(f, before);
	fixture_exec(f, "UPDATE meta SET value = 'another boot' WHERE key = 'boot'");
	db_close(f->db);
	fixture_reopen(f, false);
	assert_string_equal(db_instance(f->db), before);
}

static char *read_all(const char *path, size_t *len)
{
	AUTO_BUF all = BUF_INIT;
	char chunk[4096];
	FILE *in = fopen(path, "rb");

	assert_non_null(in);
	while ((*len = fread(chunk, 1, sizeof chunk, in)) > 0)
		buf_add(&all, chunk, *len);
	fclose(in);
	*len = all.len;
	return buf_take(&all);
}

static void test_newer(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "index.db");
	size_t len, len_after;
	bool unclean;

	fixture_exec(f, "PRAGMA user_version = 99");
	db_close(f->db);
	AUTO_FREE char *before = read_all(file, &len);
	assert_int_equal(db_open_writer(f->state, &f->db, &unclean), ST_NEWER);
	assert_null(f->db);
	AUTO_FREE char *after = read_all(file, &len_after);
	assert_int_equal(len, len_after);
	assert_memory_equal(before, after, len);
}

static size_t count_files(struct fixture *f, const char *pattern)
{
	AUTO_FREE char *path = in_state(f, pattern);
	glob_t found;

	size_t n = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	globfree(&found);
	return n;
}

static void test_damaged_header(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "index.db");
	struct db *second;
	bool unclean;

	put_something(f);
	db_close(f->db);
	FILE *out = fopen(file, "r+b");
	assert_non_null(out);
	fputs("this is no database at all, and it never was one", out);
	fclose(out);
	assert_int_equal(db_open_writer(f->state, &f->db, &unclean), ST_CORRUPT);
	assert_non_null(f->db);
	assert_int_equal(db_begin(f->db), ST_CORRUPT);
	/* What is left holds the lock. */
	assert_int_equal(db_open_writer(f->state, &second, &unclean), ST_LOCKED);
	assert_ok(db_set_aside(&f->db));
	assert_int_equal(count_files(f, "index.db.damaged-????????T??????"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 0);
	assert_int_equal(lengths_count(), 0);
	/* Twice in a second. */
	assert_ok(db_set_aside(&f->db));
	assert_int_equal(count_files(f, "index.db.damaged-*[0-9]"), 2);
	fixture_sound(f);
	assert_ok(db_begin(f->db));
	assert_ok(tree_root_put(f->db, "/r", "r", &f->root));
	assert_ok(documents_converter(f->db, "text", "v1", 2, &f->converter));
	assert_ok(db_commit(f->db));
	put_something(f);
	fixture_sound(f);
}

static void test_damaged_page(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "index.db");
	AUTO_BUF report = BUF_INIT;
	AUTO_BUF text = BUF_INIT;
	unsigned char noise[16384];

	put_something(f);
	int64_t page = fixture_int(
		f, "SELECT rootpage FROM sqlite_schema WHERE name = 'content'");
	db_close(f->db);
	memset(noise, 0xa5, sizeof noise);
	int fd = open(file, O_WRONLY);
	assert_int_equal(pwrite(fd, noise, sizeof noise, (page - 1) * 16384), sizeof noise);
	close(fd);
	fixture_reopen(f, false);
	assert_int_equal(documents_text(f->db, 1, &text), ST_CORRUPT);
	assert_ok(db_check(f->db, &report));
	assert_true(report.len > 0);
	assert_ok(db_set_aside(&f->db));
	fixture_sound(f);
}

static void test_damaged_frame(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF report = BUF_INIT;
	AUTO_BUF text = BUF_INIT;

	put_something(f);
	fixture_exec(f, "UPDATE content SET text = x'28b52ffd2005290000' || substr(text, 9)");
	assert_int_equal(documents_text(f->db, 1, &text), ST_CORRUPT);
	assert_ok(db_check(f->db, &report));
	assert_non_null(strstr(report.data, "fts"));
}

static void test_piece_without_document(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF report = BUF_INIT;

	put_something(f);
	fixture_sound(f);
	fixture_exec(f, "INSERT INTO content VALUES ((99 << 20) + 3, x'00')");
	assert_ok(db_check(f->db, &report));
	assert_non_null(strstr(report.data, "content: piece 3 of 99"));
}

static void test_two_of_one_content(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF report = BUF_INIT;

	put_something(f);
	fixture_exec(f, "INSERT INTO document(hash, converter, type, size, searchable, orphaned)"
			" SELECT hash, converter, type, size, 0, 1 FROM document");
	assert_ok(db_check(f->db, &report));
	assert_non_null(strstr(report.data, "documents: 1 and 2 are of one content and converter"));
}

static void test_own(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {".", "index.db", "index.db-wal", "index.db-shm", "lock"};
	struct stat sb, other;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		AUTO_FREE char *path = in_state(f, names[i]);

		assert_int_equal(stat(path, &sb), 0);
		assert_true(db_is_own(sb.st_dev, sb.st_ino));
		assert_false(db_is_own(sb.st_dev + 1, sb.st_ino));
	}
	assert_int_equal(stat(f->top, &other), 0);
	assert_false(db_is_own(other.st_dev, other.st_ino));
	db_close(f->db);
	assert_false(db_is_own(sb.st_dev, sb.st_ino));
	fixture_reopen(f, false);
	assert_true(db_is_own(sb.st_dev, sb.st_ino));
}

static void test_rollback(void **state)
{
	struct fixture *f = *state;
	int64_t clock = db_clock(f->db);

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_file(f, 1, "a", fixture_document(f, "", "words", 0), 5);
	assert_true(db_clock(f->db) > clock);
	db_rollback(f->db);
	assert_int_equal(db_clock(f->db), clock);
	assert_int_equal(lengths_count(), 0);
	fixture_sound(f); /* the counts, too */
	put_something(f);
	fixture_sound(f);
}

/* A transaction in which a statement failed must not be committed half done. */
static void test_spoiled(void **state)
{
	struct fixture *f = *state;
	int64_t clock = db_clock(f->db);
	struct dir_row row = {.id = 9, .root = f->root, .name = "", .ident = {.ino = 1}};

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_exec(f, "CREATE TEMP TRIGGER spoil BEFORE INSERT ON main.dir"
			" BEGIN SELECT raise(FAIL, 'spoiled'); END");
	assert_int_not_equal(tree_dir_put(f->db, &row), ST_OK);
	assert_int_not_equal(db_commit(f->db), ST_OK);
	fixture_exec(f, "DROP TRIGGER IF EXISTS spoil");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir"), 0);
	assert_int_equal(db_clock(f->db), clock);
	fixture_sound(f);
}

static void test_snapshot(void **state)
{
	struct fixture *f = *state;
	struct db *reader;
	struct file_row row;

	put_something(f);
	int64_t clock = db_clock(f->db);
	assert_ok(db_open_reader(f->state, &reader));
	assert_string_equal(db_instance(reader), db_instance(f->db));
	assert_ok(db_begin(reader));
	assert_int_equal(db_clock(reader), clock);
	assert_ok(db_begin(f->db));
	fixture_file(f, 1, "later", 0, 6);
	assert_ok(db_commit(f->db));
	assert_int_equal(db_clock(reader), clock);
	assert_int_equal(tree_find_file(reader, 1, "later", &row), ST_NOT_FOUND);
	db_rollback(reader);
	assert_int_equal(db_clock(reader), clock + 1);
	assert_ok(db_begin(reader));
	assert_int_equal(db_clock(reader), clock + 1);
	assert_ok(tree_find_file(reader, 1, "later", &row));
	assert_int_equal(row.ident.ino, 6);
	db_close(reader);
}

static void test_checkpoint(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *log = in_state(f, "index.db-wal");
	struct db *reader;
	struct stat sb;

	put_something(f);
	db_checkpoint(f->db, DB_LOG_BUSY);
	assert_int_equal(stat(log, &sb), 0);
	assert_true(sb.st_size > 0);
	assert_ok(db_open_reader(f->state, &reader));
	assert_ok(db_begin(reader));
	assert_ok(db_begin(f->db));
	fixture_file(f, 1, "b", 0, 6);
	assert_ok(db_commit(f->db));
	db_checkpoint(f->db, 0); /* the reader holds it back */
	assert_int_equal(stat(log, &sb), 0);
	assert_true(sb.st_size > 0);
	db_close(reader);
	db_checkpoint(f->db, 0);
	assert_int_equal(stat(log, &sb), 0);
	assert_int_equal(sb.st_size, 0);
	db_release_memory(f->db);
	fixture_sound(f);
}

static void test_reopen(void **state)
{
	struct fixture *f = *state;
	char before[17];

	put_something(f);
	instance_of(f, before);
	int64_t clock = db_clock(f->db);
	assert_ok(db_begin(f->db));
	fixture_file(f, 1, "lost", 0, 6);
	assert_ok(db_reopen_writer(&f->db));
	assert_string_equal(db_instance(f->db), before);
	assert_int_equal(db_clock(f->db), clock);
	fixture_sound(f);
}

static void test_clock_text(void **state)
{
	const char *mine = "0123456789abcdef";
	static const char *const bad[] = {"", ":", "5", "0123456789abcdef", "0123456789abcdef:",
		"0123456789abcdef:-1", "0123456789abcdef:1x", "0123456789abcde:1",
		"0123456789abcdef0:1", "0123456789ABCDEF:1", "0123456789abcdef:99999999999999999999"};
	AUTO_BUF text = BUF_INIT;
	int64_t n = 0;
	bool fresh = true;

	(void)state;
	clock_add(&text, mine, INT64_C(9007199254740993));
	assert_string_equal(text.data, "0123456789abcdef:9007199254740993");
	assert_ok(clock_parse(text.data, mine, &n, &fresh));
	assert_int_equal(n, INT64_C(9007199254740993));
	assert_false(fresh);
	assert_ok(clock_parse("ffffffffffffffff:0", mine, &n, &fresh));
	assert_true(fresh);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(clock_parse(bad[i], mine, &n, &fresh), ST_INVALID);
}

/* --- migrations ---------------------------------------------------------------------------- */

static const char *const steps[] = {
	"CREATE TABLE a (x); INSERT INTO a VALUES (1), (2), (3);",
	"CREATE TABLE b (y); INSERT INTO b SELECT x * 10 FROM a; DELETE FROM a; SELECT die();",
	"ALTER TABLE b ADD COLUMN z DEFAULT 5;",
};
static bool deadly;

static void die(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	(void)argv;
	if (deadly)
		_exit(42);
	sqlite3_result_null(ctx);
}

static sqlite3 *open_plain(const char *file)
{
	sqlite3 *raw = NULL;

	assert_int_equal(sqlite3_open(file, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_create_function(raw, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL), SQLITE_OK);
	return raw;
}

static void migrate_and_die(struct fixture *f)
{
	AUTO_FREE char *file = in_state(f, "plain.db");
	sqlite3 *raw = open_plain(file);

	deadly = true;
	if (migrate_run(raw, steps, 2) == ST_OK)
		_exit(1);
}

static int64_t ask(sqlite3 *raw, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(raw, sql, -1, &s, NULL) != SQLITE_OK)
		return -1;
	int64_t n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_finalize(s);
	return n;
}

static void test_migration(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "plain.db");

	die_in(f, migrate_and_die);
	deadly = false;
	sqlite3 *raw = open_plain(file);
	/* Killed within the second step: the first is there, and nothing of the second. */
	assert_int_equal(ask(raw, "PRAGMA user_version"), 1);
	assert_int_equal(ask(raw, "SELECT count(*) FROM a"), 3);
	assert_int_equal(ask(raw, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
	assert_ok(migrate_run(raw, steps, 3));
	assert_int_equal(ask(raw, "PRAGMA user_version"), 3);
	assert_int_equal(ask(raw, "SELECT sum(y + z) FROM b"), 75);
	assert_ok(migrate_run(raw, steps, 3)); /* nothing to do */
	assert_int_equal(migrate_run(raw, steps, 2), ST_NEWER);
	assert_int_equal(ask(raw, "SELECT sum(y + z) FROM b"), 75);
	sqlite3_close(raw);
}

/* Back to version 1: the text as one row, documents found by all of their hash. */
static void lay_out_as_before(struct fixture *f, int64_t id, const char *text)
{
	size_t room = ZSTD_compressBound(strlen(text));
	AUTO_FREE char *packed = mem_alloc(room);
	sqlite3_stmt *s = NULL;

	fixture_exec(f, "DROP VIEW fts_source");
	fixture_exec(f, "DROP TABLE content");
	fixture_exec(f, "CREATE TABLE content (document INTEGER PRIMARY KEY, text BLOB NOT NULL)");
	fixture_exec(f, "CREATE VIEW fts_source(id, title, text) AS SELECT 1, '', ''");
	assert_int_equal(
		sqlite3_prepare_v2(db_raw(f->db), "INSERT INTO content VALUES (?1, ?2)", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_blob(s, 2, packed, (int)ZSTD_compress(packed, room, text, strlen(text), 3), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	fixture_exec(f, "CREATE TABLE first (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL,"
			" converter INTEGER NOT NULL REFERENCES converter(id), type TEXT NOT NULL, title TEXT NOT NULL DEFAULT '',"
			" author TEXT NOT NULL DEFAULT '', lang TEXT, created INTEGER, meta TEXT, size INTEGER NOT NULL,"
			" truncated INTEGER NOT NULL DEFAULT 0, searchable INTEGER NOT NULL DEFAULT 1, orphaned INTEGER,"
			" parts INTEGER NOT NULL DEFAULT 0, building INTEGER NOT NULL DEFAULT 0, holds INTEGER NOT NULL DEFAULT 0,"
			" UNIQUE (hash, converter))");
	fixture_exec(f, "INSERT INTO first SELECT * FROM document");
	fixture_exec(f, "PRAGMA foreign_keys = OFF");
	fixture_exec(f, "DROP TABLE document");
	fixture_exec(f, "DROP VIEW fts_source");
	fixture_exec(f, "ALTER TABLE first RENAME TO document");
	fixture_exec(f, "CREATE VIEW fts_source(id, title, text) AS SELECT 1, '', ''");
	fixture_exec(f, "CREATE INDEX document_orphaned ON document(orphaned) WHERE orphaned IS NOT NULL");
	fixture_exec(f, "CREATE INDEX document_building ON document(building) WHERE building <> 0");
	fixture_exec(f, "PRAGMA user_version = 1");
}

static void test_texts_of_version_1(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF text = BUF_INIT, out = BUF_INIT;
	uint64_t seed = 3;

	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "%x ", fixture_random(&seed, UINT32_MAX));
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	int64_t id = fixture_document(f, "", text.data, 1);
	fixture_file(f, 1, "a", id, 1);
	assert_ok(db_commit(f->db));
	lay_out_as_before(f, id, text.data);
	fixture_exec(f, "UPDATE sqlite_sequence SET seq = 500 WHERE name = 'document'"); /* the others are gone */
	db_close(f->db);
	fixture_reopen(f, false);
	assert_int_equal(fixture_int(f, "PRAGMA user_version"), DB_SCHEMA_VERSION);
	assert_ok(documents_text(f->db, id, &out));
	assert_string_equal(out.data, text.data);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_document%'"), 0);
	assert_int_equal(fixture_int(f, "SELECT seq FROM sqlite_sequence WHERE name = 'document'"), 500);
	fixture_sound(f);
}

static void test_failing_migration(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *file = in_state(f, "plain.db");
	static const char *const wrong[] = {
		"CREATE TABLE a (x);", "CREATE TABLE b (y); INSERT INTO nowhere VALUES (1);"};
	sqlite3 *raw = open_plain(file);

	assert_int_not_equal(migrate_run(raw, wrong, 2), ST_OK);
	assert_int_equal(ask(raw, "PRAGMA user_version"), 1);
	assert_int_equal(ask(raw, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
	assert_int_not_equal(sqlite3_get_autocommit(raw), 0);
	sqlite3_close(raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_lock),
		TEST(test_clean_restart),
		TEST(test_killed),
		TEST(test_power_cut),
		TEST(test_newer),
		TEST(test_damaged_header),
		TEST(test_damaged_page),
		TEST(test_damaged_frame),
		TEST(test_piece_without_document),
		TEST(test_two_of_one_content),
		TEST(test_own),
		TEST(test_rollback),
		TEST(test_spoiled),
		TEST(test_snapshot),
		TEST(test_checkpoint),
		TEST(test_reopen),
		TEST(test_clock_text),
		TEST(test_migration),
		TEST(test_texts_of_version_1),
		TEST(test_failing_migration),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
