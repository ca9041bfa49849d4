/* test_tree: rows of directories and files, by scenario and by thousands of random changes against a model. */
#include "store_fixture.h"

#include "core/mem.h"
#include "store/tombstones.h"
#include "store/tree_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_tree(void **state)
{
	fixture_open(state);
	struct fixture *f = *state;

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_dir(f, 2, 1, "a");
	fixture_dir(f, 3, 1, "b");
	fixture_dir(f, 4, 2, "deep");
	fixture_file(f, 2, "one", 0, 11);
	fixture_file(f, 4, "two", 0, 12);
	fixture_file(f, 3, "three", 0, 13);
	fixture_commit(f);
	return 0;
}

static int close_tree(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	fixture_sound(f);
	return fixture_close(state);
}

static void expect_path(struct fixture *f, int64_t dir, const char *path)
{
	AUTO_FREE char *got = fixture_path(f, dir);

	if (!path) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, path);
}

static void test_put_twice(void **state)
{
	struct fixture *f = *state;
	int64_t clock = db_clock(f->db);

	fixture_dir(f, 2, 1, "a");
	fixture_file(f, 2, "one", 0, 11);
	assert_int_equal(db_clock(f->db), clock);
	fixture_file(f, 2, "one", 0, 99);
	assert_int_equal(db_clock(f->db), clock + 1);
	/* Nothing goes below a directory that is gone. */
	fixture_dir(f, 9, 77, "lost");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir WHERE id = 9"), 0);
	struct ident ident = {.ino = 1};
	struct file_change c = {.dir = 77, .name = "lost", .ident = &ident};
	assert_int_equal(tree_file_put(f->db, &c), ST_NOT_FOUND);
	/* Nor with a document that is gone, and the transaction survives it. */
	c.dir = 2;
	c.document = 12345;
	assert_int_equal(tree_file_put(f->db, &c), ST_NOT_FOUND);
	c.name = "one";
	assert_int_equal(tree_file_put(f->db, &c), ST_NOT_FOUND);
	fixture_commit(f);
}

static void test_paths(void **state)
{
	struct fixture *f = *state;
	int64_t top;
	struct dir_row row = {.id = 50, .name = "", .ident = {.ino = 1}};
	struct tree_place place;

	expect_path(f, 1, "/r");
	expect_path(f, 4, "/r/a/deep");
	expect_path(f, 4, "/r/a/deep");
	expect_path(f, 99, NULL);
	assert_ok(tree_root_put(f->db, "/", "top", &top));
	row.root = top;
	assert_ok(tree_dir_put(f->db, &row));
	row.id = 51;
	row.parent = 50;
	row.name = "etc";
	assert_ok(tree_dir_put(f->db, &row));
	expect_path(f, 50, "/");
	expect_path(f, 51, "/etc");
	assert_ok(tree_resolve(f->db, "/etc", &place));
	assert_int_equal(place.dir, 51);
	/* The innermost root has it. */
	assert_ok(tree_resolve(f->db, "/r/a/deep/two", &place));
	assert_false(place.is_dir);
	assert_int_equal(place.root, f->root);
	assert_int_equal(place.dir, 4);
	assert_string_equal(place.name, "two");
	assert_int_equal(place.file.ident.ino, 12);
	assert_ok(tree_resolve(f->db, "/r", &place));
	assert_true(place.is_dir);
	assert_int_equal(place.dir, 1);
	assert_int_equal(tree_resolve(f->db, "/r/a/one/x", &place), ST_NOT_FOUND);
	assert_int_equal(tree_resolve(f->db, "/r/a/nothing", &place), ST_NOT_FOUND);
	assert_int_equal(tree_resolve(f->db, "/elsewhere/a", &place), ST_NOT_FOUND);
}

static void test_swap(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		assert_ok(tree_dir_move(f->db, 2, f->root, 1, i % 2 ? "a" : "b"));
		expect_path(f, 3, NULL); /* pushed out */
		assert_ok(tree_dir_move(f->db, 3, f->root, 1, i % 2 ? "b" : "a"));
	}
	expect_path(f, 2, "/r/b");
	expect_path(f, 3, "/r/a");
	expect_path(f, 4, "/r/b/deep");
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir"), 4);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM tombstone"
					" WHERE path NOT IN (x'2f722f61', x'2f722f62')"),
		0);
}

static void test_detach(void **state)
{
	struct fixture *f = *state;

	assert_ok(tree_dir_detach(f->db, 2));
	assert_ok(tree_dir_detach(f->db, 2)); /* twice is once */
	assert_ok(tree_dir_detach(f->db, 88)); /* and never mind */
	expect_path(f, 2, NULL);
	expect_path(f, 4, NULL);
	fixture_commit(f);
	fixture_dir(f, 5, 1, "a");
	assert_ok(tree_dir_move(f->db, 2, f->root, 3, "back"));
	expect_path(f, 4, "/r/b/back/deep");
	/* A crash leaves it detached: it goes at the next start, with what is in it. */
	assert_ok(tree_dir_detach(f->db, 2));
	fixture_commit(f);
	assert_ok(tree_sweep_detached(f->db));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir WHERE id IN (2, 4)"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 1);
	fixture_commit(f);
}

/* A tree that goes row by row, with commits in between: nothing is left, nothing goes twice, each has its tombstone. */
static void test_fell_in_steps(void **state)
{
	struct fixture *f = *state;
	bool gone = false;
	int steps = 0;

	fixture_file(f, 4, "three", 0, 31);
	fixture_file(f, 4, "four", 0, 32);
	assert_ok(tree_dir_detach(f->db, 2));
	fixture_commit(f);
	while (!gone) {
		int64_t most = 1;

		assert_true(++steps < 20);
		assert_ok(tree_dir_fell(f->db, 2, &most, &gone));
		assert_true(most == 0 || gone);
		fixture_commit(f);
	}
	assert_int_equal(steps, 6); /* two directories, four files */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 1);
	assert_int_equal(fixture_int(f,
				 "SELECT count(DISTINCT path) FROM tombstone WHERE path >= CAST('/r/a' AS BLOB)"
				 " AND path < CAST('/r/b' AS BLOB)"),
		6);
	int64_t most = 7;
	assert_ok(tree_dir_fell(f->db, 2, &most, &gone)); /* and never mind */
	assert_true(gone && most == 7);
}

/* What pushed a directory out lives at its path: deleting the old one must not bury the new once more. */
static void test_delete_pushed_out(void **state)
{
	struct fixture *f = *state;

	fixture_file(f, 3, "one", 0, 21); /* in both */
	assert_ok(tree_dir_move(f->db, 3, f->root, 1, "a"));
	assert_ok(tree_dir_delete(f->db, 2));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM tombstone WHERE path = x'2f722f61'"), 1);
	assert_int_equal(
		fixture_int(f, "SELECT count(*) FROM tombstone WHERE path = CAST('/r/a/one' AS BLOB)"), 0);
	assert_int_equal(fixture_int(f,
				 "SELECT count(*) FROM tombstone WHERE path IN"
				 " (CAST('/r/a/deep' AS BLOB), CAST('/r/a/deep/two' AS BLOB))"),
		2);
	fixture_commit(f);
}

static void test_circle(void **state)
{
	struct fixture *f = *state;

	assert_ok(tree_dir_move(f->db, 2, f->root, 4, "inside"));
	expect_path(f, 4, NULL); /* detached, to be found again */
	assert_ok(tree_dir_move(f->db, 2, f->root, 1, "a"));
	expect_path(f, 4, "/r/a/deep");
	fixture_commit(f);
}

static void test_other_root(void **state)
{
	struct fixture *f = *state;
	int64_t other;
	struct dir_row row = {.id = 60, .name = "", .ident = {.ino = 1}};

	assert_ok(tree_root_put(f->db, "/other", "other", &other));
	row.root = other;
	assert_ok(tree_dir_put(f->db, &row));
	assert_ok(tree_dir_move(f->db, 2, other, 60, "moved"));
	expect_path(f, 4, "/other/moved/deep");
	fixture_commit(f);
	assert_ok(tree_root_delete(f->db, f->root));
	expect_path(f, 4, "/other/moved/deep");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir"), 3);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM root"), 1);
	fixture_commit(f);
}

static void test_delete(void **state)
{
	struct fixture *f = *state;
	int64_t clock = db_clock(f->db);

	assert_ok(tree_dir_delete(f->db, 2));
	assert_ok(tree_dir_delete(f->db, 2));
	assert_ok(tree_file_delete(f->db, 3, "three"));
	assert_ok(tree_file_delete(f->db, 3, "three"));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM tombstone"), 5);
	assert_int_equal(db_clock(f->db), clock + 5);
	assert_int_equal(fixture_int(f,
				 "SELECT count(*) FROM tombstone WHERE dir = 0 AND path IN (CAST('/r/a/one' AS BLOB),"
				 " CAST('/r/a/deep/two' AS BLOB), CAST('/r/b/three' AS BLOB))"),
		3);
	fixture_commit(f);
	int64_t last = fixture_int(f, "SELECT max(clock) FROM tombstone"), horizon;
	assert_ok(tree_sweep_tombstones(f->db, 1));
	assert_ok(tombstones_horizon(f->db, &horizon));
	assert_int_equal(horizon, 0);
	assert_ok(tree_sweep_tombstones(f->db, INT64_MAX));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM tombstone"), 0);
	assert_ok(tombstones_horizon(f->db, &horizon));
	assert_int_equal(horizon, last);
	assert_ok(tree_sweep_tombstones(f->db, INT64_MAX));
	assert_ok(tombstones_horizon(f->db, &horizon));
	assert_int_equal(horizon, last);
}

static void test_file_move(void **state)
{
	struct fixture *f = *state;
	struct file_row row;
	int64_t one = fixture_int(f, "SELECT id FROM file WHERE ino = 11");

	assert_int_equal(tree_file_move(f->db, 2, "nothing", 3, "x"), ST_NOT_FOUND);
	assert_int_equal(tree_file_move(f->db, 2, "one", 77, "x"), ST_NOT_FOUND);
	assert_ok(tree_file_move(f->db, 2, "one", 3, "three"));
	assert_ok(tree_find_file(f->db, 3, "three", &row));
	assert_int_equal(row.id, one);
	assert_int_equal(tree_find_file(f->db, 2, "one", &row), ST_NOT_FOUND);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM name_word('one')"), 0);
	assert_int_equal(fixture_int(f, "SELECT rowid FROM name_word('three')"), one);
	assert_ok(tree_file_move(f->db, 3, "three", 3, "Hello.TXT"));
	assert_int_equal(fixture_int(f, "SELECT ext = 'txt' FROM file WHERE ino = 11"), 1);
	assert_int_equal(fixture_int(f, "SELECT rowid FROM name_part WHERE name LIKE '%ello.t%'"), one);
	fixture_commit(f);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct ident ident = {.ino = 30, .nlink = 2};
	struct file_failure failure = {.converter = "pdf",
		.reason = "crashed",
		.detail = "it crashed",
		.output = "oh",
		.attempts = 2,
		.next_try = 100};
	struct file_change c = {.dir = 2,
		.name = "bad",
		.ident = &ident,
		.state = FILE_FAILED,
		.failure = &failure};
	struct file_row row;
	AUTO_BUF name = BUF_INIT;

	assert_ok(tree_file_put(f->db, &c));
	assert_ok(tree_find_file(f->db, 2, "bad", &row));
	assert_int_equal(row.next_try, 100);
	assert_int_equal(row.state, FILE_FAILED);
	assert_ok(tree_find_file_id(f->db, row.id, &row, &name));
	assert_string_equal(row.name, "bad");
	assert_int_equal(row.dir, 2);
	c.failure = NULL;
	c.state = FILE_BINARY;
	assert_ok(tree_file_put(f->db, &c));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM failure"), 0);
	c.failure = &failure;
	assert_ok(tree_file_put(f->db, &c));
	assert_ok(tree_file_delete(f->db, 2, "bad"));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM failure"), 0);
	fixture_commit(f);
}

struct names {
	char text[256];
	int count;
};

static bool add_name(void *arg, int64_t dir, const char *name)
{
	struct names *n = arg;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof n->text - len, "%lld/%s ", (long long)dir, name);
	n->count++;
	return true;
}

static void test_due_and_links(void **state)
{
	struct fixture *f = *state;
	struct file_failure failure = {
		.converter = "x", .reason = "r", .detail = "", .output = "", .next_try = 100};
	struct ident ident = {.ino = 30, .nlink = 2};
	struct file_change c = {.dir = 2, .name = "due", .ident = &ident, .failure = &failure};
	struct names names = {"", 0};

	c.state = FILE_FAILED;
	assert_ok(tree_file_put(f->db, &c));
	c.name = "later";
	failure.next_try = 200;
	assert_ok(tree_file_put(f->db, &c));
	c.name = "gone";
	c.state = FILE_UNAVAILABLE;
	c.failure = NULL;
	assert_ok(tree_file_put(f->db, &c));
	assert_ok(tree_each_due(f->db, 99, false, 10, add_name, &names));
	assert_string_equal(names.text, "");
	assert_ok(tree_each_due(f->db, 100, false, 10, add_name, &names));
	assert_string_equal(names.text, "2/due ");
	names = (struct names){"", 0};
	assert_ok(tree_each_due(f->db, 300, true, 10, add_name, &names));
	assert_int_equal(names.count, 3);
	assert_ok(tree_each_due(f->db, 300, true, 2, add_name, &names));
	assert_int_equal(names.count, 5);
	names = (struct names){"", 0};
	assert_ok(tree_each_link(f->db, &ident, add_name, &names)); /* all as they were read */
	assert_int_equal(names.count, 0);
	ident.ctime_ns = 1;
	assert_ok(tree_each_link(f->db, &ident, add_name, &names));
	assert_int_equal(names.count, 3);
	ident.ino = 11;
	ident.nlink = 1; /* nobody else has it, and nobody had it with others */
	assert_ok(tree_each_link(f->db, &ident, add_name, &names));
	assert_int_equal(names.count, 3);
	ident.nlink = 2;
	assert_ok(tree_each_link(f->db, &ident, add_name, &names)); /* whatever its link count says */
	assert_int_equal(names.count, 4);
	fixture_commit(f);
}

static void test_touch(void **state)
{
	struct fixture *f = *state;
	struct ident ident = {.ino = 11, .size = 10, .nlink = 1, .mode = 0100600};
	int64_t clock = db_clock(f->db);
	struct file_row row;

	struct file_change change = {.dir = 2, .name = "nothing", .ident = &ident, .stamp_ns = 8};

	assert_int_equal(tree_file_touch(f->db, &change), ST_NOT_FOUND);
	change.name = "one";
	assert_ok(tree_file_touch(f->db, &change));
	assert_int_equal(db_clock(f->db), clock + 1);
	ident.ctime_ns = 5;
	ident.nlink = 2;
	change.stamp_ns = 9;
	assert_ok(tree_file_touch(f->db, &change)); /* these alone are nobody's business */
	assert_int_equal(db_clock(f->db), clock + 1);
	assert_ok(tree_find_file(f->db, 2, "one", &row));
	assert_int_equal(row.ident.mode, 0100600);
	assert_int_equal(row.stamp_ns, 9);
	assert_int_equal(row.ident.ctime_ns, 5);
	assert_int_equal(row.ident.nlink, 2);
	fixture_commit(f);
}

struct order {
	int64_t seen[16];
	int count;
	bool parents_first;
};

static bool note_dir(void *arg, const struct dir_row *row)
{
	struct order *o = arg;
	bool known = row->parent == 0;

	for (int i = 0; i < o->count; i++)
		known = known || o->seen[i] == row->parent;
	o->parents_first = o->parents_first && known;
	o->seen[o->count++] = row->id;
	return o->count < 16;
}

static bool note_root(void *arg, const struct root_row *row)
{
	struct root_row *out = arg;

	assert_string_equal(row->path, "/r");
	assert_string_equal(row->name, "r");
	*out = *row;
	return true;
}

static void test_each(void **state)
{
	struct fixture *f = *state;
	struct order order = {.parents_first = true};
	struct root_row root;

	/* 5 under 6, 6 under 2: parents are not the ones with the smaller number */
	fixture_dir(f, 5, 1, "x");
	fixture_dir(f, 6, 2, "y");
	assert_ok(tree_dir_move(f->db, 5, f->root, 6, "x"));
	assert_ok(tree_dir_detach(f->db, 3));
	assert_ok(tree_each_dir(f->db, note_dir, &order));
	assert_int_equal(order.count, 5);
	assert_true(order.parents_first);
	assert_ok(tree_root_state(f->db, f->root, "12345678", 8, true));
	assert_ok(tree_each_root(f->db, note_root, &root));
	assert_int_equal(root.dir, 1);
	assert_int_equal(root.fsid_len, 8);
	assert_true(root.offline);
	assert_ok(tree_dir_move(f->db, 3, f->root, 1, "b"));
	fixture_commit(f);
}

/* --- random changes against a model -------------------------------------------------------- */

enum { DIRS = 24, NAMES = 12, FILES = 200 };
static const char *const names[NAMES] = {"a", "b", "Readme.TXT", "read me", "\xff\xfe", "-x", "$(id)",
	"Straße.md", "x\ny", "notes.md", "ÄÖÜ", "archive.tar.gz"};

struct model {
	struct {
		bool used, detached;
		int parent, name;
	} dirs[DIRS]; /* by id; 1 is the root's own */
	struct {
		int dir, name; /* dir 0: free */
		uint64_t ino;
	} files[FILES];
};

static bool model_is_below(const struct model *m, int dir, int above)
{
	for (; dir; dir = m->dirs[dir].detached ? 0 : m->dirs[dir].parent)
		if (dir == above)
			return true;
	return false;
}

static int model_occupant(const struct model *m, int parent, int name)
{
	for (int i = 2; i < DIRS; i++)
		if (m->dirs[i].used && !m->dirs[i].detached && m->dirs[i].parent == parent &&
			m->dirs[i].name == name)
			return i;
	return 0;
}

static int model_file(const struct model *m, int dir, int name)
{
	for (int i = 0; i < FILES; i++)
		if (m->files[i].dir == dir && m->files[i].name == name)
			return i;
	return -1;
}

static void model_delete(struct model *m, int dir)
{
	for (int i = 0; i < FILES; i++)
		if (m->files[i].dir == dir)
			m->files[i].dir = 0;
	m->dirs[dir].used = false;
	for (int i = 2; i < DIRS; i++)
		if (m->dirs[i].used && !m->dirs[i].detached && m->dirs[i].parent == dir)
			model_delete(m, i);
}

static void model_place(struct model *m, int dir, int parent, int name)
{
	int there = model_occupant(m, parent, name);

	if (there && there != dir)
		m->dirs[there].detached = true;
	m->dirs[dir].used = true;
	m->dirs[dir].detached = false;
	m->dirs[dir].parent = parent;
	m->dirs[dir].name = name;
}

static int used_dir(const struct model *m, uint64_t *seed)
{
	int dir;

	do
		dir = 1 + (int)fixture_random(seed, DIRS - 1);
	while (!m->dirs[dir].used);
	return dir;
}

static void change_dir(struct fixture *f, struct model *m, uint64_t *seed)
{
	int dir = 2 + (int)fixture_random(seed, DIRS - 2), parent = used_dir(m, seed);
	int name = (int)fixture_random(seed, NAMES);

	if (!m->dirs[dir].used) {
		fixture_dir(f, dir, parent, names[name]);
		model_place(m, dir, parent, name);
	} else if (fixture_random(seed, 8) == 0) {
		assert_ok(tree_dir_delete(f->db, dir));
		model_delete(m, dir);
	} else if (fixture_random(seed, 8) == 0) {
		assert_ok(tree_dir_detach(f->db, dir));
		m->dirs[dir].detached = true;
	} else if (!model_is_below(m, parent, dir)) {
		assert_ok(tree_dir_move(f->db, dir, f->root, parent, names[name]));
		model_place(m, dir, parent, name);
	}
}

static void change_file(struct fixture *f, struct model *m, uint64_t *seed)
{
	int dir = used_dir(m, seed), name = (int)fixture_random(seed, NAMES);
	int to_dir = used_dir(m, seed), to = (int)fixture_random(seed, NAMES);
	int at = model_file(m, dir, name), there = model_file(m, to_dir, to);
	uint64_t ino = 1 + fixture_random(seed, 1000000);

	if (at < 0) {
		at = model_file(m, 0, 0);
		for (int i = 0; at < 0 && i < FILES; i++)
			if (!m->files[i].dir)
				at = i;
		if (at < 0)
			return;
		fixture_file(f, dir, names[name], 0, ino);
		m->files[at].dir = dir;
		m->files[at].name = name;
		m->files[at].ino = ino;
	} else if (fixture_random(seed, 3) == 0) {
		assert_ok(tree_file_delete(f->db, dir, names[name]));
		m->files[at].dir = 0;
	} else {
		assert_ok(tree_file_move(f->db, dir, names[name], to_dir, names[to]));
		if (there >= 0 && there != at)
			m->files[there].dir = 0;
		m->files[at].dir = to_dir;
		m->files[at].name = to;
	}
}

static bool model_path(const struct model *m, int dir, struct buf *out)
{
	if (m->dirs[dir].detached)
		return false;
	if (dir == 1) {
		buf_adds(out, "/r");
		return true;
	}
	if (!model_path(m, m->dirs[dir].parent, out))
		return false;
	buf_addc(out, '/');
	buf_adds(out, names[m->dirs[dir].name]);
	return true;
}

static void compare(struct fixture *f, const struct model *m)
{
	int dirs = 0, files = 0;
	struct file_row row;

	for (int i = 1; i < DIRS; i++) {
		AUTO_BUF path = BUF_INIT;

		if (!m->dirs[i].used)
			continue;
		dirs++;
		expect_path(f, i, model_path(m, i, &path) ? path.data : NULL);
	}
	for (int i = 0; i < FILES; i++) {
		if (!m->files[i].dir)
			continue;
		files++;
		assert_ok(tree_find_file(f->db, m->files[i].dir, names[m->files[i].name], &row));
		assert_int_equal(row.ident.ino, m->files[i].ino);
	}
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM dir"), dirs);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file"), files);
}

/*
 * Both name indexes against a look at every name.  (Two characters of two bytes each would find nothing: SQLite 3.40
 * takes them for long enough to use the trigrams.  Search scans for patterns that short.)
 */
static void compare_names(struct fixture *f)
{
	static const char *const parts[] = {"read", "me", "stra", "ß", ".md", "archive", "id", "äöü", "x"};
	char sql[512];

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		snprintf(sql, sizeof sql,
			"SELECT (SELECT group_concat(rowid) FROM (SELECT rowid FROM name_part WHERE name LIKE '%%%s%%'"
			" ORDER BY rowid)) IS (SELECT group_concat(id) FROM (SELECT id, name FROM file"
			" UNION ALL SELECT id + (1 << 41), name FROM dir WHERE parent IS NOT NULL ORDER BY id)"
			" WHERE instr(trawl_fold(name), '%s'))",
			parts[i], parts[i]);
		if (fixture_int(f, sql) != 1)
			fail_msg("name_part is wrong for '%s'", parts[i]);
	}
	assert_int_equal(fixture_int(f,
				 "SELECT (SELECT count(*) FROM name_word('readme') WHERE rowid < 1 << 41) ="
				 " (SELECT count(*) FROM file WHERE trawl_fold(name) LIKE 'readme.%')"),
		1);
}

static void test_random(void **state)
{
	struct fixture *f = *state;
	static struct model m, before;
	uint64_t seed = 88172645463325252u;

	assert_ok(tree_dir_delete(f->db, 2));
	assert_ok(tree_dir_delete(f->db, 3));
	fixture_commit(f);
	m = (struct model){0};
	m.dirs[1].used = true;
	before = m;
	for (int i = 1; i <= 6000; i++) {
		if (fixture_random(&seed, 3))
			change_file(f, &m, &seed);
		else
			change_dir(f, &m, &seed);
		if (i % 40)
			continue;
		compare(f, &m);
		if (fixture_random(&seed, 4) == 0) {
			db_rollback(f->db);
			m = before;
		} else {
			assert_ok(db_commit(f->db));
			before = m;
		}
		if (i % 600 == 0) {
			fixture_sound(f);
			compare_names(f);
		}
		assert_ok(db_begin(f->db));
		compare(f, &m);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_tree, close_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put_twice),
		TEST(test_paths),
		TEST(test_swap),
		TEST(test_detach),
		TEST(test_fell_in_steps),
		TEST(test_delete_pushed_out),
		TEST(test_circle),
		TEST(test_other_root),
		TEST(test_delete),
		TEST(test_file_move),
		TEST(test_failures),
		TEST(test_due_and_links),
		TEST(test_touch),
		TEST(test_each),
		TEST(test_random),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
