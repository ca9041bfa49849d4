/*
 * test_apply: what becomes of a result: rows, the policy of failures,
 * and what is gone meanwhile.
 */
#include "pipeline/apply.h"
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "store/attempts.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

enum { TOP = 1 };

static struct fixture *f;
static char linked[256];

static void note_link(void *arg, int64_t dir, const char *name)
{
	size_t len = strlen(linked);

	(void)arg;
	snprintf(linked + len, sizeof linked - len, "%d/%s ", (int)dir, name);
}

static struct apply_notes notes = {.link = note_link};

static int set_up(void **state)
{
	if (fixture_open(state))
		return -1;
	f = *state;
	linked[0] = '\0';
	assert_ok(db_begin(f->db));
	fixture_dir(f, TOP, 0, "");
	fixture_commit(f);
	return 0;
}

static int tear_down(void **state)
{
	assert_ok(db_commit(f->db));
	fixture_sound(f);
	return fixture_close(state);
}

static struct result *make(const char *name, enum result_kind kind, enum file_state what)
{
	struct job *j = mem_zalloc(sizeof *j);

	assert_non_null(j);
	j->dir = TOP;
	j->path = mem_strdup(name);
	j->name = j->path;
	j->read =
		(struct ident){.ino = 77, .size = 5, .mtime_ns = 1000, .mode = 0100644, .nlink = 1};
	struct result *r = result_create(&j);
	assert_non_null(r);
	r->kind = kind;
	r->state = what;
	r->stamp_ns = 2000;
	r->rule = r->converter = f->converter;
	return r;
}

static void hash(struct result *r, unsigned char n)
{
	memset(r->hash, n, sizeof r->hash);
	r->hashed = true;
}

static struct result *make_text(const char *name, const char *text, unsigned char content)
{
	struct result *r = make(name, RESULT_TEXT, FILE_INDEXED);
	size_t room = ZSTD_compressBound(strlen(text));

	hash(r, content);
	buf_adds(&r->text, text);
	buf_adds(&r->type, "text/plain");
	r->packed = mem_alloc(room);
	r->packed_len = ZSTD_compress(r->packed, room, text, strlen(text), 1);
	return r;
}

static struct result *make_failure(const char *name, const char *reason, unsigned char content)
{
	struct result *r = make(name, RESULT_STATE, FILE_FAILED);

	hash(r, content);
	r->reason = reason;
	buf_adds(&r->who, "text");
	buf_adds(&r->detail, "it said so");
	return r;
}

/* What became of a job. */
struct outcome {
	enum job_verdict verdict;
	enum file_state state;
	int64_t next_try;
};

static struct outcome apply(struct result *r)
{
	assert_ok(apply_result(f->db, r, &notes));
	struct outcome o = {r->job->verdict, r->job->state, r->job->next_try};
	job_destroy(r->job);
	r->job = NULL;
	result_destroy(r);
	fixture_commit(f);
	return o;
}

static struct file_row row_of(const char *name)
{
	struct file_row row = {0};

	assert_ok(tree_find_file(f->db, TOP, name, &row));
	return row;
}

static int64_t attempts(void)
{
	return fixture_int(f, "SELECT ifnull(max(attempts), 0) FROM failure");
}

static void test_text(void **state)
{
	AUTO_BUF text = BUF_INIT;

	(void)state;
	struct outcome o = apply(make_text("a.txt", "herring", 1));
	assert_int_equal(o.verdict, JOB_COMMITTED);
	assert_int_equal(o.state, FILE_INDEXED);
	assert_int_equal(o.next_try, 0);
	struct file_row row = row_of("a.txt");
	assert_int_equal(row.state, FILE_INDEXED);
	assert_int_equal(row.stamp_ns, 2000);
	assert_int_equal(row.ident.ino, 77);
	assert_int_equal(row.rule, f->converter);
	assert_ok(documents_text(f->db, row.document, &text));
	assert_string_equal(text.data, "herring");
}

static void test_known(void **state)
{
	(void)state;
	apply(make_text("a.txt", "herring", 1));
	int64_t document = row_of("a.txt").document;
	struct result *r = make("b.txt", RESULT_KNOWN, FILE_INDEXED);
	r->known = document;
	assert_int_equal(apply(r).verdict, JOB_COMMITTED);
	assert_int_equal(row_of("b.txt").document, document);
}

static void test_twin(void **state)
{
	struct result *r = make("b.txt", RESULT_TWIN, FILE_INDEXED);
	struct file_row none;

	(void)state;
	hash(r, 1);
	assert_int_equal(apply(r).verdict,
		JOB_REPEAT); /* the other was not committed, for whatever reason */
	assert_int_equal(tree_find_file(f->db, TOP, "b.txt", &none), ST_NOT_FOUND);
	apply(make_text("a.txt", "herring", 1));
	r = make("b.txt", RESULT_TWIN, FILE_INDEXED);
	hash(r, 1);
	assert_int_equal(apply(r).verdict, JOB_COMMITTED);
	assert_int_equal(row_of("b.txt").document, row_of("a.txt").document);
	r = make("c.txt", RESULT_TWIN, FILE_INDEXED);
	hash(r, 2);
	assert_int_equal(apply(r).verdict, JOB_REPEAT); /* another content */
}

/* The same content under the same rule, whose text another converter made in the end. */
static void test_twin_rerouted(void **state)
{
	struct result *r = make_text("a.txt", "herring", 1);
	int64_t other = 0;

	(void)state;
	assert_ok(documents_converter(f->db, "other", "v1", 2, &other));
	r->converter = other;
	apply(r);
	r = make("b.txt", RESULT_TWIN, FILE_INDEXED);
	hash(r, 1);
	assert_int_equal(apply(r).verdict, JOB_COMMITTED);
	assert_int_equal(row_of("b.txt").document, row_of("a.txt").document);
}

static void test_still(void **state)
{
	(void)state;
	assert_int_equal(apply(make("a.txt", RESULT_STILL, FILE_INDEXED)).verdict, JOB_GONE);
	apply(make_text("a.txt", "herring", 1));
	int64_t document = row_of("a.txt").document;
	struct result *r = make("a.txt", RESULT_STILL, FILE_INDEXED);
	r->job->read.mtime_ns = 9000;
	r->stamp_ns = 9500;
	struct outcome o = apply(r);
	assert_int_equal(o.verdict, JOB_COMMITTED);
	assert_int_equal(o.state, FILE_INDEXED);
	struct file_row row = row_of("a.txt");
	assert_int_equal(row.ident.mtime_ns, 9000);
	assert_int_equal(row.stamp_ns, 9500);
	assert_int_equal(row.document, document);
}

/* --- failures ------------------------------------------------------------------------------------
 */

static struct outcome crash(unsigned char content)
{
	struct result *r = make_failure("a.txt", "crashed", content);

	r->charged = r->transient = true;
	return apply(r);
}

static void test_quarantine_at_three(void **state)
{
	(void)state;
	for (int i = 1; i <= 2; i++) {
		struct outcome o = crash(1);

		assert_int_equal(o.verdict, JOB_COMMITTED);
		assert_int_equal(o.state, FILE_FAILED);
		assert_true(o.next_try > now_real_s());
		assert_int_equal(attempts(), i);
		assert_int_equal(row_of("a.txt").next_try, o.next_try);
	}
	struct outcome o = crash(1);
	assert_int_equal(o.state, FILE_QUARANTINED);
	assert_int_equal(o.next_try, 0); /* left alone */
	assert_int_equal(attempts(), 3);
	assert_int_equal(row_of("a.txt").state, FILE_QUARANTINED);
	assert_int_equal(row_of("a.txt").next_try, 0);
	assert_true(attempts_are_over(
		f->db, TOP, "a.txt", memset((char[DOCUMENT_HASH_BYTES]){0}, 1, 32), f->converter));
}

/* A transaction that failed is done again from the same results: they must not have changed their
 * minds. */
static void test_replayed(void **state)
{
	(void)state;
	crash(1);
	crash(1);
	struct result *r = make_failure("a.txt", "crashed", 1);
	r->charged = r->transient = true;
	assert_ok(apply_result(f->db, r, &notes));
	assert_int_equal(r->job->state, FILE_QUARANTINED);
	db_rollback(f->db);
	assert_ok(db_begin(f->db));
	assert_int_equal(apply(r).state, FILE_QUARANTINED);
	assert_int_equal(attempts(), 3);
}

static void test_other_content_begins_anew(void **state)
{
	(void)state;
	crash(1);
	crash(1);
	assert_int_equal(crash(2).state, FILE_FAILED);
	assert_int_equal(attempts(), 1);
	crash(2);
	assert_int_equal(crash(2).state, FILE_QUARANTINED);
}

static void test_other_reason_begins_anew(void **state)
{
	(void)state;
	crash(1);
	crash(1);
	struct result *r = make_failure("a.txt", "timed out", 1);
	r->charged = r->transient = true;
	assert_int_equal(apply(r).state, FILE_FAILED);
	assert_int_equal(attempts(), 1);
}

static void test_success_forgets(void **state)
{
	(void)state;
	crash(1);
	crash(1);
	apply(make_text("a.txt", "herring", 1));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM failure"), 0);
	assert_int_equal(crash(1).state, FILE_FAILED);
	assert_int_equal(attempts(), 1);
}

/* What does not count towards quarantine is tried for ever, at growing distances. */
static void test_back_off(void **state)
{
	int64_t wait = 30;

	(void)state;
	for (int i = 1; i <= 12; i++) {
		struct result *r = make_failure("a.txt", "try again later", 1);
		int64_t before = now_real_s();

		r->transient = true;
		struct outcome o = apply(r);
		assert_int_equal(o.state, FILE_FAILED);
		assert_in_range(o.next_try, before + wait, now_real_s() + wait);
		assert_int_equal(attempts(), i);
		wait = wait * 2 < 3600 ? wait * 2 : 3600;
	}
}

/* A damaged document: one attempt, no further one until it changes. */
static void test_lasting(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct outcome o = apply(make_failure("a.txt", "damaged", 1));

		assert_int_equal(o.state, FILE_FAILED);
		assert_int_equal(o.next_try, 0);
		assert_int_equal(attempts(), 1);
	}
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM failure"), 1);
}

/* A suspect that took the daemon down comes with its own count. */
static void test_suspect(void **state)
{
	struct result *r = make_failure("a.txt", "daemon died", 1);

	(void)state;
	r->state = FILE_QUARANTINED;
	r->job->attempts = 3;
	struct outcome o = apply(r);
	assert_int_equal(o.state, FILE_QUARANTINED);
	assert_int_equal(o.next_try, 0);
	assert_int_equal(attempts(), 3);
}

static void test_unhashed(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		struct result *r = make_failure("a.txt", "unreadable", 1);

		r->hashed = false;
		r->state = FILE_UNREADABLE;
		r->transient = true;
		assert_int_equal(apply(r).state, FILE_UNREADABLE);
		assert_int_equal(attempts(), i);
	}
}

/* --- gone meanwhile
 * -------------------------------------------------------------------------------- */

static void test_directory_gone(void **state)
{
	struct result *r = make_text("a.txt", "herring", 1);

	(void)state;
	r->job->dir = 99;
	assert_int_equal(apply(r).verdict, JOB_GONE);
	r = make_failure("a.txt", "crashed", 1);
	r->job->dir = 99;
	assert_int_equal(apply(r).verdict, JOB_GONE);
	r = make("b.txt", RESULT_KNOWN, FILE_INDEXED);
	r->known = 12345; /* the document was swept */
	assert_int_equal(apply(r).verdict, JOB_GONE);
}

static void test_links(void **state)
{
	struct result *r;

	(void)state;
	fixture_file(f, TOP, "other.txt", 0, 77);
	fixture_file(f, TOP, "stranger.txt", 0, 78);
	fixture_commit(f);
	r = make_text("a.txt", "herring", 1);
	apply(r);
	assert_string_equal(linked, ""); /* it has one name */
	r = make_text("a.txt", "herring again", 2);
	r->job->read.nlink = 2;
	apply(r);
	assert_non_null(strstr(linked, "1/other.txt "));
	assert_null(strstr(linked, "stranger"));
	assert_non_null(strstr(linked, "1/a.txt ")); /* either may be the older one */
}

/* --- tree changes
 * ------------------------------------------------------------------------------------ */

static void change(struct tree_change *c)
{
	assert_ok(apply_tree(f->db, c, &notes));
	fixture_commit(f);
}

static void test_tree(void **state)
{
	char a[] = "a", b[] = "b", x[] = "x.txt", y[] = "y.txt", root[] = "/other",
	     other[] = "other";
	struct file_row row;

	(void)state;
	struct tree_change put_root = {.kind = TREE_ROOT_PUT, .name = root, .new_name = other};
	change(&put_root);
	assert_true(put_root.root > 0 && put_root.root != f->root); /* filled in for watch */
	change(&(struct tree_change){.kind = TREE_DIR_PUT,
		.dir = 2,
		.root = f->root,
		.parent = TOP,
		.name = a,
		.ident = {.ino = 5, .mode = 040755}});
	assert_false(db_has_regranted(f->db)); /* what was not there was seen by nobody */
	struct tree_change close_dir = {.kind = TREE_DIR_PUT,
		.dir = 2,
		.root = f->root,
		.parent = TOP,
		.name = a,
		.ident = {.ino = 5, .mode = 040750}};
	assert_ok(apply_tree(f->db, &close_dir, &notes));
	assert_true(db_has_regranted(f->db));
	fixture_commit(f);
	change(&(struct tree_change){.kind = TREE_FILE_STATE,
		.dir = 2,
		.name = x,
		.state = FILE_TOO_LARGE,
		.ident = {.ino = 6, .mode = 0100644},
		.stamp_ns = 5});
	assert_ok(tree_find_file(f->db, 2, "x.txt", &row));
	assert_int_equal(row.state, FILE_TOO_LARGE);
	change(&(struct tree_change){
		.kind = TREE_FILE_MOVE, .dir = 2, .name = x, .parent = TOP, .new_name = y});
	assert_int_equal(tree_find_file(f->db, 2, "x.txt", &row), ST_NOT_FOUND);
	assert_ok(tree_find_file(f->db, TOP, "y.txt", &row));
	change(&(struct tree_change){.kind = TREE_FILE_DELETE, .dir = TOP, .name = y});
	assert_int_equal(tree_find_file(f->db, TOP, "y.txt", &row), ST_NOT_FOUND);
	change(&(struct tree_change){.kind = TREE_DIR_DETACH, .dir = 2});
	assert_null(fixture_path(f, 2));
	change(&(struct tree_change){
		.kind = TREE_DIR_MOVE, .dir = 2, .root = f->root, .parent = TOP, .name = b});
	AUTO_FREE char *path = fixture_path(f, 2);
	assert_string_equal(path, "/r/b");
	change(&(struct tree_change){.kind = TREE_DIR_DELETE, .dir = 2});
	assert_null(fixture_path(f, 2));
	change(&(struct tree_change){
		.kind = TREE_ROOT_STATE, .root = put_root.root, .offline = true});
	change(&(struct tree_change){.kind = TREE_ROOT_DELETE, .root = put_root.root});
}

/* What it is about may be gone by now: that is no trouble of the store's. */
static void test_tree_gone(void **state)
{
	char x[] = "x.txt", y[] = "y.txt";

	(void)state;
	change(&(struct tree_change){
		.kind = TREE_FILE_MOVE, .dir = 50, .name = x, .parent = 51, .new_name = y});
	change(&(struct tree_change){.kind = TREE_FILE_STATE,
		.dir = 50,
		.name = x,
		.state = FILE_TOO_LARGE,
		.ident = {.ino = 6, .mode = 0100644}});
	change(&(struct tree_change){.kind = TREE_FILE_DELETE, .dir = 50, .name = x});
	change(&(struct tree_change){.kind = TREE_DIR_DETACH, .dir = 50});
	change(&(struct tree_change){.kind = TREE_DIR_DELETE, .dir = 50});
	change(&(struct tree_change){
		.kind = TREE_DIR_MOVE, .dir = 50, .root = f->root, .parent = TOP, .name = x});
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_known),
		TEST(test_twin),
		TEST(test_twin_rerouted),
		TEST(test_still),
		TEST(test_quarantine_at_three),
		TEST(test_replayed),
		TEST(test_other_content_begins_anew),
		TEST(test_other_reason_begins_anew),
		TEST(test_success_forgets),
		TEST(test_back_off),
		TEST(test_lasting),
		TEST(test_suspect),
		TEST(test_unhashed),
		TEST(test_directory_gone),
		TEST(test_links),
		TEST(test_tree),
		TEST(test_tree_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
