/* test_seen: changes as one caller sees them: what moved, went or was closed, and what was kept to tell of it. */
#include "store_fixture.h"

#include "core/buf.h"
#include "core/now.h"
#include "search/seen.h"
#include "store/access.h"

/* Directories: 1 the root, 2 "open" for all, 3 "mine" for the owner only, 4 "mine/inner". */
enum { TOP = 1, OPEN = 2, MINE = 3, INNER = 4 };

static const struct caller owner = {.uid = 5, .gid = 5}, other = {.uid = 6, .gid = 6};

static void put_dir(struct fixture *f, int64_t id, int64_t parent, const char *name, uint32_t mode)
{
	struct dir_row row = {.id = id,
		.root = f->root,
		.parent = parent,
		.name = name,
		.ident = {.ino = (uint64_t)id + 1000, .mode = 040000 | mode, .uid = 5}};

	assert_ok(tree_dir_put(f->db, &row));
}

static void put_file(struct fixture *f, int64_t dir, const char *name, uint32_t mode)
{
	struct ident ident = {.ino = (uint64_t)name[0], .size = 10, .nlink = 1, .mode = 0100000 | mode, .uid = 5};
	struct file_change c = {.dir = dir, .name = name, .ident = &ident, .stamp_ns = 7, .state = FILE_BINARY};

	assert_ok(tree_file_put(f->db, &c));
}

static int set_up(void **state)
{
	fixture_open(state);
	struct fixture *f = *state;

	db_keep_access(f->db, true);
	assert_ok(db_begin(f->db));
	put_dir(f, TOP, 0, "", 0755);
	assert_ok(tree_root_above(f->db, f->root, "", 0));
	put_dir(f, OPEN, TOP, "open", 0755);
	put_dir(f, MINE, TOP, "mine", 0700);
	put_dir(f, INNER, MINE, "inner", 0755);
	put_file(f, OPEN, "a", 0644);
	put_file(f, OPEN, "b", 0600);
	put_file(f, MINE, "c", 0644);
	put_file(f, INNER, "d", 0644);
	fixture_commit(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	return fixture_close(state);
}

/* --- telling ---------------------------------------------------------------------------------------- */

static bool add_change(void *arg, const struct change *c)
{
	struct buf *out = arg;

	buf_addf(out, "%s%s %s", out->len ? ", " : "", change_kind_text(c->kind), c->path);
	if (c->from)
		buf_addf(out, " from %s", c->from);
	return true;
}

/* Since a clock, "fresh" if the caller is to begin anew. */
static void expect(struct fixture *f, const struct caller *who, int64_t since, const char *wanted)
{
	AUTO_BUF told = BUF_INIT;
	bool fresh, more;

	assert_ok(seen_is_fresh(f->db, who, since, &fresh));
	if (fresh)
		buf_adds(&told, "fresh");
	else
		assert_ok(seen_list(f->db, who, since, INT64_MAX, 100, add_change, &told, &more));
	assert_string_equal(told.data ? told.data : "", wanted);
}

static void test_everything(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF told = BUF_INIT;
	bool more;

	assert_ok(seen_list(f->db, &other, -1, INT64_MAX, 100, add_change, &told, &more));
	assert_string_equal(told.data, "created /r/open/a");
	buf_clear(&told);
	assert_ok(seen_list(f->db, &owner, -1, INT64_MAX, 2, add_change, &told, &more));
	assert_string_equal(told.data, "created /r/open/a, created /r/open/b");
	assert_true(more);
	expect(f, &owner, db_clock(f->db), "");
}

static void test_files_move(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_file_move(f->db, OPEN, "a", MINE, "a2")); /* to where others see nothing */
	assert_ok(tree_file_move(f->db, MINE, "c", OPEN, "c2")); /* and from there */
	assert_ok(tree_file_move(f->db, INNER, "d", MINE, "d2"));
	fixture_commit(f);
	expect(f, &owner, since,
		"moved /r/mine/a2 from /r/open/a, moved /r/open/c2 from /r/mine/c, moved /r/mine/d2 from /r/mine/inner/d");
	expect(f, &other, since, "deleted /r/open/a, created /r/open/c2");
	since = db_clock(f->db);
	assert_ok(tree_file_move(f->db, OPEN, "c2", TOP, "c3"));
	put_file(f, OPEN, "a", 0644);
	assert_ok(tree_file_move(f->db, OPEN, "b", OPEN, "a")); /* a closed one takes an open one's place */
	fixture_commit(f);
	expect(f, &other, since, "moved /r/c3 from /r/open/c2, deleted /r/open/a");
	expect(f, &owner, since, "moved /r/c3 from /r/open/c2, moved /r/open/a from /r/open/b");
}

static void test_files_close(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	put_file(f, OPEN, "a", 0600);
	put_file(f, OPEN, "b", 0644);
	put_file(f, MINE, "c", 0640);
	fixture_commit(f);
	expect(f, &other, since, "deleted /r/open/a, changed /r/open/b");
	expect(f, &owner, since, "changed /r/open/a, changed /r/open/b, changed /r/mine/c");
	put_file(f, OPEN, "a", 0644); /* and is open again before anybody asks */
	assert_ok(tree_file_delete(f->db, MINE, "c"));
	fixture_commit(f);
	expect(f, &other, since, "changed /r/open/b, changed /r/open/a");
	/* once it was closed to some, then it went: whoever saw it before and after may hear it twice */
	expect(f, &owner, since, "changed /r/open/b, deleted /r/mine/c, changed /r/open/a, deleted /r/mine/c");
	/* all of it is told to who sees all by the other list, which knows nothing of what was lost */
	AUTO_BUF told = BUF_INIT;
	bool more;
	assert_ok(changes_list(f->db, since, 100, add_change, &told, &more));
	assert_string_equal(told.data, "changed /r/open/b, changed /r/open/a, deleted /r/mine/c");
}

static void test_directories(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_dir_move(f->db, INNER, f->root, TOP, "inner")); /* comes out */
	fixture_commit(f);
	expect(f, &other, since, "fresh");
	expect(f, &owner, since, "moved /r/inner from /r/mine/inner");
	since = db_clock(f->db);
	assert_ok(tree_dir_move(f->db, INNER, f->root, OPEN, "inner")); /* from one open place to another */
	fixture_commit(f);
	expect(f, &other, since, "moved /r/open/inner from /r/inner");
	since = db_clock(f->db);
	put_dir(f, MINE, TOP, "mine", 0701);
	fixture_commit(f);
	expect(f, &other, since, "fresh");
	expect(f, &owner, since, "changed /r/mine");
	since = db_clock(f->db);
	put_dir(f, MINE, TOP, "mine", 0711); /* not others, but their groups */
	fixture_commit(f);
	expect(f, &other, since, "changed /r/mine");
}

/* A directory that was seen to leave is deleted later: who could see what was in it is told so even then. */
static void test_detached(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_dir_detach(f->db, MINE));
	assert_ok(tree_dir_detach(f->db, OPEN));
	fixture_commit(f);
	expect(f, &other, since, "deleted /r/open");
	assert_ok(tree_dir_delete(f->db, MINE));
	assert_ok(tree_dir_delete(f->db, OPEN));
	fixture_commit(f);
	expect(f, &other, since, "deleted /r/open, deleted /r/open/a, deleted /r/open");
	expect(f, &owner, since,
		"deleted /r/mine, deleted /r/open, deleted /r/mine/inner/d, deleted /r/mine/inner, deleted /r/mine/c,"
		" deleted /r/mine, deleted /r/open/a, deleted /r/open/b, deleted /r/open");
}

static void test_above(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);
	AUTO_BUF chain = BUF_INIT;

	chain_add(&chain, &(struct guard){.mode = 0710, .gid = 5});
	assert_ok(tree_root_above(f->db, f->root, chain.data, chain.len));
	fixture_commit(f);
	assert_int_equal(db_clock(f->db), since + 2); /* that of the root, and who may reach it */
	expect(f, &other, since, "fresh");
	expect(f, &owner, since, "");
	assert_ok(tree_root_above(f->db, f->root, chain.data, chain.len));
	assert_int_equal(db_clock(f->db), since + 2);
	/* what is forgotten cannot be told */
	fixture_exec(f, "UPDATE regrant SET at = at - 100; UPDATE access SET at = at - 100");
	assert_ok(access_sweep(f->db, now_real_s() - 60, now_real_s()));
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM regrant"), 0);
	assert_true(fixture_int(f, "SELECT count(*) FROM access") > 0); /* for as long again */
	expect(f, &owner, since, "fresh");
	expect(f, &other, since + 2, "");
	assert_ok(access_sweep(f->db, now_real_s() - 40, now_real_s()));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM access"), 0);
}

/* User mode: nothing of this is kept. */
static void test_one_user(void **state)
{
	struct fixture *f = *state;

	fixture_exec(f, "DELETE FROM access; DELETE FROM regrant");
	db_keep_access(f->db, false);
	put_file(f, OPEN, "a", 0600);
	put_dir(f, MINE, TOP, "mine", 0701);
	assert_ok(tree_file_delete(f->db, OPEN, "b"));
	assert_ok(tree_dir_move(f->db, INNER, f->root, TOP, "inner"));
	assert_int_equal(fixture_int(f, "SELECT (SELECT count(*) FROM access) + (SELECT count(*) FROM regrant)"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM tombstone WHERE dir = 2"), 0);
}

static void test_numbers(void **state)
{
	const uint32_t ab[] = {7, 9}, ba[] = {9, 7};
	const struct caller one = {.uid = 5, .gid = 6, .groups = ab, .group_count = 2};
	struct caller two = {.uid = 5, .gid = 6, .groups = ba, .group_count = 2};

	(void)state;
	assert_int_equal(seen_number(&one), seen_number(&two));
	two.group_count = 1;
	assert_int_not_equal(seen_number(&one), seen_number(&two));
	two = one;
	two.gid = 7;
	assert_int_not_equal(seen_number(&one), seen_number(&two));
	two = one;
	two.uid = 6;
	assert_int_not_equal(seen_number(&one), seen_number(&two));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything),
		TEST(test_files_move),
		TEST(test_files_close),
		TEST(test_directories),
		TEST(test_detached),
		TEST(test_above),
		TEST(test_one_user),
		TEST(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
