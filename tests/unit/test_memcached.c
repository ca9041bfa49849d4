/* memo_memcached: where nobody answers, without memory; its seal.  What it says to a server is tested from outside. */
#include "store_fixture.h"

#include "core/mem.h"
#include "search/memo_seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only what was sealed under that name opens, byte for byte. */
static void test_seal(void **state)
{
	struct seal s = {.secret = "secret", .key = "key", .run = 1}, other;
	struct memo_kept kept = {.clock = 7, .born_ms = 100, .ahead = true}, got;
	struct seal_name name, another;
	AUTO_BUF value = BUF_INIT;

	(void)state;
	buf_adds(&kept.json, "\"hits\":[]");
	seal_make_name(&s, "a", 1, &name);
	seal_make_name(&s, "b", 1, &another);
	assert_string_not_equal(name.text, another.text);
	seal_add(&s, &name, &kept, &value);
	assert_ok(buf_status(&value));
	assert_true(seal_open(&s, &name, value.data, value.len, 350, &got));
	assert_string_equal(got.json.data, kept.json.data);
	assert_true(got.clock == 7 && got.age_ms == 250 && got.ahead && !got.foreign);
	buf_finish(&got.json);
	assert_false(seal_open(&s, &another, value.data, value.len, 350, &got));
	for (size_t i = 0; i < value.len; i++) {
		value.data[i] ^= 4;
		assert_false(seal_open(&s, &name, value.data, value.len, 350, &got));
		value.data[i] ^= 4;
		assert_false(seal_open(&s, &name, value.data, i, 350, &got));
	}
	other = s;
	other.run = 2; /* the same daemon, started again: of what age it is, is a guess */
	assert_true(seal_open(&other, &name, value.data, value.len, 350, &got));
	assert_true(got.foreign && got.age_ms < 60000);
	buf_finish(&got.json);
	other.key[0] ^= 1;
	assert_false(seal_open(&other, &name, value.data, value.len, 350, &got));
	buf_finish(&kept.json);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
