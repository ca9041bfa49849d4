/* memo_memcached: where nobody answers, without memory, and its secret; what it says to a server is tested from outside. */
#include "store_fixture.h"

#include "core/mem.h"
#include "search/memo_storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if HAVE_MEMCACHED
static struct config config_in(const char *dir, char *storage, size_t room)
{
	struct config c = {.state_dir = (char *)(uintptr_t)dir};

	snprintf(storage, room, "memcached:%s/nobody", dir);
	c.memo.storage = storage;
	return c;
}

static void touch(const char *dir, const char *name)
{
	AUTO_FREE char *path = mem_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static void ask(struct memo_storage *s)
{
	struct memo_kept kept = {.clock = 7}, got;

	buf_adds(&kept.json, "\"hits\":[]");
	s->kind->put(s, "key", 3, &kept);
	assert_false(s->kind->get(s, "key", 3, 0, &got));
	buf_finish(&kept.json);
}

static void test_nobody(void **state)
{
	char dir[] = "/tmp/trawl-unit-XXXXXX", storage[200];
	struct memo_storage *s;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	struct config c = config_in(dir, storage, sizeof storage);
	assert_int_equal(memo_storage_open(&c, &s), ST_IO); /* no store whose twin it could be */
	assert_null(s);
	touch(dir, "index.db");
	assert_ok(memo_storage_open(&c, &s));
	assert_true(s->kind->far);
	for (int i = 0; i < 3; i++)
		ask(s);
	assert_ptr_equal(memo_storage_ref(s), s);
	memo_storage_unref(s);
	memo_storage_unref(s);
	AUTO_FREE char *key = mem_printf("%s/memo.key", dir), *database = mem_printf("%s/index.db", dir);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_size, 32);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (unsigned long n = 1; n < 40; n++) {
		mem_fail_at(n, n % 2);
		enum status opened = memo_storage_open(&c, &s);
		if (opened == ST_OK)
			ask(s);
		mem_fail_at(0, 0);
		assert_true(opened == ST_OK || opened == ST_NOMEM);
		if (opened == ST_OK)
			memo_storage_unref(s);
	}
	assert_int_equal(unlink(key) | unlink(database) | rmdir(dir), 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if HAVE_MEMCACHED
		cmocka_unit_test(test_nobody),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
