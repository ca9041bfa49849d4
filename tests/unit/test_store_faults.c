/*
 * test_store_faults: the Nth allocation fails, once and for good, for N = 1 until nothing fails: SQLite's and ours.
 * Whatever came of it, the store is sound afterwards, and nothing is left half done.  Every N with FAULTS=all in the
 * environment, else ever fewer of them.
 */
#include "store_fixture.h"

#include "core/guard.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/seen.h"
#include "store/changes.h"
#include "store/listing.h"
#include "store/parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* So many runs without a fault seen in a row end a series; SQLite forgives some failures. */
enum { QUIET_RUNS = 10 };

static unsigned long after(unsigned long n)
{
	return getenv("FAULTS") ? n + 1 : n + 1 + n / 64;
}

/* Runs with the Nth allocation failing, and without the many lines that are logged about it. */
static enum status under_fire(
	struct fixture *f, enum status (*run)(struct fixture *f), unsigned long n, int forever)
{
	int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(err >= 0 && null >= 0);
	dup2(null, STDERR_FILENO);
	mem_fail_at(n, forever);
	enum status st = run(f);
	mem_fail_at(0, 0);
	dup2(err, STDERR_FILENO);
	close(err);
	close(null);
	return st;
}

static bool ignore_change(void *arg, const struct change *c)
{
	(void)arg;
	(void)c;
	return true;
}

static enum status put_document(struct fixture *f, const char *text, int64_t *id)
{
	char packed[256];
	struct document d = {.converter = f->converter,
		.type = "text/plain",
		.title = "t",
		.author = "",
		.text = text,
		.text_len = strlen(text),
		.packed = packed,
		.packed_len = ZSTD_compress(packed, sizeof packed, text, strlen(text), 1)};

	memcpy(d.hash, text, strlen(text) < sizeof d.hash ? strlen(text) : sizeof d.hash);
	return documents_put(f->db, &d, id);
}

static enum status put_file(struct fixture *f, const char *name, int64_t document, bool fails)
{
	struct ident ident = {.ino = 5, .nlink = 2};
	struct file_failure failure = {
		.converter = "c", .reason = "r", .detail = "d", .output = "o", .next_try = 5};
	struct file_change c = {.dir = 2,
		.name = name,
		.ident = &ident,
		.state = fails ? FILE_FAILED : FILE_INDEXED,
		.document = document,
		.failure = fails ? &failure : NULL};

	return tree_file_put(f->db, &c);
}

/* Who may see what is another: of a root, a directory and a file. */
static enum status regrant(struct fixture *f)
{
	struct ident ident = {.ino = 5, .mode = 0100600, .nlink = 2};
	const struct file_change touch = {.dir = 2, .name = "two", .ident = &ident};
	struct dir_row row = {.id = 3,
		.root = f->root,
		.parent = 1,
		.name = "b",
		.ident = {.ino = 3, .mode = 040700},
		.acl = "acl",
		.acl_len = 3};
	AUTO_BUF chain = BUF_INIT;

	chain_add(&chain, &(struct guard){.mode = 040711});
	enum status st = buf_status(&chain);
	if (st == ST_OK)
		st = tree_root_above(f->db, f->root, chain.data, chain.len);
	if (st == ST_OK)
		st = tree_file_touch(f->db, &touch);
	return st == ST_OK ? tree_dir_put(f->db, &row) : st;
}

/* A bit of everything that a transaction does. */
static enum status work(struct fixture *f)
{
	int64_t id = 0;
	struct dir_row row = {.id = 5, .root = f->root, .parent = 1, .name = "new", .ident = {.ino = 3}};
	enum status st = put_document(f, "some other text", &id);

	if (st == ST_OK)
		st = put_file(f, "other", id, false);
	if (st == ST_OK)
		st = put_file(f, "broken", 0, true);
	if (st == ST_OK)
		st = regrant(f);
	if (st == ST_OK)
		st = tree_file_move(f->db, 2, "one", 3, "moved");
	if (st == ST_OK)
		st = tree_file_delete(f->db, 2, "two");
	if (st == ST_OK)
		st = tree_dir_put(f->db, &row);
	if (st == ST_OK)
		st = tree_dir_move(f->db, 3, f->root, 1, "a");
	if (st == ST_OK)
		st = tree_dir_delete(f->db, 2);
	return st;
}

static enum status write_all(struct fixture *f)
{
	enum status st = db_begin(f->db);

	if (st != ST_OK)
		return st;
	st = work(f);
	if (st != ST_OK) {
		db_rollback(f->db);
		return st;
	}
	return db_commit(f->db);
}

static int64_t first_document; /* of the last fill */

static enum status read_all(struct fixture *f)
{
	const uint32_t groups[] = {9, 7};
	const struct caller caller = {.uid = 5, .gid = 5, .groups = groups, .group_count = 2};
	AUTO_BUF out = BUF_INIT;
	struct db *reader = NULL;
	bool more;
	enum status st = db_open_reader(f->state, &reader);

	if (st != ST_OK)
		return st;
	st = db_begin(reader);
	if (st == ST_OK)
		st = tree_dir_path(reader, 3, &out);
	if (st == ST_OK)
		st = changes_list(reader, 0, 100, ignore_change, NULL, &more);
	if (st == ST_OK)
		st = seen_is_fresh(reader, &caller, 0, &more);
	if (st == ST_OK)
		st = seen_list(reader, &caller, 0, INT64_MAX, 100, ignore_change, NULL, &more);
	if (st == ST_OK)
		st = documents_text(reader, first_document, &out);
	db_rollback(reader);
	db_close(reader);
	return st;
}

static enum status open_again(struct fixture *f)
{
	bool unclean;

	return db_open_writer(f->state, &f->db, &unclean);
}

/* --- containers --- */

static enum status put_container(struct fixture *f, const char *name, int64_t parts, int64_t *id)
{
	char packed[64];
	struct document d = {.converter = f->converter,
		.type = "application/zip",
		.title = "",
		.author = "",
		.text = "",
		.packed = packed,
		.packed_len = ZSTD_compress(packed, sizeof packed, "", 0, 1),
		.parts = parts};

	memcpy(d.hash, name, 1);
	return documents_put(f->db, &d, id);
}

/* "a": one part with a text, one that failed, one that lacks its converter. */
static enum status build(struct fixture *f, const char *name)
{
	unsigned char hash[DOCUMENT_HASH_BYTES] = {(unsigned char)*name};
	struct part p = {.path = "in/a.txt", .state = FILE_INDEXED, .rule = f->converter};
	struct part failed = {.path = "b.txt", .state = FILE_FAILED, .reason = "damaged"};
	struct part lacks = {
		.path = "c.djvu", .state = FILE_UNAVAILABLE, .reason = "unavailable", .converter = "djvu"};
	int64_t id = 0;
	enum status st = put_document(f, "words of a part", &p.document);

	if (st == ST_OK)
		st = parts_begin(f->db, hash, f->converter, "application/zip", &id);
	if (st == ST_OK)
		st = parts_add(f->db, id, 0, &p);
	if (st == ST_OK)
		st = parts_add(f->db, id, 1, &failed);
	if (st == ST_OK)
		st = parts_add(f->db, id, 2, &lacks);
	return st;
}

/* Everything that a transaction does with parts. */
static enum status work_on_parts(struct fixture *f)
{
	unsigned char stays[DOCUMENT_HASH_BYTES] = {'s'}, half[DOCUMENT_HASH_BYTES] = {'h'};
	int64_t id = 0, known = 0, count;
	enum status st = build(f, "a");

	if (st == ST_OK)
		st = documents_find(f->db, stays, f->converter, &known);
	if (st == ST_OK)
		st = put_container(f, "a", 3, &id);
	if (st == ST_OK)
		st = parts_copy(f->db, id, 3, "s.zip", known, &count);
	if (st == ST_OK)
		st = put_container(f, "a", 6, &id);
	if (st == ST_OK)
		st = put_file(f, "a.zip", id, false);
	if (st == ST_OK)
		st = parts_abandon(f->db, half, f->converter);
	if (st == ST_OK)
		st = tree_file_delete(f->db, 2, "s.zip");
	if (st == ST_OK)
		st = documents_expire_converters(f->db, (int64_t[]){f->converter + 1}, 1);
	return st == ST_OK ? documents_sweep(f->db, now_real_s() + 10, 100) : st;
}

static enum status write_parts(struct fixture *f)
{
	enum status st = db_begin(f->db);

	if (st != ST_OK)
		return st;
	st = work_on_parts(f);
	if (st != ST_OK) {
		db_rollback(f->db);
		return st;
	}
	return db_commit(f->db);
}

static void fill_parts(struct fixture *f)
{
	int64_t id;

	assert_ok(db_begin(f->db));
	assert_ok(build(f, "s"));
	assert_ok(put_container(f, "s", 3, &id));
	assert_ok(put_file(f, "s.zip", id, false));
	assert_ok(build(f, "h"));
	assert_ok(db_commit(f->db));
	db_close(f->db);
	f->db = NULL;
}

static void fill(struct fixture *f)
{
	db_keep_access(f->db, true);
	assert_ok(db_begin(f->db));
	assert_ok(tree_root_above(f->db, f->root, "", 0));
	fixture_dir(f, 1, 0, "");
	fixture_dir(f, 2, 1, "a");
	fixture_dir(f, 3, 1, "b");
	first_document = fixture_document(f, "t", "first text", 1);
	fixture_file(f, 2, "one", first_document, 1);
	fixture_file(f, 2, "two", fixture_document(f, "t", "second text", 1), 2);
	assert_ok(db_commit(f->db));
}

static void clear(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	assert_ok(tree_dir_delete(f->db, 1));
	assert_ok(tree_sweep_detached(f->db));
	assert_ok(db_commit(f->db));
	/* Parts of what is swept are swept too. */
	assert_ok(db_begin(f->db));
	assert_ok(documents_sweep(f->db, now_real_s() + 10, 100));
	assert_ok(db_commit(f->db));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building <> 1"), 0);
}

/* Opening, too, is under fire: what was left building ends there. */
static enum status open_and_write_parts(struct fixture *f)
{
	bool unclean;
	enum status st = db_open_writer(f->state, &f->db, &unclean);

	return st == ST_OK ? write_parts(f) : st;
}

static void parts_series(struct fixture *f, int forever)
{
	int quiet = 0, failed = 0;

	for (unsigned long n = 1; quiet < QUIET_RUNS; n = after(n)) {
		assert_true(n < 100000);
		fill(f);
		fill_parts(f);
		enum status st = under_fire(f, open_and_write_parts, n, forever);
		quiet = st == ST_OK ? quiet + 1 : 0;
		failed += st != ST_OK;
		if (!f->db)
			assert_ok(open_again(f));
		fixture_sound(f);
		/* All of it was done, or nothing. */
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), st == ST_OK ? 6 : 3);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building = 1"), 0);
		clear(f);
	}
	assert_true(failed > 20);
}

static void test_parts_once(void **state)
{
	parts_series(*state, 0);
}

static void test_parts_forever(void **state)
{
	parts_series(*state, 1);
}

static void series(struct fixture *f, enum status (*run)(struct fixture *f), int forever)
{
	int quiet = 0, failed = 0;

	for (unsigned long n = 1; quiet < QUIET_RUNS; n = after(n)) {
		assert_true(n < 100000);
		fill(f);
		if (run == write_all) {
			/* So that statements are prepared under fire. */
			db_close(f->db);
			assert_ok(open_again(f));
		}
		enum status st = under_fire(f, run, n, forever);
		quiet = st == ST_OK ? quiet + 1 : 0;
		failed += st != ST_OK;
		fixture_sound(f);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM file WHERE name = x'74776f'"),
			run != write_all || st != ST_OK);
		clear(f);
	}
	assert_true(failed > 20);
}

static void test_write_once(void **state)
{
	series(*state, write_all, 0);
}

static void test_write_forever(void **state)
{
	series(*state, write_all, 1);
}

static void test_read_once(void **state)
{
	series(*state, read_all, 0);
}

static void test_read_forever(void **state)
{
	series(*state, read_all, 1);
}

/* Opening under fire: a store that is not opened is not harmed, and its lock is free again. */
static void test_open(void **state)
{
	struct fixture *f = *state;
	int quiet = 0, failed = 0;

	fill(f);
	for (int forever = 0; forever <= 1; forever++) {
		quiet = 0;
		for (unsigned long n = 1; quiet < QUIET_RUNS; n = after(n)) {
			db_close(f->db);
			enum status st = under_fire(f, open_again, n, forever);
			quiet = st == ST_OK ? quiet + 1 : 0;
			failed += st != ST_OK;
			if (st == ST_OK)
				continue;
			assert_int_equal(st, ST_NOMEM);
			assert_null(f->db);
			assert_ok(open_again(f));
		}
	}
	assert_true(failed > 20);
	fixture_sound(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write_once),
		TEST(test_write_forever),
		TEST(test_read_once),
		TEST(test_read_forever),
		TEST(test_open),
		TEST(test_parts_once),
		TEST(test_parts_forever),
	};

	return cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
}
