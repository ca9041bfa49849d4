/* test_merge: segments of the indexes are put together in steps, and nothing is lost by it. */
#include "store_fixture.h"

#include "store/merge.h"

#include <stdio.h>

enum { DOCUMENTS = 60 };

static int64_t segments(struct fixture *f, const char *table)
{
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT count(DISTINCT segid) FROM %s_idx", table);
	return fixture_int(f, sql);
}

static int64_t found(struct fixture *f, const char *table, int i)
{
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s('word%d')", table, i);
	return fixture_int(f, sql);
}

/* Each commit writes a segment. */
static void fill(struct fixture *f)
{
	char text[64], name[32];

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	for (int i = 0; i < DOCUMENTS; i++) {
		snprintf(text, sizeof text, "word%d and all that is common", i);
		snprintf(name, sizeof name, "word%d", i);
		fixture_file(f, 1, name, fixture_document(f, "", text, 1), (uint64_t)i + 1);
		fixture_commit(f);
	}
	assert_ok(db_commit(f->db));
}

static void test_steps(void **state)
{
	struct fixture *f = *state;
	int steps = 0;
	bool more;

	fill(f);
	int64_t before = segments(f, "fts");
	assert_true(before > 4);
	int64_t clock = db_clock(f->db);
	do {
		assert_ok(merge_step(f->db, &more));
	} while (more && ++steps < 100);
	assert_true(steps > 0 && steps < 100);
	assert_true(segments(f, "fts") < 4);
	assert_true(segments(f, "name_word") < 4);
	assert_true(segments(f, "name_part") < 4);
	for (int i = 0; i < DOCUMENTS; i++) {
		assert_int_equal(found(f, "fts", i), 1);
		assert_int_equal(found(f, "name_word", i), 1);
	}
	assert_int_equal(db_clock(f->db), clock); /* nothing changed for anybody */
	assert_ok(merge_step(f->db, &more));
	assert_false(more);
	fixture_sound(f);
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;
	bool more = true;

	assert_ok(merge_step(f->db, &more));
	assert_false(more);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
