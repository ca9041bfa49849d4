/* test_changes: the list of changes since a clock, and the list of failures. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/path.h"
#include "store/changes.h"
#include "store/listing.h"

#include <stdio.h>
#include <string.h>

static int open_changes(void **state)
{
	fixture_open(state);
	struct fixture *f = *state;

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_dir(f, 2, 1, "a");
	fixture_file(f, 2, "one", 0, 1);
	fixture_file(f, 2, "two", 0, 2);
	fixture_commit(f);
	return 0;
}

static int close_changes(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	fixture_sound(f);
	return fixture_close(state);
}

struct list {
	struct buf text;
	int64_t last;
	int count;
};

static bool add_change(void *arg, const struct change *c)
{
	struct list *l = arg;

	assert_true(c->clock > l->last);
	l->last = c->clock;
	l->count++;
	buf_addf(&l->text, "%s%s %s", change_kind_text(c->kind), c->is_dir ? " dir" : "", c->path);
	if (c->from)
		buf_addf(&l->text, " from %s", c->from);
	buf_addc(&l->text, '\n');
	return true;
}

static void expect(struct fixture *f, int64_t since, const char *text)
{
	struct list l = {.text = BUF_INIT};
	bool more = true;

	fixture_commit(f);
	assert_ok(changes_list(f->db, since, 1000, add_change, &l, &more));
	assert_false(more);
	assert_string_equal(l.text.data ? l.text.data : "", text);
	buf_finish(&l.text);
}

static void test_all(void **state)
{
	struct fixture *f = *state;

	expect(f, -1, "created /r/a/one\ncreated /r/a/two\n");
	expect(f, 0, "created dir /r\ncreated dir /r/a\ncreated /r/a/one\ncreated /r/a/two\n");
	expect(f, db_clock(f->db), "");
}

static void test_kinds(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	fixture_file(f, 2, "one", 0, 11);
	assert_ok(tree_file_move(f->db, 2, "two", 1, "drei"));
	fixture_file(f, 2, "new", 0, 3);
	expect(f, since, "changed /r/a/one\nmoved /r/drei from /r/a/two\ncreated /r/a/new\n");
	since = db_clock(f->db);
	assert_ok(tree_file_delete(f->db, 2, "new"));
	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "b"));
	expect(f, since, "deleted /r/a/new\nmoved dir /r/b from /r/a\n");
	since = db_clock(f->db);
	assert_ok(tree_dir_delete(f->db, 2));
	expect(f, since, "deleted /r/b/one\ndeleted dir /r/a\ndeleted dir /r/b\n");
}

/* New to who asks from before it was made, though it has moved since. */
static void test_made_and_moved(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	fixture_file(f, 2, "new", 0, 3);
	int64_t between = db_clock(f->db);
	assert_ok(tree_file_move(f->db, 2, "new", 1, "new"));
	expect(f, since, "created /r/new\n");
	expect(f, between, "moved /r/new from /r/a/new\n");
}

/* A row remembers its last move only; the place before is told as gone. */
static void test_forgotten_moves(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_file_move(f->db, 2, "one", 2, "b"));
	assert_ok(tree_file_move(f->db, 2, "b", 2, "c"));
	expect(f, since, "moved /r/a/c from /r/a/b\ndeleted /r/a/one\n");
	since = db_clock(f->db);
	fixture_file(f, 2, "c", 0, 77); /* its content changes: the move is forgotten */
	expect(f, since, "changed /r/a/c\ndeleted /r/a/b\n");
	since = db_clock(f->db);
	assert_ok(tree_file_move(f->db, 2, "c", 2, "d"));
	fixture_file(f, 2, "c", 0, 78); /* somebody lives there again */
	assert_ok(tree_file_delete(f->db, 2, "d"));
	expect(f, since, "created /r/a/c\ndeleted /r/a/d\n");
}

static void test_move_onto(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_file_move(f->db, 2, "one", 2, "two"));
	expect(f, since, "moved /r/a/two from /r/a/one\n");
}

static void test_detached(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	fixture_file(f, 2, "one", 0, 11);
	assert_ok(tree_dir_detach(f->db, 2));
	expect(f, since, ""); /* no path just now */
	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "b"));
	expect(f, since, "changed /r/b/one\nmoved dir /r/b from /r/a\n");
}

static void test_pages(void **state)
{
	struct fixture *f = *state;
	struct list l = {.text = BUF_INIT};
	int64_t at = 0;
	bool more = true;
	int pages = 0;

	for (int i = 0; i < 50; i++) {
		char name[16];

		snprintf(name, sizeof name, "f%d", i);
		fixture_file(f, 2, name, 0, (uint64_t)i + 100);
		if (i % 3 == 0)
			assert_ok(tree_file_delete(f->db, 2, name));
	}
	fixture_commit(f);
	for (; more; pages++) {
		assert_ok(changes_list(f->db, at, 7, add_change, &l, &more));
		at = l.last;
	}
	assert_int_equal(l.count, 2 + 2 + 50);
	assert_int_equal(pages, 8);
	l.last = 0;
	assert_ok(changes_list(f->db, 0, 54, add_change, &l, &more));
	assert_false(more);
	buf_finish(&l.text);
}

static bool stop_at_once(void *arg, const struct change *c)
{
	(void)c;
	++*(int *)arg;
	return false;
}

static void test_stop(void **state)
{
	struct fixture *f = *state;
	int calls = 0;
	bool more;

	assert_ok(changes_list(f->db, 0, 10, stop_at_once, &calls, &more));
	assert_int_equal(calls, 1);
}

static bool add_failure(void *arg, const struct failure_row *r)
{
	buf_addf(arg, "%s %s %s %s %lld %lld\n", r->path, r->converter, r->reason, r->output,
		(long long)r->attempts, (long long)r->next_try);
	return true;
}

static void see_failure(void *arg, const struct failure_row *r)
{
	assert_string_equal(r->reason, "crashed");
	++*(int *)arg;
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF text = BUF_INIT;
	struct ident ident = {.ino = 5};
	struct file_failure failure = {.converter = "pdf",
		.reason = "crashed",
		.detail = "",
		.output = "oops",
		.attempts = 2,
		.next_try = 99};
	struct file_change c = {.dir = 2,
		.name = "bad1",
		.ident = &ident,
		.state = FILE_FAILED,
		.failure = &failure};
	struct file_row row;
	int64_t count;
	int seen = 0;

	assert_ok(tree_file_put(f->db, &c));
	c.name = "bad2";
	failure.next_try = 0;
	assert_ok(tree_file_put(f->db, &c));
	fixture_commit(f);
	assert_ok(failures_count(f->db, &count));
	assert_int_equal(count, 2);
	assert_ok(failures_list(f->db, 10, 0, add_failure, &text));
	assert_string_equal(
		text.data, "/r/a/bad1 pdf crashed oops 2 99\n/r/a/bad2 pdf crashed oops 2 0\n");
	buf_clear(&text);
	assert_ok(failures_list(f->db, 1, 1, add_failure, &text));
	assert_string_equal(text.data, "/r/a/bad2 pdf crashed oops 2 0\n");
	assert_ok(tree_find_file(f->db, 2, "bad1", &row));
	assert_ok(failure_of(f->db, row.id, see_failure, &seen));
	assert_int_equal(seen, 1);
	assert_int_equal(failure_of(f->db, row.id + 50, see_failure, &seen), ST_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_changes, close_changes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_kinds),
		TEST(test_made_and_moved),
		TEST(test_forgotten_moves),
		TEST(test_move_onto),
		TEST(test_detached),
		TEST(test_pages),
		TEST(test_stop),
		TEST(test_failures),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
