/* test_changes: the list of changes since a clock, and the list of failures. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/path.h"
#include "store/changes.h"
#include "store/listing.h"
#include "store/tree_write.h"

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
	expect(f, since, "deleted /r/b/one\ndeleted dir /r/b\n");
}

/* New to who asks from before it was made, though it has moved since. */
static void test_made_and_moved(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	fixture_file(f, 2, "new", 0, 3);
	int64_t between = db_clock(f->db);
	assert_ok(tree_file_move(f->db, 2, "new", 1, "new"));
	expect(f, since, "deleted /r/a/new\ncreated /r/new\n");
	expect(f, between, "moved /r/new from /r/a/new\n");
}

/* A row remembers its last move only; the places before are told as gone. */
static void test_forgotten_moves(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_file_move(f->db, 2, "one", 2, "b"));
	assert_ok(tree_file_move(f->db, 2, "b", 2, "c"));
	expect(f, since, "deleted /r/a/one\nmoved /r/a/c from /r/a/b\n");
	since = db_clock(f->db);
	fixture_file(f, 2, "c", 0, 77); /* its content changes: the move is forgotten */
	expect(f, since, "changed /r/a/c\n");
	since = db_clock(f->db);
	assert_ok(tree_file_move(f->db, 2, "c", 2, "d"));
	fixture_file(f, 2, "c", 0, 78); /* somebody lives there again */
	assert_ok(tree_file_delete(f->db, 2, "d"));
	expect(f, since, "deleted /r/a/c\ncreated /r/a/c\ndeleted /r/a/d\n");
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
	expect(f, since, "deleted dir /r/a\n"); /* no path just now */
	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "b"));
	expect(f, since, "changed /r/b/one\nmoved dir /r/b from /r/a\n");
}

/* A directory leaves, another takes its path, the first one goes: what was below that path is not in the other. */
static void test_path_taken_again(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "b"));
	fixture_dir(f, 3, 1, "a");
	assert_ok(tree_dir_delete(f->db, 2));
	expect(f, since,
		"deleted dir /r/a\ncreated dir /r/a\ndeleted /r/b/one\ndeleted /r/b/two\ndeleted dir /r/b\n");
}

/* New, moved onto a known file, and on: the known path is gone, though no row remembers it. */
static void test_on_through_a_known_place(void **state)
{
	struct fixture *f = *state;
	int64_t since = db_clock(f->db);

	fixture_file(f, 2, "x", 0, 3);
	assert_ok(tree_file_move(f->db, 2, "x", 2, "one"));
	assert_ok(tree_file_move(f->db, 2, "one", 2, "three"));
	expect(f, since, "deleted /r/a/x\ndeleted /r/a/one\ncreated /r/a/three\n");
}

/* A file that moved into a directory without a place is nowhere, and not where it was. */
static void test_moved_and_detached(void **state)
{
	struct fixture *f = *state;

	fixture_dir(f, 3, 1, "d");
	int64_t since = db_clock(f->db);
	assert_ok(tree_file_move(f->db, 2, "one", 3, "one"));
	assert_ok(tree_dir_detach(f->db, 3));
	expect(f, since, "deleted /r/a/one\ndeleted dir /r/d\n");
}

static void test_swapped(void **state)
{
	struct fixture *f = *state;

	fixture_dir(f, 3, 1, "b");
	int64_t since = db_clock(f->db);
	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "b"));
	assert_ok(tree_dir_move(f->db, 3, f->root, 1, "a"));
	expect(f, since, "moved dir /r/b from /r/a\nmoved dir /r/a from /r/b\n");
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

/* --- a mirror that follows ----------------------------------------------------------------- */

enum { DIRS = 5, NAMES = 4, PATHS = 400, RECORDS = 4000 };

/* Absolute paths of files, "" where there is none. */
struct paths {
	char path[PATHS][64];
};

struct record {
	char path[64], from[64];
	enum change_kind kind;
	bool is_dir;
};

struct records {
	struct record of[RECORDS];
	int count;
	int64_t last;
};

static bool is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static void take(struct paths *p, const char *path)
{
	for (int i = 0; i < PATHS; i++)
		if (p->path[i][0] && is_inside(p->path[i], path))
			p->path[i][0] = '\0';
}

static bool has(const struct paths *p, const char *path)
{
	for (int i = 0; i < PATHS; i++)
		if (strcmp(p->path[i], path) == 0)
			return true;
	return false;
}

static void put(struct paths *p, const char *path)
{
	int i = 0;

	if (has(p, path))
		return;
	while (i < PATHS && p->path[i][0])
		i++;
	assert_true(i < PATHS);
	snprintf(p->path[i], sizeof p->path[i], "%s", path);
}

static bool put_file(void *arg, const struct change *c)
{
	put(arg, c->path);
	return true;
}

static bool gather(void *arg, const struct change *c)
{
	struct records *r = arg;
	struct record *record = &r->of[r->count++];

	assert_true(r->count < RECORDS && c->clock > r->last);
	r->last = c->clock;
	*record = (struct record){.kind = c->kind, .is_dir = c->is_dir};
	snprintf(record->path, sizeof record->path, "%s", c->path);
	snprintf(record->from, sizeof record->from, "%s", c->from ? c->from : "");
	return true;
}

/* Below a directory that moved only the store knows what is there. */
static void look_below(struct paths *mirror, const struct paths *now, const char *dir)
{
	for (int i = 0; i < PATHS; i++)
		if (now->path[i][0] && is_inside(now->path[i], dir))
			put(mirror, now->path[i]);
}

static void apply(struct paths *mirror, const struct paths *now, const struct records *r)
{
	for (int i = 0; i < r->count; i++)
		if (r->of[i].kind == CHANGE_DELETED)
			take(mirror, r->of[i].path);
		else if (r->of[i].kind == CHANGE_MOVED)
			take(mirror, r->of[i].from);
	for (int i = 0; i < r->count; i++)
		if (r->of[i].kind == CHANGE_MOVED && r->of[i].is_dir)
			look_below(mirror, now, r->of[i].path);
		else if (r->of[i].kind != CHANGE_DELETED && !r->of[i].is_dir)
			put(mirror, r->of[i].path);
}

static void follow(struct fixture *f, struct paths *mirror, int64_t *since, int64_t limit)
{
	static struct records records;
	static struct paths now;
	bool more = true;

	records.count = 0;
	records.last = *since;
	while (more)
		assert_ok(changes_list(f->db, records.last, limit, gather, &records, &more));
	*since = db_clock(f->db);
	memset(&now, 0, sizeof now);
	assert_ok(changes_list(f->db, -1, PATHS, put_file, &now, &more));
	assert_false(more);
	apply(mirror, &now, &records);
	for (int i = 0; i < PATHS; i++) {
		if (now.path[i][0] && !has(mirror, now.path[i]))
			fail_msg("%s is not in the mirror", now.path[i]);
		if (mirror->path[i][0] && !has(&now, mirror->path[i]))
			fail_msg("%s is still in the mirror", mirror->path[i]);
	}
}

static void disturb(struct fixture *f, uint64_t *seed, int64_t *next_dir)
{
	static const char *const names[NAMES] = {"k", "l", "m", "n"};
	const char *name = names[fixture_random(seed, NAMES)];
	const char *other = names[fixture_random(seed, NAMES)];
	int64_t dir = 1 + fixture_random(seed, (uint32_t)*next_dir - 1);
	int64_t to = 1 + fixture_random(seed, (uint32_t)*next_dir - 1);
	char dirname[2] = {(char)('A' + fixture_random(seed, DIRS)), '\0'};
	enum status st = ST_OK;

	switch (fixture_random(seed, 12)) {
	case 0:
		if (tree_dir_exists(f->db, dir) == ST_OK && *next_dir < 60)
			fixture_dir(f, (*next_dir)++, dir, dirname);
		break;
	case 1:
		if (dir > 1)
			st = tree_dir_delete(f->db, dir);
		break;
	case 2:
		if (dir > 1)
			st = tree_dir_detach(f->db, dir);
		break;
	case 3:
	case 4:
	case 5:
		if (dir > 1)
			st = tree_dir_move(f->db, dir, f->root, to, dirname);
		break;
	case 6:
		st = tree_file_delete(f->db, dir, name);
		break;
	case 7:
	case 8:
		st = tree_file_move(f->db, dir, name, to, other);
		break;
	default:
		if (tree_dir_exists(f->db, dir) == ST_OK)
			fixture_file(f, dir, name, 0, fixture_random(seed, 1000));
	}
	assert_true(st == ST_OK || st == ST_NOT_FOUND);
}

/* Whoever follows has the paths of the tree, however often and in however small pages he asks. */
static void test_mirror(void **state)
{
	struct fixture *f = *state;
	static struct paths mirror;

	for (uint64_t first = 1; first <= 60; first++) {
		uint64_t seed = first;
		int64_t since = db_clock(f->db), next_dir = 3;
		bool more;

		memset(&mirror, 0, sizeof mirror);
		assert_ok(changes_list(f->db, -1, PATHS, put_file, &mirror, &more));
		for (int round = 0; round < 25; round++) {
			int steps = 1 + (int)fixture_random(&seed, 12);

			while (steps--)
				disturb(f, &seed, &next_dir);
			fixture_commit(f);
			follow(f, &mirror, &since, 1 + fixture_random(&seed, 9));
		}
		assert_ok(tree_sweep_detached(f->db));
		for (int64_t dir = 2; dir < next_dir; dir++)
			assert_ok(tree_dir_delete(f->db, dir));
		fixture_commit(f);
	}
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
		TEST(test_path_taken_again),
		TEST(test_on_through_a_known_place),
		TEST(test_moved_and_detached),
		TEST(test_swapped),
		TEST(test_pages),
		TEST(test_mirror),
		TEST(test_stop),
		TEST(test_failures),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
