/* test_slots: what a daemon that died leaves behind, and what the next one makes of it. */
#include "pipeline/slots.h"

#include "core/log.h"
#include "core/mem.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORKERS = 3, SLOT_BYTES = 8192 };

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/trawl-slots-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct slots *open_slots(void)
{
	struct slots *s = NULL;

	assert_int_equal(slots_open(dir, WORKERS, &s), ST_OK);
	return s;
}

/* A job as slots sees one; strings are borrowed. */
struct paths {
	char root[32], path[64];
};
static struct job job_of(
	struct paths *p, const char *root, const char *path, enum job_reason reason)
{
	snprintf(p->root, sizeof p->root, "%s", root);
	snprintf(p->path, sizeof p->path, "%s", path);
	return (struct job){.root_path = p->root, .path = p->path, .reason = reason};
}

static void set(struct slots *s, int i, const char *root, const char *path)
{
	struct paths p;
	struct job j = job_of(&p, root, path, JOB_NEW);

	slots_set(s, i, &j);
}

static void alone(struct slots *s, const char *root, const char *path, bool is)
{
	struct paths p;
	struct job j = job_of(&p, root, path, JOB_SUSPECT);

	slots_alone(s, &j, is);
}

static void clear_suspect(struct slots *s, const char *root, const char *path)
{
	struct paths p;
	struct job j = job_of(&p, root, path, JOB_SUSPECT);

	slots_clear_suspect(s, &j);
}

/* Runs `live` in a process that then dies as a killed one does: nothing is closed, nothing flushed.
 */
static void die_after(void (*live)(struct slots *s))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct slots *s = NULL;

		if (slots_open(dir, WORKERS, &s) != ST_OK)
			_exit(1);
		live(s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Charges of that suspect, -1 if it is none. */
static int charges(const struct slots *s, const char *root, const char *path)
{
	const struct suspect *list;
	size_t n = slots_suspects(s, &list);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].root_path, root) && !strcmp(list[i].path, path))
			return list[i].charges;
	return -1;
}

static size_t count(const struct slots *s)
{
	const struct suspect *list;

	return slots_suspects(s, &list);
}

static void test_fresh(void **state)
{
	struct slots *s = open_slots();
	struct stat st;
	char file[96];

	(void)state;
	assert_int_equal(count(s), 0);
	snprintf(file, sizeof file, "%s/inflight", dir);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	slots_close(s);
	slots_close(NULL);
	s = open_slots();
	assert_int_equal(count(s), 0);
	slots_close(s);
}

static void two_in_flight(struct slots *s)
{
	set(s, 0, "/r", "done.txt");
	slots_clear(s, 0);
	set(s, 0, "/r", "a/b.txt");
	set(s, 1, "/other", "c d.txt");
	set(s, 2, "/r", "finished.txt");
	slots_clear(s, 2);
}

static void test_death(void **state)
{
	(void)state;
	die_after(two_in_flight);
	struct slots *s = open_slots();
	assert_int_equal(count(s), 2);
	assert_int_equal(charges(s, "/r", "a/b.txt"), 0);
	assert_int_equal(charges(s, "/other", "c d.txt"), 0);
	slots_close(s);
}

static void nothing(struct slots *s)
{
	(void)s;
}

/* Until they have run they stay suspects, through any number of deaths, uncharged. */
static void test_kept(void **state)
{
	(void)state;
	die_after(two_in_flight);
	for (int i = 0; i < 5; i++)
		die_after(nothing);
	struct slots *s = open_slots();
	assert_int_equal(count(s), 2);
	assert_int_equal(charges(s, "/r", "a/b.txt"), 0);
	slots_close(s); /* a clean end does not clear them either */
	s = open_slots();
	assert_int_equal(count(s), 2);
	clear_suspect(s, "/r", "not one");
	clear_suspect(s, "/x", "a/b.txt");
	clear_suspect(s, "/r", "a/b.txt");
	slots_close(s);
	s = open_slots();
	assert_int_equal(count(s), 1);
	assert_int_equal(charges(s, "/other", "c d.txt"), 0);
	clear_suspect(s, "/other", "c d.txt");
	slots_close(s);
	s = open_slots();
	assert_int_equal(count(s), 0);
	slots_close(s);
}

static void run_alone(struct slots *s)
{
	alone(s, "/r", "a/b.txt", true);
}

static void run_alone_through(struct slots *s)
{
	alone(s, "/r", "a/b.txt", true);
	alone(s, "/r", "a/b.txt", false);
	alone(s, "/other", "c d.txt", true);
}

/* Only the one that ran alone is charged, once a death. */
static void test_charges(void **state)
{
	(void)state;
	die_after(two_in_flight);
	die_after(run_alone);
	die_after(run_alone);
	struct slots *s = open_slots();
	assert_int_equal(charges(s, "/r", "a/b.txt"), 2);
	assert_int_equal(charges(s, "/other", "c d.txt"), 0);
	slots_close(s);
	die_after(run_alone_through);
	s = open_slots();
	assert_int_equal(charges(s, "/r", "a/b.txt"), 2);
	assert_int_equal(charges(s, "/other", "c d.txt"), 1);
	slots_close(s);
}

static void a_suspect_and_another(struct slots *s)
{
	struct paths p;
	struct job j = job_of(&p, "/r", "a/b.txt", JOB_SUSPECT);

	slots_set(s, 0, &j); /* has a slot of its own: no second entry */
	set(s, 1, "/r", "new.txt");
}

static void test_more_suspects(void **state)
{
	(void)state;
	die_after(two_in_flight);
	die_after(a_suspect_and_another);
	struct slots *s = open_slots();
	assert_int_equal(count(s), 3);
	assert_int_equal(charges(s, "/r", "new.txt"), 0);
	slots_close(s);
}

/* Longer than the file has room for: left out, and the slot before it is not spoilt. */
static void test_long_path(void **state)
{
	static char long_path[SLOT_BYTES + 10], fits[SLOT_BYTES - 16 - 4];
	static char root[] = "/r";
	struct slots *s = open_slots();
	struct job j = {.root_path = root, .path = long_path, .reason = JOB_NEW};

	(void)state;
	memset(long_path, 'x', sizeof long_path - 1);
	memset(fits, 'y', sizeof fits - 1);
	slots_set(s, 0, &j);
	j.path = fits;
	slots_set(s, 1, &j);
	slots_close(s);
	s = open_slots();
	assert_int_equal(count(s), 1);
	assert_int_equal(charges(s, "/r", fits), 0);
	slots_close(s);
}

/* --- a file that says something else
 * ---------------------------------------------------------------- */

static void write_file(const void *bytes, size_t n)
{
	char file[96];

	snprintf(file, sizeof file, "%s/inflight", dir);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

/* The four numbers that open a slot, then the path. */
static void forge(unsigned char *slot, uint32_t used, uint32_t root_len, const char *path)
{
	const uint32_t head[4] = {used, 0, 0, root_len};

	memset(slot, 0, SLOT_BYTES);
	memcpy(slot, head, sizeof head);
	memcpy(slot + sizeof head, path, strlen(path) + 1);
}

static void test_corrupt(void **state)
{
	enum { SLOTS = 6 };
	static unsigned char file[SLOTS * SLOT_BYTES];

	(void)state;
	forge(file, 1, 2, "/r/good.txt");
	forge(file + SLOT_BYTES, 7, 2, "/r/odd.txt");
	forge(file + 2 * SLOT_BYTES, 1, 0, "/r/no-root.txt");
	forge(file + 3 * SLOT_BYTES, 1, UINT32_MAX, "/r/far.txt");
	forge(file + 4 * SLOT_BYTES, 1, 8000, "/r/behind-its-end.txt");
	memset(file + 5 * SLOT_BYTES, 0xff, SLOT_BYTES);
	memset(file + 5 * SLOT_BYTES, 1, 1); /* used, and no end of the path */
	memset(file + 5 * SLOT_BYTES + 1, 0, 3);
	write_file(file, sizeof file);
	struct slots *s = open_slots();
	assert_int_equal(count(s), 1);
	assert_int_equal(charges(s, "/r", "good.txt"), 0);
	slots_close(s);
}

static void test_garbage(void **state)
{
	static unsigned char file[300 * SLOT_BYTES];

	(void)state;
	memset(file, 0xa5, sizeof file);
	write_file(file, sizeof file);
	struct slots *s = open_slots();
	assert_int_equal(count(s), 0);
	slots_close(s);
	for (int i = 0; i < 300; i++)
		forge(file + i * SLOT_BYTES, 1, 2, "/r/x");
	write_file(file, sizeof file);
	s = open_slots();
	assert_in_range(count(s), 1, 256); /* bounded */
	slots_close(s);
}

static void test_short(void **state)
{
	unsigned char slot[SLOT_BYTES];
	static const size_t sizes[] = {0, 1, 15, SLOT_BYTES - 1};

	(void)state;
	forge(slot, 1, 2, "/r/cut.txt");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		write_file(slot, sizes[i]);
		struct slots *s = open_slots();

		assert_int_equal(count(s), 0);
		set(s, WORKERS - 1, "/r", "later.txt"); /* the new file has its full size */
		slots_clear(s, WORKERS - 1);
		slots_close(s);
	}
}

static void test_no_memory(void **state)
{
	struct slots *s = NULL;
	enum status st = ST_NOMEM;

	(void)state;
	die_after(two_in_flight);
	for (unsigned long nth = 1; st == ST_NOMEM; nth++) {
		mem_fail_at(nth, 0);
		st = slots_open(dir, WORKERS, &s);
		mem_fail_at(0, 0);
	}
	assert_int_equal(st, ST_OK);
	assert_int_equal(count(s), 2); /* no failure lost them */
	slots_close(s);
}

static void test_no_directory(void **state)
{
	struct slots *s = NULL;

	(void)state;
	assert_int_equal(slots_open("/nonexistent/state", WORKERS, &s), ST_SYSTEM);
	assert_null(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fresh),
		TEST(test_death),
		TEST(test_kept),
		TEST(test_charges),
		TEST(test_more_suspects),
		TEST(test_long_path),
		TEST(test_corrupt),
		TEST(test_garbage),
		TEST(test_short),
		TEST(test_no_memory),
		TEST(test_no_directory),
	};

	log_init(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
