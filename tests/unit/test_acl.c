/*
 * test_acl: access lists and guards against the kernel itself: random lists are set on a file, and a child with random
 * rights tries to open it.  Needs root; without it only what is pure is tested.
 */
#include "core/acl.h"
#include "core/guard.h"

#include "dice.h"

#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define ACL_NAME "system.posix_acl_access"

enum { LISTS = 400, CALLERS = 6, GROUPS = 3, IDS = 5, FIRST_ID = 30000 };

static struct dice dice = {20261123};

static uint32_t roll(uint32_t below)
{
	return (uint32_t)dice_below(&dice, below);
}

static uint32_t random_id(void)
{
	return FIRST_ID + roll(IDS);
}

/* --- lists ------------------------------------------------------------------------------------------ */

static void add_number(struct buf *out, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_addc(out, (char)(value >> 8 * i & 0xff));
}

static void add_entry(struct buf *out, uint32_t tag, uint32_t perm, uint32_t id)
{
	add_number(out, tag, 2);
	add_number(out, perm, 2);
	add_number(out, id, 4);
}

static uint32_t random_perm(void)
{
	return roll(8);
}

/* Named entries without repeats, for the kernel keeps repeated ones too, but setfacl never writes them. */
static void add_named(struct buf *out, uint32_t tag)
{
	for (uint32_t i = 0; i < IDS; i++)
		if (roll(3) == 0)
			add_entry(out, tag, random_perm(), FIRST_ID + i);
}

static void random_list(struct buf *out)
{
	buf_clear(out);
	add_number(out, 2, 4);
	add_entry(out, 1, random_perm(), UINT32_MAX);
	add_named(out, 2);
	add_entry(out, 4, random_perm(), UINT32_MAX);
	add_named(out, 8);
	add_entry(out, 16, roll(4) ? random_perm() : 0, UINT32_MAX);
	add_entry(out, 32, random_perm(), UINT32_MAX);
}

/* --- the kernel ------------------------------------------------------------------------------------- */

static char place[] = "/tmp/trawl-acl-XXXXXX";
static char file[sizeof place + 2];

static int make_place(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(place));
	assert_int_equal(chmod(place, 0755), 0);
	snprintf(file, sizeof file, "%s/f", place);
	int fd = open(file, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(place);
}

static bool kernel_permits(const struct caller *c, unsigned want)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(c->group_count, c->groups) || setresgid(c->gid, c->gid, c->gid) ||
			setresuid(c->uid, c->uid, c->uid))
			_exit(2);
		if (want == MAY_SEARCH) /* of a file: whether it may be executed */
			_exit(faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) ? 1 : 0);
		_exit(open(file, O_RDONLY) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

static struct guard look(struct buf *acl)
{
	struct stat st;
	int fd = open(file, O_PATH);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(acl_read_fd(fd, acl), ST_OK);
	close(fd);
	return (struct guard){st.st_mode, st.st_uid, st.st_gid, acl->data, acl->len};
}

static void compare(const struct guard *g, const struct caller *c, unsigned want)
{
	bool expected = kernel_permits(c, want);

	if (guard_permits(g, c, want) == expected)
		return;
	print_error("mode %o owner %u:%u, caller %u:%u", g->mode & 07777, g->uid, g->gid, c->uid, c->gid);
	for (size_t i = 0; i < c->group_count; i++)
		print_error(",%u", c->groups[i]);
	print_error(", wants %u: the kernel says %d; list", want, expected);
	for (size_t i = 0; i < g->acl_len; i++)
		print_error("%s%02x", i % 8 == 4 ? " " : "", ((const unsigned char *)g->acl)[i]);
	fail();
}

static void compare_callers(const struct guard *g)
{
	for (int i = 0; i < CALLERS; i++) {
		uint32_t groups[GROUPS];
		struct caller c = {.uid = random_id(), .gid = random_id(), .groups = groups};

		c.group_count = roll(GROUPS + 1);
		for (size_t k = 0; k < c.group_count; k++)
			groups[k] = random_id();
		compare(g, &c, MAY_READ);
		compare(g, &c, MAY_SEARCH);
	}
}

static void test_kernel(void **state)
{
	AUTO_BUF list = BUF_INIT, acl = BUF_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (int i = 0; i < LISTS; i++) {
		assert_int_equal(chown(file, random_id(), random_id()), 0);
		if (roll(4) == 0) {
			(void)removexattr(file, ACL_NAME);
			assert_int_equal(chmod(file, roll(01000)), 0);
		} else {
			random_list(&list);
			assert_int_equal(setxattr(file, ACL_NAME, list.data, list.len, 0), 0);
		}
		struct guard g = look(&acl);
		compare_callers(&g);
	}
}

/* What the kernel would not take is not believed. */
static void test_malformed(void **state)
{
	static const uint32_t tags[] = {1, 2, 4, 8, 16, 32, 0, 64};
	AUTO_BUF list = BUF_INIT;
	int accepted = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (int i = 0; i < 20 * LISTS; i++) {
		random_list(&list);
		size_t at = 4 + 8 * roll((uint32_t)(list.len - 4) / 8);
		switch (roll(4)) {
		case 0:
			list.data[at] = (char)tags[roll(8)];
			break;
		case 1:
			list.data[at + 2] = (char)roll(10);
			break;
		case 2: /* an entry goes */
			memmove(list.data + at, list.data + at + 8, list.len - at - 8);
			list.len -= 8;
			break;
		default:
			list.len -= roll(4);
		}
		bool taken = setxattr(file, ACL_NAME, list.data, list.len, 0) == 0;
		accepted += taken;
		assert_int_equal(acl_is_valid(list.data, list.len), taken);
	}
	assert_true(accepted > 100);
}

/* --- what is pure ----------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
	const struct caller owner = {.uid = 5, .gid = 5}, other = {.uid = 6, .gid = 6}, root = {.uid = 0};
	const char *const odd[] = {ACL_UNKNOWN, "\2", "\2\0\0", "\3\0\0\0abcdefgh", "acl"};

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct guard g = {.mode = 0444, .uid = 5, .gid = 7, .acl = odd[i], .acl_len = 1 + i};

		assert_true(guard_permits(&g, &owner, MAY_READ));
		assert_false(guard_permits(&g, &other, MAY_READ));
		assert_true(guard_permits(&g, &root, MAY_READ));
		g.mode = 0404; /* the kernel would not look at the list; we do not trust the mode of what we cannot read */
		assert_false(guard_permits(&g, &other, MAY_READ));
	}
	assert_false(guard_permits(&guard_closed, &(struct caller){.uid = UINT32_MAX - 1}, MAY_SEARCH));
}

static void test_chains(void **state)
{
	const struct caller owner = {.uid = 5, .gid = 5}, other = {.uid = 6, .gid = 6}, root = {.uid = 0};
	const struct guard open_dir = {.mode = 0755}, own_dir = {.mode = 0710, .uid = 5, .gid = 9},
			   own_file = {.mode = 0644, .uid = 5};
	AUTO_BUF chain = BUF_INIT;

	(void)state;
	assert_true(chain_is_open("", 0, &other));
	assert_false(chain_permits("", 0, &other, MAY_READ)); /* there is no last one */
	chain_add(&chain, &own_dir);
	chain_add_above(&chain, &open_dir);
	assert_true(chain_is_open(chain.data, chain.len, &owner));
	assert_false(chain_is_open(chain.data, chain.len, &other));
	chain_add(&chain, &own_file);
	assert_true(chain_permits(chain.data, chain.len, &owner, MAY_READ));
	assert_false(chain_permits(chain.data, chain.len, &owner, MAY_SEARCH));
	assert_true(chain_permits(chain.data, chain.len, &owner, MAY_SEARCH | MAY_READ)); /* any of them */
	assert_false(chain_permits(chain.data, chain.len, &other, MAY_READ));
	for (size_t len = 1; len < chain.len; len++) /* cut anywhere it gives no more than it should */
		if (len % 16)
			assert_false(chain_permits(chain.data, len, &owner, MAY_READ));
	assert_true(chain_permits(chain.data, 7, &root, MAY_READ));
	assert_true(chain_is_open("?", 1, &(struct caller){.all = true, .uid = 6}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_chains),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
