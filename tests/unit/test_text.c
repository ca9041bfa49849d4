/* test_text: texts read from their front, as far as is asked, and what damage does to them. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "search/text.h"

#include <string.h>
#include <zstd.h>

enum { LEN = 3000000 };

struct reading {
	struct fixture *f;
	struct stopper stopper;
	struct search_stop stop;
	struct text *text;
	char *plain; /* LEN letters */
	int64_t document;
};

static int begin(void **state)
{
	struct reading *r = mem_zalloc(sizeof *r);
	uint64_t seed = 5;
	void *fixture;

	assert_int_equal(fixture_open(&fixture), 0);
	r->f = fixture;
	r->plain = mem_alloc(LEN + 1);
	for (size_t i = 0; i < LEN; i++)
		r->plain[i] = (char)('a' + fixture_random(&seed, 26));
	r->plain[LEN] = '\0';
	assert_ok(db_begin(r->f->db));
	fixture_document(r->f, "", "another", 1);
	r->document = fixture_document(r->f, "", r->plain, 1);
	fixture_document(r->f, "", "another still", 1);
	fixture_commit(r->f);
	r->stop = (struct search_stop){.deadline_ms = now_mono_ms() + 600000};
	stopper_install(&r->stopper, r->f->db, &r->stop);
	r->text = text_create(&r->stopper, db_raw(r->f->db));
	assert_non_null(r->text);
	*state = r;
	return 0;
}

static int end(void **state)
{
	struct reading *r = *state;
	void *fixture = r->f;

	text_destroy(r->text);
	stopper_remove(&r->stopper);
	db_rollback(r->f->db);
	mem_free(r->plain);
	mem_free(r);
	return fixture_close(&fixture);
}

/* The whole text of that document: how long it is, or what went wrong. */
static enum status read_all(struct reading *r, int64_t document, size_t *len)
{
	const char *bytes;
	bool whole = false;
	enum status st = text_begin(r->text, document);

	if (st == ST_OK)
		st = text_unpack(r->text, LEN + 1, &bytes, len, &whole);
	text_end(r->text);
	assert_true(whole || st != ST_OK);
	return st;
}

static void test_front(void **state)
{
	struct reading *r = *state;
	const char *bytes;
	size_t len;
	bool whole;

	assert_ok(text_begin(r->text, r->document));
	assert_ok(text_unpack(r->text, 1000, &bytes, &len, &whole));
	assert_true(len >= 1000 && len < LEN && !whole);
	assert_memory_equal(bytes, r->plain, len);
	assert_ok(text_unpack(r->text, 500000, &bytes, &len, &whole));
	assert_true(len >= 500000 && len < LEN && !whole);
	assert_memory_equal(bytes, r->plain, len);
	assert_ok(text_unpack(r->text, LEN + 1, &bytes, &len, &whole));
	assert_true(len == LEN && whole);
	assert_memory_equal(bytes, r->plain, LEN);
	text_end(r->text);
	/* the neighbors, and none */
	assert_ok(read_all(r, r->document - 1, &len));
	assert_int_equal(len, strlen("another"));
	assert_ok(read_all(r, r->document + 1, &len));
	assert_int_equal(len, strlen("another still"));
	assert_ok(read_all(r, r->document + 2, &len));
	assert_int_equal(len, 0);
}

static void test_damage(void **state)
{
	struct reading *r = *state;
	size_t len;

	/* cut off, at a piece and within one; a piece that is missing; no frame at all */
	fixture_exec(r->f, "SAVEPOINT whole");
	fixture_exec(r->f, "DELETE FROM content WHERE id = (SELECT max(id) FROM content WHERE id >> 20 = 2)");
	assert_int_equal(read_all(r, r->document, &len), ST_CORRUPT);
	fixture_exec(r->f, "ROLLBACK TO whole");
	fixture_exec(r->f, "UPDATE content SET text = substr(text, 1, 10)"
			   " WHERE id = (SELECT max(id) FROM content WHERE id >> 20 = 2)");
	assert_int_equal(read_all(r, r->document, &len), ST_CORRUPT);
	fixture_exec(r->f, "ROLLBACK TO whole");
	fixture_exec(r->f, "DELETE FROM content WHERE id = (2 << 20) + 7");
	assert_int_equal(read_all(r, r->document, &len), ST_CORRUPT);
	fixture_exec(r->f, "ROLLBACK TO whole");
	fixture_exec(r->f, "UPDATE content SET text = 'plain words' WHERE id = 2 << 20");
	assert_int_equal(read_all(r, r->document, &len), ST_CORRUPT);
	fixture_exec(r->f, "ROLLBACK TO whole");
	/* as good as before */
	assert_ok(read_all(r, r->document, &len));
	assert_int_equal(len, LEN);
}

static void test_cancel(void **state)
{
	struct reading *r = *state;
	atomic_bool canceled = true;
	size_t len;

	r->stop.canceled = &canceled;
	assert_int_equal(read_all(r, r->document, &len), ST_CANCELED);
	r->stop.canceled = NULL;
	r->stopper.st = ST_OK;
	stopper_stage(&r->stopper, now_mono_ms() - 1);
	assert_int_equal(read_all(r, r->document, &len), ST_AGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_front),
		TEST(test_damage),
		TEST(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
