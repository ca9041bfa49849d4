/* unfiled: what is known of the parts of containers that are being read, and from how many on nothing is. */
#include "store_fixture.h"

#include "core/now.h"
#include "search/unfiled.h"

#include <stdio.h>

static struct fixture *fixture;

/* A container that is being read, with `count` parts that all are the document `part`. */
static void add_container(int64_t id, int64_t part, int count)
{
	char sql[512];

	snprintf(sql, sizeof sql,
		"INSERT INTO document(id, hash, converter, type, size, searchable, building, holds)"
		" VALUES (%lld, randomblob(32), 1, 'application/zip', 0, 0, 1, 1);"
		"WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < %d)"
		" INSERT INTO part(container, n, path, ext, type, size, state, rule, document)"
		" SELECT %lld, n, 'p' || n, '', '', 1, 1, 1, %lld FROM k",
		(long long)id, count, (long long)id, (long long)part);
	fixture_exec(fixture, sql);
}

static void load(struct unfiled *u)
{
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct stopper s;

	*u = (struct unfiled){0};
	stopper_install(&s, fixture->db, &stop);
	assert_true(unfiled_load(u, db_raw(fixture->db), &s));
	stopper_remove(&s);
}

static void test_unfiled(void **state)
{
	int64_t a = fixture_document(fixture, "", "one", 0), b = fixture_document(fixture, "", "two", 0);
	struct unfiled u;

	(void)state;
	load(&u);
	assert_false(unfiled_has(&u, a));
	unfiled_finish(&u);
	add_container(1000, b, 3);
	load(&u);
	assert_false(unfiled_has(&u, a));
	assert_true(unfiled_has(&u, b));
	unfiled_finish(&u);
	add_container(1001, a, UNFILED_MAX - 3);
	load(&u);
	assert_true(unfiled_has(&u, a));
	assert_true(unfiled_has(&u, b));
	assert_false(unfiled_has(&u, 5000));
	unfiled_finish(&u);
	/* one more, and it may be any */
	add_container(1002, a, 1);
	load(&u);
	assert_true(unfiled_has(&u, 5000));
	unfiled_finish(&u);
}

static int set_up(void **state)
{
	int rc = fixture_open(state);

	fixture = *state;
	if (rc == 0)
		assert_ok(db_begin(fixture->db));
	return rc;
}

static int tear_down(void **state)
{
	db_rollback(fixture->db);
	return fixture_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_unfiled)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
