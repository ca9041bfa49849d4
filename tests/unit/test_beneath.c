/* test_beneath: opening below a directory: depth without end, links refused, no way out. */
#include "core/beneath.h"

#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	DEPTH = 60, NAME = 200, /* 12,000 bytes: three times what the kernel takes in one call */
	EDGE_LEVEL = 20,	/* names of LEAST to MOST bytes there make paths around PATH_MAX */
	LEAST = 40, MOST = 120,
};

static char top[64];
static char component[NAME + 1];
static struct buf deep_path = BUF_INIT;
static int descriptors;

static int next_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void write_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(top, sizeof top, "/tmp/trawl-beneath-XXXXXX");
	assert_non_null(mkdtemp(top));
	memset(component, 'd', NAME);
	int at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(at >= 0);
	write_at(at, "outside.txt", "outside");
	assert_int_equal(mkdirat(at, "root", 0700), 0);
	int root = openat(at, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(at);
	write_at(root, "plain.txt", "plain");
	assert_int_equal(mkdirat(root, "dir", 0700), 0);
	assert_int_equal(mkdirat(root, "dir/sub", 0700), 0);
	write_at(root, "dir/sub/in.txt", "in");
	assert_int_equal(symlinkat("dir", root, "link-dir"), 0);
	assert_int_equal(symlinkat("plain.txt", root, "link-file"), 0);
	assert_int_equal(symlinkat("../outside.txt", root, "link-out"), 0);
	assert_int_equal(symlinkat("/", root, "link-top"), 0);
	assert_int_equal(symlinkat("nowhere", root, "link-broken"), 0);
	for (int i = 0, below; i < DEPTH; i++, root = below) {
		for (int n = LEAST; i == EDGE_LEVEL && n <= MOST; n++)
			assert_int_equal(mkdirat(root, component + NAME - n, 0700), 0);
		assert_int_equal(mkdirat(root, component, 0700), 0);
		below = openat(root, component, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(root);
		buf_addf(&deep_path, "%s/", component);
	}
	write_at(root, "deep.txt", "deep");
	assert_int_equal(symlinkat("deep.txt", root, "deep-link"), 0);
	close(root);
	descriptors = next_descriptor();
	return 0;
}

/* nftw stops at PATH_MAX: the chain is taken down from above, pulling each level up. */
static void remove_chain(int root)
{
	int at = openat(root, component, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fds[DEPTH];

	for (int i = 0; i < DEPTH; i++) {
		fds[i] = at;
		at = openat(at, component, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	for (int n = LEAST; n <= MOST; n++)
		unlinkat(fds[EDGE_LEVEL - 1], component + NAME - n, AT_REMOVEDIR);
	unlinkat(fds[DEPTH - 1], "deep.txt", 0);
	unlinkat(fds[DEPTH - 1], "deep-link", 0);
	for (int i = DEPTH - 1; i >= 0; i--) {
		close(fds[i]);
		unlinkat(i ? fds[i - 1] : root, component, AT_REMOVEDIR);
	}
}

static int tear_down(void **state)
{
	static const char *const files[] = {"plain.txt", "dir/sub/in.txt", "link-dir", "link-file",
		"link-out", "link-top", "link-broken"};
	char path[96];

	(void)state;
	buf_finish(&deep_path);
	snprintf(path, sizeof path, "%s/root", top);
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	remove_chain(root);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlinkat(root, files[i], 0);
	unlinkat(root, "dir/sub", AT_REMOVEDIR);
	unlinkat(root, "dir", AT_REMOVEDIR);
	close(root);
	rmdir(path);
	snprintf(path, sizeof path, "%s/outside.txt", top);
	unlink(path);
	return rmdir(top);
}

static int open_in_root(const char *path, int flags)
{
	char root[96];

	snprintf(root, sizeof root, "%s/root", top);
	errno = 0;
	return beneath_open(root, path, flags | O_CLOEXEC);
}

static void opens(const char *path, const char *text)
{
	char got[32] = "";
	int fd = open_in_root(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof got - 1), strlen(text));
	assert_string_equal(got, text);
	close(fd);
	assert_int_equal(next_descriptor(), descriptors);
}

static void refuses(const char *path, int flags, int error)
{
	int fd = open_in_root(path, flags), got = errno;

	assert_int_equal(fd, -1);
	assert_int_equal(got, error);
	assert_int_equal(next_descriptor(), descriptors); /* none left over */
}

static void test_opens(void **state)
{
	(void)state;
	opens("plain.txt", "plain");
	opens("dir/sub/in.txt", "in");
	opens("dir//sub/./in.txt", "in");
	int fd = open_in_root("dir/sub", O_PATH | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_links(void **state)
{
	(void)state;
	refuses("link-file", O_RDONLY, ELOOP);
	refuses("link-dir/sub/in.txt", O_RDONLY, ELOOP);
	refuses("link-dir", O_RDONLY | O_DIRECTORY, ENOTDIR);
	refuses("link-out", O_RDONLY, ELOOP);
	refuses("link-top/etc/passwd", O_RDONLY, ELOOP);
	refuses("link-broken", O_RDONLY, ELOOP);
}

static void test_ways_out(void **state)
{
	(void)state;
	refuses("..", O_RDONLY, EXDEV);
	refuses("../outside.txt", O_RDONLY, EXDEV);
	refuses("dir/../../outside.txt", O_RDONLY, EXDEV);
	refuses("dir/sub/../../../outside.txt", O_RDONLY, EXDEV);
	refuses("/etc/passwd", O_RDONLY, EXDEV);
}

static void test_missing(void **state)
{
	(void)state;
	refuses("nothing", O_RDONLY, ENOENT);
	refuses("dir/nothing/x", O_RDONLY, ENOENT);
	refuses("plain.txt/x", O_RDONLY, ENOTDIR);
	refuses("", O_RDONLY, ENOENT);
	assert_int_equal(beneath_open("/nonexistent", "x", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	char not_a_dir[96];
	snprintf(not_a_dir, sizeof not_a_dir, "%s/outside.txt", top);
	assert_int_equal(beneath_open(not_a_dir, "x", O_RDONLY), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(next_descriptor(), descriptors);
}

static void test_longer_than_path_max(void **state)
{
	AUTO_BUF path = BUF_INIT;

	(void)state;
	assert_true(deep_path.len > 2 * PATH_MAX);
	buf_addf(&path, "%sdeep.txt", deep_path.data);
	opens(path.data, "deep");
	buf_clear(&path);
	buf_addf(&path, "%sdeep-link", deep_path.data);
	refuses(path.data, O_RDONLY, ELOOP);
	buf_clear(&path);
	buf_addf(&path, "%smissing", deep_path.data);
	refuses(path.data, O_RDONLY, ENOENT);
	buf_clear(&path);
	buf_addf(&path, "%s%s/x", deep_path.data, component); /* one level too many */
	refuses(path.data, O_RDONLY, ENOENT);
}

/* Every length around the limit, where one step becomes two. */
static void test_around_path_max(void **state)
{
	(void)state;
	for (int n = LEAST; n <= MOST; n++) {
		AUTO_BUF path = BUF_INIT;

		buf_add(&path, deep_path.data, EDGE_LEVEL * (NAME + 1));
		buf_adds(&path, component + NAME - n);
		if (n == LEAST)
			assert_true(path.len < PATH_MAX - 1);
		if (n == MOST)
			assert_true(path.len > PATH_MAX);
		int fd = open_in_root(path.data, O_PATH | O_DIRECTORY);
		if (fd < 0)
			fail_msg("%zu bytes: %s", path.len, strerror(errno));
		close(fd);
	}
	assert_int_equal(next_descriptor(), descriptors);
}

/* No way out behind the first step either. */
static void test_way_out_deep(void **state)
{
	AUTO_BUF path = BUF_INIT;

	(void)state;
	buf_add(&path, deep_path.data, deep_path.len);
	for (int i = 0; i <= DEPTH; i++)
		buf_adds(&path, "../");
	buf_adds(&path, "outside.txt");
	int fd = open_in_root(path.data, O_RDONLY);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(next_descriptor(), descriptors);
}

static void test_endless_component(void **state)
{
	static char name[2 * PATH_MAX];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	refuses(name, O_RDONLY, ENAMETOOLONG);
	memcpy(name, "dir/", 4);
	refuses(name, O_RDONLY, ENAMETOOLONG);
}

/* From here on this process has no openat2, as under a filter of system calls that does not know it. */
static int set_up_without_openat2(void **state)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof program / sizeof program[0], program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return -1;
	/* In force: refused before its arguments are looked at. */
	if (syscall(SYS_openat2, -1, NULL, NULL, 0) != -1 || errno != ENOSYS)
		return -1;
	return set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_ways_out),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_longer_than_path_max),
		cmocka_unit_test(test_around_path_max),
		cmocka_unit_test(test_way_out_deep),
		cmocka_unit_test(test_endless_component),
	};

	int failed = cmocka_run_group_tests_name("beneath", tests, set_up, tear_down);

	return failed + cmocka_run_group_tests_name("beneath, without openat2", tests,
				set_up_without_openat2, tear_down);
}
