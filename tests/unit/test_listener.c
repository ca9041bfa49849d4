/* listener: the socket's place in the file system: stale, occupied, in the way, and taken away again. */
#include "serve/listener.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64], sub[80], path[96];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	if (!p)
		return -1;
	snprintf(p->dir, sizeof p->dir, "/tmp/trawl-listener-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->sub, sizeof p->sub, "%s/sub", p->dir);
	snprintf(p->path, sizeof p->path, "%s/t.sock", p->sub);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->sub);
	rmdir(p->dir);
	free(p);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void test_modes(void **state)
{
	static const struct {
		enum config_mode mode;
		mode_t dir, socket;
	} cases[] = {{MODE_USER, 0700, 0600}, {MODE_SYSTEM, 0755, 0666}};
	const struct place *p = *state;
	mode_t before = umask(022);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct listener l;

		assert_int_equal(listener_bind(p->path, cases[i].mode, &l), ST_OK);
		assert_int_equal(mode_of(p->sub), cases[i].dir);
		assert_int_equal(mode_of(p->path), cases[i].socket);
		assert_int_equal(fcntl(l.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		assert_int_equal(fcntl(l.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		listener_finish(&l);
		assert_false(is_there(p->path));
		assert_int_equal(rmdir(p->sub), 0);
	}
	assert_int_equal(umask(before), 022); /* put back */
}

static void test_stale_is_replaced(void **state)
{
	const struct place *p = *state;
	struct listener dead, l;

	assert_int_equal(listener_bind(p->path, MODE_USER, &dead), ST_OK);
	close(dead.fd); /* as by kill -9: the path stays */
	dead.fd = -1;
	assert_true(is_there(p->path));
	assert_int_equal(listener_bind(p->path, MODE_USER, &l), ST_OK);
	listener_finish(&l);
	assert_false(is_there(p->path));
	listener_finish(&dead);
}

static void test_anothers_place_is_left(void **state)
{
	const struct place *p = *state;
	struct listener first, second;

	assert_int_equal(listener_bind(p->path, MODE_USER, &first), ST_OK);
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(listener_bind(p->path, MODE_USER, &second), ST_OK);
	listener_finish(&first);
	assert_true(is_there(p->path));
	listener_finish(&second);
	assert_false(is_there(p->path));
}

static void test_occupied(void **state)
{
	const struct place *p = *state;
	struct listener first, second;

	assert_int_equal(listener_bind(p->path, MODE_USER, &first), ST_OK);
	assert_int_equal(listen(first.fd, 1), 0);
	for (int i = 0; i < 4; i++) { /* the backlog fills with the probes: still somebody */
		assert_int_equal(listener_bind(p->path, MODE_USER, &second), ST_LOCKED);
		assert_int_equal(second.fd, -1);
	}
	listener_finish(&second);
	assert_true(is_there(p->path));
	listener_finish(&first);
}

static void test_in_the_way(void **state)
{
	const struct place *p = *state;
	struct listener l;

	assert_int_equal(mkdir(p->sub, 0700), 0);
	int fd = open(p->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(listener_bind(p->path, MODE_USER, &l), ST_EXISTS);
	assert_true(is_there(p->path));
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(symlink("/dev/null", p->path), 0);
	assert_int_equal(listener_bind(p->path, MODE_USER, &l), ST_EXISTS);
	assert_true(is_there(p->path));
}

static void test_bad_places(void **state)
{
	char path[200] = "/tmp/";
	struct listener l;

	(void)state;
	memset(path + 5, 'x', 150);
	assert_int_equal(listener_bind(path, MODE_USER, &l), ST_TOO_LARGE);
	assert_int_equal(listener_bind("/nowhere/at/all/t.sock", MODE_USER, &l), ST_SYSTEM);
	assert_int_equal(l.fd, -1);
}

static void test_adopted(void **state)
{
	struct listener l;
	int pair[2], pipes[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(listener_adopt(pipes[0], &l), ST_INVALID);
	assert_int_equal(l.fd, -1);
	assert_int_equal(listener_adopt(pair[0], &l), ST_OK);
	assert_int_equal(fcntl(pair[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(pair[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	listener_finish(&l);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	close(pair[1]);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_anothers_place_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_occupied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_the_way, set_up, tear_down),
		cmocka_unit_test(test_bad_places),
		cmocka_unit_test(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
