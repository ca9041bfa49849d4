/*
 * test_scan: real directories against a real store: every kind of difference comes back as the
 * right entry, and what does not differ does not come back.
 */
#include "convert_conf.h"
#include "store_fixture.h"
#include "watch/scan.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROOT_DIR = 1, SUB_DIR = 2, ENTRIES_MAX = 16384 };

static struct fixture *f;
static struct db *reader;
static struct rules *rules;
static struct config *config;
static char *root;

static void write_file(const char *name, const char *text)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void make_dir(const char *name)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

static void rename_file(const char *from, const char *to)
{
	AUTO_FREE char *a = mem_printf("%s/%s", root, from), *b = mem_printf("%s/%s", root, to);

	assert_int_equal(rename(a, b), 0);
}

static void remove_file(const char *name)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);

	assert_int_equal(remove(path), 0);
}

static struct ident ident_of(const char *name)
{
	struct ident id;
	AUTO_FREE char *path = mem_printf("%s/%s", root, name);

	assert_int_equal(ident_at(AT_FDCWD, path, &id), 0);
	return id;
}

/* Beside the state directory, in memory, with one converter, for .txt. */
static int set_up(void **state)
{
	if (setenv("TMPDIR", "/dev/shm", 1) || fixture_open(state))
		return -1;
	f = *state;
	root = mem_printf("%s/tree", f->top);
	assert_int_equal(mkdir(root, 0755), 0);
	config = convert_conf(f->top, "", "[converter text]\nrun = /bin/cat\nextensions = txt\n");
	assert_ok(rules_create(config, &rules));
	for (size_t i = 0; i < rules_count(rules); i++)
		rules_at(rules, i)->row_id = f->converter;
	assert_ok(db_open_reader(f->state, &reader));
	assert_ok(db_begin(f->db));
	fixture_dir(f, ROOT_DIR, 0, "");
	fixture_dir(f, SUB_DIR, ROOT_DIR, "sub");
	assert_ok(db_commit(f->db));
	return 0;
}

static int tear_down(void **state)
{
	db_close(reader);
	rules_unref(rules);
	config_unref(config);
	mem_free(root);
	return fixture_close(state);
}

/* As the writer would have it after the file was read just now, or, `racy`, within the tick of its
 * last change. */
static void index_file(int64_t dir, const char *path, enum file_state what, bool racy)
{
	const char *slash = strrchr(path, '/');
	struct ident id = ident_of(path);
	struct file_change c = {.dir = dir,
		.name = slash ? slash + 1 : path,
		.ident = &id,
		.stamp_ns = racy ? id.mtime_ns : id.mtime_ns + 1000000000,
		.state = what,
		.rule = what == FILE_NO_CONVERTER ? 0 : f->converter};

	assert_ok(db_begin(f->db));
	if (what == FILE_INDEXED)
		c.document = fixture_document(f, "", c.name, (unsigned)dir);
	assert_ok(tree_file_put(f->db, &c));
	assert_ok(db_commit(f->db));
}

static struct scan_task *task(int64_t dir, const char *path, bool whole)
{
	struct scan_task *t = scan_task_create();

	assert_non_null(t);
	t->dir = dir;
	t->root_path = mem_strdup(root);
	t->path = mem_strdup(path);
	t->is_root = !*path;
	t->whole = whole;
	return t;
}

static void ask_name(struct scan_task *t, const char *name, const struct scan_name *n)
{
	t->names = mem_resize(t->names, t->name_count + 1, sizeof *t->names);
	t->names[t->name_count] = *n;
	t->names[t->name_count++].name = mem_strdup(name);
}

#define ASK(t, name, ...) ask_name(t, name, &(struct scan_name){.rounds = 2, __VA_ARGS__})

static void run_batch(struct scan_batch *b)
{
	b->rules = rules;
	b->file_size_max = 100;
	thread_become(ROLE_SCAN);
	scan_run(b, reader);
	thread_become(ROLE_NONE);
	assert_false(b->store_trouble);
}

static void run(struct scan_task *t)
{
	struct scan_batch b = {.tasks = t, .inotify = -1};

	run_batch(&b);
	assert_null(b.untouched);
}

static struct scan_task *scan_root(void)
{
	struct scan_task *t = task(ROOT_DIR, "", true);

	run(t);
	assert_int_equal(t->outcome, SCAN_DONE);
	return t;
}

static const struct scan_entry *find(const struct scan_task *t, const char *name)
{
	const struct scan_entry *found = NULL;

	for (size_t i = 0; i < t->entry_count; i++)
		if (!strcmp(t->entries[i].name, name)) {
			assert_null(found);
			found = &t->entries[i];
		}
	return found;
}

static const struct scan_entry *expect(
	const struct scan_task *t, const char *name, enum entry_kind kind)
{
	const struct scan_entry *e = find(t, name);

	if (!e)
		fail_msg("no entry for %s", name);
	assert_int_equal(e->kind, kind);
	return e;
}

/* Where a directory may have taken a file's place, the file goes first, and the directory follows. */
static void expect_file_gone_dir_there(const struct scan_task *t, const char *name, bool row)
{
	size_t i = 0;

	while (i < t->entry_count && strcmp(t->entries[i].name, name))
		i++;
	assert_true(i + 1 < t->entry_count);
	const struct scan_entry *gone = &t->entries[i], *dir = gone + 1;
	assert_int_equal(gone->kind, ENTRY_GONE);
	assert_int_equal(gone->row, row);
	assert_true(gone->has_dir);
	assert_int_equal(dir->kind, ENTRY_DIR);
	assert_string_equal(dir->name, name);
}

static void test_new(void **state)
{
	(void)state;
	write_file("a.txt", "a");
	write_file("b.bin", "b");
	write_file("large.txt",
		"more than a hundred bytes, which this batch says is the most that a "
		"document may have to be read at all; so it is not");
	write_file(".hidden.txt", "h");
	make_dir("dir");
	make_dir(".git");
	AUTO_FREE char *link = mem_printf("%s/link.txt", root),
		       *fifo = mem_printf("%s/fifo.txt", root);
	assert_int_equal(symlink("a.txt", link), 0);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	struct scan_task *t = scan_root();
	const struct scan_entry *e = expect(t, "a.txt", ENTRY_READ);
	assert_int_equal(e->reason, JOB_NEW);
	assert_int_equal(e->rule, f->converter);
	assert_false(e->row);
	assert_int_equal(e->ident.ino, ident_of("a.txt").ino);
	assert_int_equal(expect(t, "b.bin", ENTRY_STATE)->state, FILE_NO_CONVERTER);
	assert_int_equal(expect(t, "large.txt", ENTRY_STATE)->state, FILE_TOO_LARGE);
	assert_true(expect(t, "large.txt", ENTRY_STATE)->stamp_ns > 0);
	assert_int_equal(expect(t, "dir", ENTRY_DIR)->ident.ino, ident_of("dir").ino);
	assert_int_equal(t->entry_count, 4);
	assert_int_equal(t->files, 3);
	assert_int_equal(t->ident.ino, ident_of(".").ino);
	assert_int_equal(t->fsid_len, 16);
	scan_task_destroy(t);
}

static void test_empty(void **state)
{
	struct scan_task *t = scan_root();

	(void)state;
	assert_int_equal(t->entry_count, 0);
	scan_task_destroy(t);
	scan_task_destroy(NULL);
}

static void test_unchanged(void **state)
{
	(void)state;
	write_file("a.txt", "a");
	write_file("b.bin", "b");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "b.bin", FILE_NO_CONVERTER, false);
	struct scan_task *t = scan_root();
	assert_int_equal(t->entry_count, 0);
	assert_int_equal(t->files, 2);
	scan_task_destroy(t);

	t = task(ROOT_DIR, "", true);
	t->force = true;
	run(t);
	expect(t, "a.txt", ENTRY_READ);
	assert_int_equal(t->entry_count, 1);
	scan_task_destroy(t);
}

static void test_changed(void **state)
{
	(void)state;
	write_file("size.txt", "a");
	write_file("mode.txt", "a");
	write_file("inode.txt", "a");
	write_file("racy.txt", "a");
	write_file("state.bin", "a");
	index_file(ROOT_DIR, "size.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "mode.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "inode.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "racy.txt", FILE_INDEXED, true);
	index_file(ROOT_DIR, "state.bin", FILE_NO_CONVERTER, false);
	write_file("size.txt", "ab");
	AUTO_FREE char *mode = mem_printf("%s/mode.txt", root);
	assert_int_equal(chmod(mode, 0600), 0);
	write_file("fresh", "a");
	rename_file("fresh", "inode.txt");
	write_file("state.bin", "ab");
	struct scan_task *t = scan_root();
	assert_int_equal(expect(t, "size.txt", ENTRY_READ)->reason, JOB_CHANGED);
	assert_true(find(t, "size.txt")->row);
	expect(t, "mode.txt", ENTRY_READ);
	expect(t, "inode.txt", ENTRY_READ);
	expect(t, "racy.txt", ENTRY_READ);
	expect(t, "state.bin", ENTRY_STATE);
	assert_int_equal(t->entry_count, 5);
	scan_task_destroy(t);

	t = task(ROOT_DIR, "", true); /* events have covered it: no second reading within a tick */
	t->trusted = true;
	run(t);
	assert_null(find(t, "racy.txt"));
	expect(t, "size.txt", ENTRY_READ);
	scan_task_destroy(t);
}

static void test_gone(void **state)
{
	(void)state;
	write_file("a.txt", "a");
	write_file("m.txt", "a");
	write_file("z.txt", "a");
	write_file("becomes-dir", "a");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "m.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "z.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "becomes-dir", FILE_NO_CONVERTER, false);
	struct ident was = ident_of("a.txt");
	remove_file("a.txt");
	remove_file("z.txt");
	remove_file("becomes-dir");
	make_dir("becomes-dir");
	struct scan_task *t = scan_root();
	assert_true(expect(t, "a.txt", ENTRY_GONE)->row);
	assert_int_equal(find(t, "a.txt")->ident.ino, was.ino);
	assert_true(expect(t, "z.txt", ENTRY_GONE)->row);
	assert_null(find(t, "m.txt"));
	expect_file_gone_dir_there(t, "becomes-dir", true);
	assert_int_equal(t->entry_count, 4);
	scan_task_destroy(t);
}

static void test_names(void **state)
{
	(void)state;
	write_file("same.txt", "a");
	write_file("new.txt", "a");
	write_file("not-asked.txt", "a");
	write_file("gone.txt", "a");
	write_file("forced.txt", "a");
	make_dir("dir");
	index_file(ROOT_DIR, "same.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "gone.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "forced.txt", FILE_INDEXED, false);
	remove_file("gone.txt");
	struct scan_task *t = task(ROOT_DIR, "", false);
	static char epoch_place;
	struct epoch *epoch = (struct epoch *)(void *)&epoch_place; /* only handed on */
	ASK(t, "same.txt");
	ASK(t, "new.txt", .born_us = 42, .epoch = epoch);
	ASK(t, "gone.txt");
	ASK(t, "never-was.txt");
	ASK(t, "forced.txt", .force = true, .reason = JOB_CLOSED);
	ASK(t, "dir");
	run(t);
	assert_int_equal(t->outcome, SCAN_DONE);
	assert_null(find(t, "same.txt"));
	assert_null(find(t, "not-asked.txt"));
	const struct scan_entry *e = expect(t, "new.txt", ENTRY_READ);
	assert_int_equal(e->born_us, 42);
	assert_ptr_equal(e->epoch, epoch);
	assert_true(expect(t, "gone.txt", ENTRY_GONE)->row);
	assert_false(
		expect(t, "never-was.txt", ENTRY_GONE)->row); /* it may have been a directory */
	e = expect(t, "forced.txt", ENTRY_READ);
	assert_true(e->force && e->row);
	assert_int_equal(e->reason, JOB_CLOSED);
	assert_int_equal(e->rounds, 2);
	expect_file_gone_dir_there(t, "dir", false);
	assert_int_equal(t->entry_count, 6);
	scan_task_destroy(t);
}

static void test_due(void **state)
{
	const int64_t now = now_real_s();
	struct file_failure failure = {.converter = "text",
		.reason = "crashed",
		.detail = "",
		.output = "",
		.attempts = 1,
		.next_try = now - 10};

	(void)state;
	write_file("due.txt", "a");
	write_file("later.txt", "a");
	assert_ok(db_begin(f->db));
	for (int i = 0; i < 2; i++) {
		const char *name = i ? "later.txt" : "due.txt";
		struct ident id = ident_of(name);
		struct file_change c = {.dir = ROOT_DIR,
			.name = name,
			.ident = &id,
			.stamp_ns = id.mtime_ns + 1000000000,
			.state = FILE_FAILED,
			.rule = f->converter,
			.failure = &failure};

		assert_ok(tree_file_put(f->db, &c));
		failure.next_try = now + 3600;
	}
	assert_ok(db_commit(f->db));
	struct scan_task *t = scan_root();
	assert_int_equal(expect(t, "due.txt", ENTRY_READ)->reason, JOB_RETRY);
	assert_null(find(t, "later.txt"));
	assert_int_equal(t->next_due, now + 3600);
	scan_task_destroy(t);
}

static void test_other_converter(void **state)
{
	(void)state;
	write_file("a.txt", "a");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	rules_at(rules, 0)->row_id = f->converter + 1; /* a new version of it */
	struct scan_task *t = scan_root();
	expect(t, "a.txt", ENTRY_READ);
	scan_task_destroy(t);
}

/* --- the directory itself ------------------------------------------------------------------------
 */

static void test_outcomes(void **state)
{
	struct scan_task *t = task(SUB_DIR, "sub", true);

	(void)state;
	run(t);
	assert_int_equal(t->outcome, SCAN_GONE);
	scan_task_destroy(t);

	make_dir("sub");
	t = task(SUB_DIR, "sub", true);
	t->expect = ident_of("sub");
	run(t);
	assert_int_equal(t->outcome, SCAN_DONE);
	scan_task_destroy(t);

	t = task(SUB_DIR, "sub", true);
	t->expect = ident_of("sub");
	t->expect.ino++; /* another directory has its place */
	run(t);
	assert_int_equal(t->outcome, SCAN_GONE);
	scan_task_destroy(t);

	rename_file("sub", "real");
	AUTO_FREE char *link = mem_printf("%s/sub", root);
	assert_int_equal(symlink("real", link), 0);
	t = task(SUB_DIR, "sub", true);
	run(t);
	assert_int_equal(t->outcome, SCAN_GONE);
	scan_task_destroy(t);
}

static void test_own_state(void **state)
{
	struct scan_task *t = task(ROOT_DIR, "", true);
	AUTO_FREE char *db = mem_printf("%s/index.db", f->state),
		       *link_path = mem_printf("%s/x.txt", root);

	(void)state;
	assert_int_equal(link(db, link_path), 0);
	mem_free(t->root_path);
	t->root_path = mem_strdup(f->top); /* the state directory is in it */
	run(t);
	assert_int_equal(t->outcome, SCAN_DONE);
	assert_null(find(t, "state"));
	expect(t, "tree", ENTRY_DIR);
	scan_task_destroy(t);
	t = scan_root();
	assert_null(find(t, "x.txt"));
	scan_task_destroy(t);
}

static void test_watch(void **state)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct scan_task *t = task(ROOT_DIR, "", true);
	struct scan_batch b = {.tasks = t, .inotify = fd};
	char events[4096];

	(void)state;
	t->watch = true;
	run_batch(&b);
	assert_true(t->wd > 0);
	write_file("a.txt", "a");
	assert_true(read(fd, events, sizeof events) > 0);
	scan_task_destroy(t);
	close(fd);
}

static void test_ignore_file(void **state)
{
	(void)state;
	write_file("a.txt", "a");
	write_file("b.txt", "b");
	write_file(".trawlignore", "a.txt\n");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	struct scan_task *t = scan_root();
	assert_true(t->ignore_changed);
	assert_non_null(t->ignore_now);
	assert_true(expect(t, "a.txt", ENTRY_GONE)->row); /* the rules count at once */
	expect(t, "b.txt", ENTRY_READ);
	assert_int_equal(t->entry_count, 2);
	AUTO_FREE char *path = mem_printf("%s/.trawlignore", root);
	assert_string_equal(ignore_source(t->ignore_now), path);
	struct ignore *known = ignore_ref(t->ignore_now);
	scan_task_destroy(t);

	nanosleep(&(struct timespec){0, 30000000}, NULL); /* so that its stamps are of the past */
	t = task(ROOT_DIR, "", true);
	t->ignore = ignore_ref(known);
	run(t);
	assert_false(t->ignore_changed);
	expect(t, "a.txt", ENTRY_GONE);
	scan_task_destroy(t);

	write_file(".trawlignore", "b.txt\n!a.txt\n");
	t = task(ROOT_DIR, "", true);
	t->ignore = ignore_ref(known);
	run(t);
	assert_true(t->ignore_changed);
	assert_null(find(t, "a.txt"));
	assert_null(find(t, "b.txt")); /* never was in the index */
	scan_task_destroy(t);

	remove_file(".trawlignore");
	t = task(ROOT_DIR, "", true);
	t->ignore = ignore_ref(known);
	run(t);
	assert_true(t->ignore_changed);
	assert_null(t->ignore_now);
	assert_null(find(t, "a.txt"));
	expect(t, "b.txt", ENTRY_READ);
	scan_task_destroy(t);
	ignore_unref(known);
}

/* Another file system below: entered or not as the root says. */
static void test_other_device(void **state)
{
	AUTO_FREE char *point = mem_printf("%s/mnt", root);

	(void)state;
	make_dir("mnt");
	if (mount("none", point, "tmpfs", 0, "size=64k")) {
		print_message("cannot mount here: %s\n", strerror(errno));
		return;
	}
	struct scan_task *t = scan_root();
	assert_int_equal(expect(t, "mnt", ENTRY_DIR)->fsid_len, 16);
	assert_true(find(t, "mnt")->ident.dev != t->ident.dev);
	scan_task_destroy(t);
	t = task(ROOT_DIR, "", true);
	t->one_filesystem = true;
	run(t);
	assert_null(find(t, "mnt"));
	scan_task_destroy(t);
	assert_int_equal(umount(point), 0);
	t = task(ROOT_DIR, "", true);
	t->one_filesystem = true;
	run(t);
	assert_int_equal(expect(t, "mnt", ENTRY_DIR)->fsid_len, 0);
	scan_task_destroy(t);
}

/* --- moves
 * ------------------------------------------------------------------------------------------ */

static void test_moved(void **state)
{
	(void)state;
	make_dir("sub");
	write_file("a.txt", "the same");
	write_file("b.txt", "changes on the way");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	index_file(ROOT_DIR, "b.txt", FILE_INDEXED, false);
	rename_file("a.txt", "sub/c.txt");
	rename_file("b.txt", "sub/d.txt");
	write_file("sub/d.txt", "another size");
	struct scan_task *from = task(ROOT_DIR, "", false), *to = task(SUB_DIR, "sub", false);
	ASK(from, "a.txt");
	ASK(from, "b.txt");
	ASK(to, "c.txt");
	ASK(to, "d.txt");
	from->next = to;
	run(from);
	const struct scan_entry *e = expect(to, "c.txt", ENTRY_MOVED);
	assert_ptr_equal(e->from_task, from);
	assert_string_equal(e->from, "a.txt");
	assert_int_equal(e->reason, JOB_VERIFY);
	assert_false(expect(from, "a.txt", ENTRY_GONE)->row); /* its row goes with the move */
	expect(to, "d.txt", ENTRY_READ);
	assert_true(expect(from, "b.txt", ENTRY_GONE)->row);
	scan_task_destroy(from);
	scan_task_destroy(to);
}

static void test_not_moved(void **state)
{
	(void)state;
	write_file("a.txt", "x");
	index_file(ROOT_DIR, "a.txt", FILE_INDEXED, false);
	AUTO_FREE char *a = mem_printf("%s/a.txt", root), *b = mem_printf("%s/b.txt", root),
		       *c = mem_printf("%s/c.txt", root);
	assert_int_equal(link(a, b), 0);
	assert_int_equal(link(a, c), 0);
	remove_file("a.txt"); /* two names are left: neither is the one place it went to */
	struct scan_task *t = scan_root();
	assert_true(expect(t, "a.txt", ENTRY_GONE)->row);
	expect(t, "b.txt", ENTRY_READ);
	expect(t, "c.txt", ENTRY_READ);
	scan_task_destroy(t);
}

/* --- many
 * ------------------------------------------------------------------------------------------- */

/* A directory larger than one answer: cut, and resumed behind the last entry; nothing twice,
 * nothing left out. */
static void test_cut(void **state)
{
	enum { FILES = ENTRIES_MAX + 3000, GONE = 500 };
	static unsigned char seen[FILES];
	char name[32];
	size_t dirs = 0, gone = 0, rounds = 0;
	AUTO_FREE char *after = NULL;

	(void)state;
	memset(seen, 0, sizeof seen);
	assert_ok(db_begin(f->db));
	for (int i = 0; i < GONE; i++) {
		snprintf(name, sizeof name, "gone%05d", i * 37);
		fixture_file(f, ROOT_DIR, name, 0, (uint64_t)i + 1);
	}
	assert_ok(db_commit(f->db));
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, i % 2 ? "f%05d.txt" : "h%05d.txt", i);
		write_file(name, "");
	}
	make_dir("a-dir");
	make_dir("z-dir");
	for (bool more = true; more; rounds++) {
		struct scan_task *t = task(ROOT_DIR, "", true);

		t->after = after;
		after = NULL;
		run(t);
		assert_int_equal(t->outcome, SCAN_DONE);
		dirs = 0;
		for (size_t i = 0; i < t->entry_count; i++) {
			const struct scan_entry *e = &t->entries[i];

			dirs += e->kind == ENTRY_DIR;
			gone += e->kind == ENTRY_GONE && e->row;
			if (e->kind == ENTRY_READ)
				assert_int_equal(seen[atoi(e->name + 1)]++, 0);
		}
		assert_int_equal(dirs, 2); /* all of them each time */
		assert_true(t->entry_count <= ENTRIES_MAX + 2);
		more = t->more;
		after = more ? mem_strdup(t->after) : NULL;
		scan_task_destroy(t);
	}
	assert_int_equal(rounds, 2);
	assert_int_equal(gone, GONE);
	for (int i = 0; i < FILES; i++)
		assert_int_equal(seen[i], 1);

	/* what was found is enough for one batch: the next task is handed back */
	struct scan_task *first = task(ROOT_DIR, "", true), *second = task(ROOT_DIR, "", true);
	struct scan_batch b = {.tasks = first, .inotify = -1};
	first->next = second;
	run_batch(&b);
	assert_ptr_equal(b.untouched, second);
	assert_null(first->next);
	assert_int_equal(second->entry_count, 0);
	scan_task_destroy(first);
	scan_task_destroy(second);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new),
		TEST(test_empty),
		TEST(test_unchanged),
		TEST(test_changed),
		TEST(test_gone),
		TEST(test_names),
		TEST(test_due),
		TEST(test_other_converter),
		TEST(test_outcomes),
		TEST(test_own_state),
		TEST(test_watch),
		TEST(test_ignore_file),
		TEST(test_other_device),
		TEST(test_moved),
		TEST(test_not_moved),
		TEST(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
