/*
 * test_intake: a document becomes a descriptor that shows exactly what was hashed,
 * and nothing else becomes one.
 */
#include "pipeline/intake.h"

#include "core/log.h"
#include "core/mem.h"
#include "dice.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE_MAX_OK INT64_MAX

/* The documents' root is beside the state directory: fixture top/docs. */
static char *root;

static int set_up(void **state)
{
	if (fixture_open(state))
		return -1;
	const struct fixture *f = *state;
	root = mem_printf("%s/docs", f->top);
	return root ? mkdir(root, 0755) : -1;
}

static int tear_down(void **state)
{
	mem_free(root);
	return fixture_close(state);
}

/* As a user's daemon opens it. */
static enum intake_verdict open_in(
	struct intake *in, const char *dir, const char *name, int64_t size_max, bool unstable_ok)
{
	const struct intake_rules rules = {.size_max = size_max, .unstable_ok = unstable_ok};

	return intake_open(in, dir, name, &rules);
}

static char *in_root(const char *name)
{
	char *path = mem_printf("%s/%s", root, name);

	assert_non_null(path);
	return path;
}

static void put(const char *name, const void *bytes, size_t n)
{
	AUTO_FREE char *path = in_root(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static enum intake_verdict try(const char *name, int64_t size_max)
{
	struct intake in;
	enum intake_verdict v = open_in(&in, root, name, size_max, false);

	intake_finish(&in);
	return v;
}

static char *noise(size_t n)
{
	struct dice dice = {n + 1};
	char *bytes = mem_alloc(n + 8);

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i += 8) {
		uint64_t roll = dice_roll(&dice);

		memcpy(bytes + i, &roll, 8);
	}
	return bytes;
}

static void holds(struct intake *in, const void *bytes, size_t n)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];
	AUTO_FREE char *got = mem_alloc(n + 1);

	assert_true(in->hashed);
	crypto_generichash(hash, sizeof hash, bytes, n, NULL, 0); /* BLAKE2b-256 */
	assert_memory_equal(in->hash, hash, sizeof hash);
	assert_int_equal(lseek(in->fd, 0, SEEK_CUR), 0);
	assert_int_equal(read(in->fd, got, n + 1), n);
	assert_memory_equal(got, bytes, n);
}

/* The hash is part of the store's format: a vector computed elsewhere (b2sum -l 256). */
static void test_hash(void **state)
{
	static const unsigned char abc[DOCUMENT_HASH_BYTES] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42,
		0x39, 0x72, 0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b,
		0xb1, 0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
	struct intake in;

	(void)state;
	put("abc.txt", "abc", 3);
	assert_int_equal(open_in(&in, root, "abc.txt", 3, false), INTAKE_READY);
	assert_memory_equal(in.hash, abc, sizeof abc);
	intake_finish(&in);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		0, 1, 4096, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 1000000, INTAKE_COPY_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		AUTO_FREE char *bytes = noise(sizes[i]);
		struct intake in;

		put("f", bytes, sizes[i]);
		assert_int_equal(open_in(&in, root, "f", SIZE_MAX_OK, false), INTAKE_READY);
		assert_true(in.sealed);
		assert_true(in.fd >= 0 && in.fd != in.source);
		assert_int_equal(in.ident.size, sizes[i]);
		assert_true(in.stamp_ns > 0);
		holds(&in, bytes, sizes[i]);
		assert_true(intake_still_same(&in));
		intake_finish(&in);
		assert_int_equal(in.fd, -1);
		assert_int_equal(in.source, -1);
	}
}

static void test_sealed(void **state)
{
	struct intake in;

	(void)state;
	put("f", "content", 7);
	assert_int_equal(open_in(&in, root, "f", SIZE_MAX_OK, false), INTAKE_READY);
	assert_int_equal(fcntl(in.fd, F_GET_SEALS),
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(pwrite(in.fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(in.fd, 0), -1);
	assert_int_equal(ftruncate(in.fd, 100), -1);
	assert_ptr_equal(mmap(NULL, 7, PROT_WRITE, MAP_SHARED, in.fd, 0), MAP_FAILED);
	assert_true(fcntl(in.fd, F_GETFD) & FD_CLOEXEC);
	/* opened anew it is no more writable */
	char self[32];
	snprintf(self, sizeof self, "/proc/self/fd/%d", in.fd);
	int again = open(self, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		assert_int_equal(pwrite(again, "x", 1, 0), -1);
		close(again);
	}
	put("f", "another", 7); /* the copy is what was hashed, whatever becomes of the file */
	assert_true(intake_still_same(&in));
	holds(&in, "content", 7);
	intake_finish(&in);
}

static void test_large(void **state)
{
	const size_t n = INTAKE_COPY_MAX + 1;
	AUTO_FREE char *bytes = noise(n);
	struct intake in;

	(void)state;
	put("large", bytes, n);
	assert_int_equal(open_in(&in, root, "large", SIZE_MAX_OK, false), INTAKE_READY);
	assert_false(in.sealed);
	assert_int_equal(in.fd, in.source);
	assert_int_equal(fcntl(in.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	holds(&in, bytes, n);
	assert_true(intake_still_same(&in)); /* wherever the converter left the offset */
	AUTO_FREE char *path = in_root("large");
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)n / 2), 1);
	close(fd);
	assert_false(intake_still_same(&in));
	intake_finish(&in);
}

/* A mapped write moves no time stamp at once: the second hash sees it. */
/* The machine's daemon hands over a copy, which nobody can change, however large. */
static void test_large_copied(void **state)
{
	const struct fixture *f = *state;
	const struct intake_rules rules = {.size_max = SIZE_MAX_OK, .spool_dir = f->state};
	const size_t size = INTAKE_COPY_MAX + 12345;
	char *bytes = test_malloc(size), seen[8];
	unsigned char hash[DOCUMENT_HASH_BYTES];
	struct intake in;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 4096);
	put("large", bytes, size);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes, size, NULL, 0);
	assert_int_equal(intake_open(&in, root, "large", &rules), INTAKE_READY);
	assert_true(in.sealed && in.fd != in.source);
	assert_memory_equal(in.hash, hash, sizeof hash);
	assert_int_equal(write(in.fd, "x", 1), -1);
	put("large", "short", 5);
	assert_int_equal(pread(in.fd, seen, sizeof seen, INTAKE_COPY_MAX), sizeof seen);
	assert_memory_equal(seen, bytes + INTAKE_COPY_MAX, sizeof seen);
	assert_true(intake_still_same(&in));
	intake_finish(&in);
	test_free(bytes);
}

static void test_large_same_stamps(void **state)
{
	const size_t n = INTAKE_COPY_MAX + 4096;
	AUTO_FREE char *bytes = noise(n);
	AUTO_FREE char *path = in_root("mapped");
	struct intake in;

	(void)state;
	put("mapped", bytes, n);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	map[n - 1] ^= 1; /* the page is dirty, and its stamps are set */
	assert_int_equal(open_in(&in, root, "mapped", SIZE_MAX_OK, false), INTAKE_READY);
	map[n - 1] ^= 1;
	assert_false(intake_still_same(&in));
	intake_finish(&in);
	munmap(map, n);
	close(fd);
}

static void test_too_large(void **state)
{
	(void)state;
	put("f", "12345", 5);
	assert_int_equal(try("f", 5), INTAKE_READY);
	assert_int_equal(try("f", 4), INTAKE_TOO_LARGE);
}

static void test_not_documents(void **state)
{
	AUTO_FREE char *fifo = in_root("fifo"), *link = in_root("link"), *dir = in_root("dir"),
		       *dir_link = in_root("dir-link"), *out = in_root("out");

	(void)state;
	put("f", "x", 1);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(symlink("f", link), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	put("dir/g", "y", 1);
	assert_int_equal(symlink("dir", dir_link), 0);
	assert_int_equal(symlink("/etc", out), 0);
	assert_int_equal(try("dir/g", 10), INTAKE_READY);
	assert_int_equal(try("fifo", 10), INTAKE_GONE); /* and does not wait for a writer */
	assert_int_equal(try("link", 10), INTAKE_GONE);
	assert_int_equal(try("dir", 10), INTAKE_GONE);
	assert_int_equal(try("dir-link/g", 10), INTAKE_GONE);
	assert_int_equal(try("out/passwd", 1 << 20), INTAKE_GONE);
	assert_int_equal(try("../docs/f", 10), INTAKE_GONE);
	assert_int_equal(try("missing", 10), INTAKE_GONE);
	assert_int_equal(try("missing/f", 10), INTAKE_GONE);
	assert_int_equal(try("f/f", 10), INTAKE_GONE);
}

/* The store's own files are told by inode, before they are opened: closing one would drop SQLite's
 * locks. */
static void test_own(void **state)
{
	const struct fixture *f = *state;
	AUTO_FREE char *db = mem_printf("%s/index.db", f->state),
		       *link_path = in_root("innocent.txt");
	struct intake in;

	assert_int_equal(link(db, link_path), 0);
	assert_int_equal(open_in(&in, root, "innocent.txt", SIZE_MAX_OK, false), INTAKE_OWN);
	assert_int_equal(in.source, -1);
	intake_finish(&in);
	assert_int_equal(
		open_in(&in, f->state, "index.db-wal", SIZE_MAX_OK, false), INTAKE_OWN);
	intake_finish(&in);
	assert_int_equal(open_in(&in, f->state, "lock", SIZE_MAX_OK, false), INTAKE_OWN);
	intake_finish(&in);
	unlink(link_path);
}

/* Permissions bind everybody but root: asked by a child that is somebody else. */
static void test_unreadable(void **state)
{
	const struct fixture *f = *state;
	AUTO_FREE char *path = in_root("secret"), *dir = in_root("closed");
	int status = 0;

	put("secret", "x", 1);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	put("closed/f", "x", 1);
	assert_int_equal(chmod(dir, 0), 0);
	assert_int_equal(chmod(f->top, 0755), 0);
	pid_t child = fork();
	if (child == 0) {
		struct intake in;

		if (getuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(1);
		if (open_in(&in, root, "secret", 10, false) != INTAKE_UNREADABLE)
			_exit(2);
		if (in.error_no != EACCES)
			_exit(3);
		if (open_in(&in, root, "closed/f", 10, false) != INTAKE_UNREADABLE)
			_exit(4);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(dir, 0755), 0);
}

/* No errno is lost on the way to the worker, which tells by it whose trouble it is. */
static void test_trouble(void **state)
{
	AUTO_FREE char *path = in_root("leased");
	struct rlimit all, few;
	struct intake in;

	(void)state;
	put("leased", "x", 1);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)signal(SIGIO, SIG_IGN); /* the lease's holder is told */
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	assert_int_equal(open_in(&in, root, "leased", 10, false), INTAKE_TROUBLE);
	assert_int_equal(in.error_no, EWOULDBLOCK);
	assert_int_not_equal(in.ident.ino, 0); /* it was seen, at least */
	intake_finish(&in);
	close(fd);
	/* Room for root, path and document, one by one; every step in turn lacks a descriptor. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	int next = dup(0);
	close(next);
	enum intake_verdict v = INTAKE_TROUBLE;
	for (int room = 0; room < 8 && v == INTAKE_TROUBLE; room++) {
		few = (struct rlimit){.rlim_cur = (rlim_t)(next + room), .rlim_max = all.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		v = open_in(&in, root, "leased", 10, false);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
		if (v == INTAKE_TROUBLE)
			assert_int_equal(in.error_no, EMFILE);
		intake_finish(&in);
	}
	assert_int_equal(v, INTAKE_READY);
}

/* --- changing while it is read ------------------------------------------------------------------
 */

static atomic_bool stop_writing;

static void *keep_writing(void *arg)
{
	const char *path = arg;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (unsigned i = 0; fd >= 0 && !atomic_load(&stop_writing); i++)
		if (pwrite(fd, &i, sizeof i, (off_t)(i % 1000) * 4096) < 0)
			break;
	close(fd);
	return NULL;
}

static void test_unstable(void **state)
{
	const size_t n = INTAKE_COPY_MAX;
	AUTO_FREE char *bytes = noise(n), *path = in_root("log");
	pthread_t writer;
	int unstable = 0;

	(void)state;
	put("log", bytes, n);
	atomic_store(&stop_writing, false);
	assert_int_equal(pthread_create(&writer, NULL, keep_writing, path), 0);
	for (int i = 0; i < 200 && !unstable; i++) {
		struct intake in;
		enum intake_verdict v = open_in(&in, root, "log", SIZE_MAX_OK, false);

		unstable += v == INTAKE_UNSTABLE;
		assert_true(v == INTAKE_UNSTABLE || v == INTAKE_READY);
		intake_finish(&in);
	}
	/* One that never rests is taken as it is, and is what was hashed even so. */
	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *copy = mem_alloc(n);
		struct intake in;

		assert_int_equal(open_in(&in, root, "log", SIZE_MAX_OK, true), INTAKE_READY);
		assert_int_equal(pread(in.fd, copy, n, 0), n);
		holds(&in, copy, n);
		intake_finish(&in);
	}
	atomic_store(&stop_writing, true);
	pthread_join(writer, NULL);
	assert_int_equal(unstable, 1);
}

/* A file that grows faster than it is read comes to an end. */
static void *keep_growing(void *arg)
{
	static const char more[256 << 10];
	int fd = open(arg, O_WRONLY | O_APPEND | O_CLOEXEC);

	for (int i = 0; i < 400 && !atomic_load(&stop_writing); i++)
		if (write(fd, more, sizeof more) < 0)
			break;
	close(fd);
	return NULL;
}

static void test_growing(void **state)
{
	AUTO_FREE char *path = in_root("grows");
	pthread_t writer;
	struct intake in;
	struct stat st;

	(void)state;
	put("grows", "x", 1);
	atomic_store(&stop_writing, false);
	assert_int_equal(pthread_create(&writer, NULL, keep_growing, path), 0);
	assert_int_equal(open_in(&in, root, "grows", SIZE_MAX_OK, true), INTAKE_READY);
	if (in.sealed) {
		assert_int_equal(fstat(in.fd, &st), 0);
		assert_true(st.st_size <= in.ident.size + (128 << 10));
	}
	atomic_store(&stop_writing, true);
	pthread_join(writer, NULL);
	intake_finish(&in);
}

/* No verdict leaves a descriptor behind. */
static void test_descriptors(void **state)
{
	int before = dup(0), after;

	close(before);
	test_not_documents(state);
	test_too_large(state);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hash),
		TEST(test_sizes),
		TEST(test_sealed),
		TEST(test_large),
		TEST(test_large_copied),
		TEST(test_large_same_stamps),
		TEST(test_too_large),
		TEST(test_not_documents),
		TEST(test_own),
		TEST(test_unreadable),
		TEST(test_trouble),
		TEST(test_unstable),
		TEST(test_growing),
		TEST(test_descriptors),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
