/* test_content: parts one by one, containers whole, given up, or robbed of a part meanwhile. */
#include "pipeline/apply.h"
#include "store/parts.h"
#include "store_fixture.h"

#include "core/mem.h"

#include <string.h>
#include <zstd.h>

enum { TOP = 1, OUTER = 100, INNER = 50 }; /* the latter two: contents of containers */

static struct fixture *f;
static struct job *job;

static void note_link(void *arg, int64_t dir, const char *name)
{
	(void)arg;
	(void)dir;
	(void)name;
}
static struct apply_notes notes = {.link = note_link};

static int set_up(void **state)
{
	if (fixture_open(state))
		return -1;
	f = *state;
	assert_ok(db_begin(f->db));
	fixture_dir(f, TOP, 0, "");
	fixture_commit(f);
	job = mem_zalloc(sizeof *job);
	job->dir = TOP;
	job->path = mem_strdup("a.zip");
	job->name = job->path;
	job->read = (struct ident){.ino = 77, .size = 5, .mtime_ns = 1000, .mode = 0100644, .nlink = 1};
	return job->path ? 0 : -1;
}

static int tear_down(void **state)
{
	job_destroy(job);
	assert_ok(db_commit(f->db));
	fixture_sound(f);
	return fixture_close(state);
}

static void fill_text(struct result *r, unsigned char content, const char *text)
{
	size_t room = ZSTD_compressBound(strlen(text));

	memset(r->hash, content, sizeof r->hash);
	r->hashed = true;
	r->kind = RESULT_TEXT;
	r->state = FILE_INDEXED;
	buf_adds(&r->text, text);
	buf_adds(&r->type, "text/plain");
	r->packed = mem_alloc(room);
	r->packed_len = ZSTD_compress(r->packed, room, text, strlen(text), 1);
}

/* A part of OUTER, or with `inner_n` of INNER in it too: "in.zip/NAME". */
static struct result *make_part(const char *path, int64_t n, int64_t inner_n)
{
	bool in_inner = inner_n >= 0;
	struct result *r = result_create_part(job, path, in_inner ? 2 : 1);

	assert_non_null(r);
	r->rule = r->converter = f->converter;
	r->place->size = 10;
	for (size_t i = 0; i < r->place->depth; i++) {
		struct result_container *in = &r->place->containers[i];
		bool is_inner = in_inner && i == 0;

		memset(in->hash, is_inner ? INNER : OUTER, sizeof in->hash);
		in->converter = f->converter;
		in->type = mem_strdup("application/zip");
		in->n = is_inner ? inner_n : n;
		in->path_at = is_inner ? strlen("in.zip/") : 0;
	}
	return r;
}

static void apply(struct result *r)
{
	assert_ok(apply_result(f->db, r, &notes));
	r->job = NULL; /* it is used once more */
	result_destroy(r);
}

static void add_text(const char *path, int64_t n, int64_t inner_n, unsigned char content, const char *text)
{
	struct result *r = make_part(path, n, inner_n);

	fill_text(r, content, text);
	apply(r);
}

/* The file's own result, which ends it. */
static struct result *make_file(int64_t parts)
{
	struct job *held = job;
	struct result *r = result_create(&held);

	assert_non_null(r);
	fill_text(r, OUTER, "");
	r->rule = r->converter = r->builder = f->converter;
	r->parts = parts;
	return r;
}

static void expect_nothing_left(void)
{
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building <> 0"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE searchable"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part p JOIN document d ON d.id = p.container"
					" WHERE d.orphaned IS NULL"), 0);
}

static void test_whole(void **state)
{
	(void)state;
	add_text("x/a.txt", 0, -1, 1, "herring");
	fixture_commit(f); /* parts of a container need not be in one transaction */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building = 1"), 1);
	struct result *r = make_part("b.txt", 1, -1);
	r->kind = RESULT_STATE;
	r->state = FILE_FAILED;
	r->reason = "crashed";
	buf_adds(&r->who, "text");
	buf_adds(&r->detail, "it said so");
	apply(r);
	apply(make_file(2));
	fixture_commit(f);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building <> 0"), 0);
	assert_int_equal(fixture_int(f, "SELECT parts FROM document d JOIN file ON file.document = d.id"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE n = 0 AND path = 'x/a.txt' AND state = 1"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE n = 1 AND reason = 'crashed'"
					" AND detail = 'it said so' AND converter = 'text' AND document IS NULL"), 1);
}

static void test_replayed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		add_text("a.txt", 0, -1, 1, "herring");
		apply(make_file(1));
		if (i == 0) {
			db_rollback(f->db);
			assert_ok(db_begin(f->db));
		}
	}
	fixture_commit(f);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building = 0"), 2);
}

/* An inner container, with rows of its own. */
static void put_with_inner(void)
{
	add_text("in.zip/a.txt", 1, 0, 1, "herring");
	add_text("in.zip/b.txt", 2, 1, 2, "mackerel");
	struct result *r = make_part("in.zip", 0, -1);
	fill_text(r, INNER, "");
	r->builder = f->converter;
	r->parts = 2;
	apply(r);
}

static void test_inner(void **state)
{
	(void)state;
	put_with_inner();
	apply(make_file(3));
	fixture_commit(f);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 5);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'b.txt' AND n = 1"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'in.zip/b.txt' AND n = 2"), 1);
	/* Once more, as a copy of what is known. */
	struct result *r = make_part("again/in.zip", 0, -1);
	r->kind = RESULT_TWIN;
	r->state = FILE_INDEXED;
	memset(r->hash, INNER, sizeof r->hash);
	r->place->copies = 2;
	memset(r->place->containers[0].hash, 101, DOCUMENT_HASH_BYTES);
	apply(r);
	r = make_file(3);
	memset(r->hash, 101, sizeof r->hash);
	apply(r);
	fixture_commit(f);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'again/in.zip/b.txt' AND n = 2"), 1);
}

static void test_inner_failed(void **state)
{
	(void)state;
	add_text("in.zip/a.txt", 1, 0, 1, "herring");
	struct result *r = make_part("in.zip", 0, -1);
	r->kind = RESULT_STATE;
	r->state = FILE_FAILED;
	r->reason = "crashed";
	memset(r->hash, INNER, sizeof r->hash);
	r->builder = f->converter;
	apply(r);
	add_text("z.txt", 1, -1, 2, "mackerel"); /* where the failed one's part was */
	apply(make_file(2));
	fixture_commit(f);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'z.txt' AND n = 1"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE building <> 0"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM fts WHERE fts MATCH 'herring'"), 0);
}

static void test_given_up(void **state)
{
	(void)state;
	put_with_inner();
	struct result *r = make_file(3);
	r->kind = RESULT_NONE;
	job->verdict = JOB_UNSTABLE;
	apply(r);
	assert_int_equal(job->verdict, JOB_UNSTABLE);
	expect_nothing_left();
	add_text("a.txt", 0, -1, 1, "herring");
	r = make_file(1);
	r->kind = RESULT_STATE;
	r->state = FILE_FAILED;
	r->reason = "limit";
	apply(r);
	assert_int_equal(job->verdict, JOB_COMMITTED);
	expect_nothing_left();
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM failure WHERE reason = 'limit'"), 1);
}

/* A document that was there when the worker looked, and was swept since. */
static void test_known_is_gone(void **state)
{
	(void)state;
	add_text("a.txt", 0, -1, 1, "herring");
	struct result *r = make_part("b.txt", 1, -1);
	r->kind = RESULT_KNOWN;
	r->state = FILE_INDEXED;
	r->known = 4711;
	apply(r);
	assert_int_equal(job->parts, PARTS_LOST);
	add_text("c.txt", 2, -1, 3, "cod");
	apply(make_file(3));
	assert_int_equal(job->verdict, JOB_REPEAT);
	expect_nothing_left();
}

/* Another worker read the same content, and gave it up in the middle. */
static void test_robbed(void **state)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];

	(void)state;
	memset(hash, OUTER, sizeof hash);
	add_text("a.txt", 0, -1, 1, "herring");
	assert_ok(parts_abandon(f->db, hash, f->converter));
	add_text("b.txt", 1, -1, 2, "mackerel");
	apply(make_file(2));
	assert_int_equal(job->verdict, JOB_REPEAT);
	expect_nothing_left();
}

static void test_refused(void **state)
{
	(void)state;
	add_text("a.txt", 0, -1, 1, "herring");
	job->parts = PARTS_REFUSED; /* as the writer notes it */
	apply(make_file(2));
	assert_int_equal(job->verdict, JOB_REFUSED);
	expect_nothing_left();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_replayed),
		TEST(test_inner),
		TEST(test_inner_failed),
		TEST(test_given_up),
		TEST(test_known_is_gone),
		TEST(test_robbed),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
