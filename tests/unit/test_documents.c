/* test_documents: text by content, orphans and their return, and the full-text index against an oracle. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "store/lengths.h"
#include "store/listing.h"

#include <stdio.h>
#include <string.h>

static int open_documents(void **state)
{
	fixture_open(state);
	struct fixture *f = *state;

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	fixture_dir(f, 2, 1, "d");
	fixture_commit(f);
	return 0;
}

static int close_documents(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	fixture_sound(f);
	return fixture_close(state);
}

static int64_t found(struct fixture *f, const char *word)
{
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM fts('%s')", word);
	return fixture_int(f, sql);
}

static void test_same_content(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF text = BUF_INIT;
	int64_t first = fixture_document(f, "Title", "the quick brown fox", 1);
	int64_t again = fixture_document(f, "Title", "the quick brown fox", 1);
	int64_t other = fixture_document(f, "Title", "the quick brown fox", 2);

	assert_int_equal(first, again);
	assert_int_not_equal(first, other);
	fixture_file(f, 2, "one", first, 1);
	fixture_file(f, 2, "two", first, 2);
	fixture_file(f, 2, "three", other, 3);
	fixture_commit(f);
	assert_int_equal(found(f, "quick"), 2);
	assert_int_equal(found(f, "title:title"), 2);
	assert_ok(documents_text(f->db, first, &text));
	assert_string_equal(text.data, "the quick brown fox");
	assert_int_equal(documents_text(f->db, 999, &text), ST_NOT_FOUND);
	assert_int_equal(lengths_get(first), 19);
	assert_int_equal(lengths_count(), 2);
}

static void test_find(void **state)
{
	struct fixture *f = *state;
	int64_t reroute, id = 0, doc = fixture_document(f, "", "words", 7);
	unsigned char hash[DOCUMENT_HASH_BYTES] = {0};
	sqlite3_stmt *s = NULL;

	sqlite3_prepare_v2(db_raw(f->db), "SELECT hash FROM document", -1, &s, NULL);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	memcpy(hash, sqlite3_column_blob(s, 0), sizeof hash);
	sqlite3_finalize(s);
	assert_ok(documents_converter(f->db, "html", "v1", 2, &reroute));
	assert_int_not_equal(reroute, f->converter);
	assert_ok(documents_converter(f->db, "html", "v1", 2, &id));
	assert_int_equal(id, reroute);
	assert_ok(documents_find(f->db, hash, f->converter, &id));
	assert_int_equal(id, doc);
	assert_int_equal(documents_find(f->db, hash, reroute, &id), ST_NOT_FOUND);
	assert_int_equal(documents_find_by_rule(f->db, hash, reroute, &id), ST_NOT_FOUND);
	struct ident ident = {.ino = 5};
	struct file_change c = {.dir = 2,
		.name = "x",
		.ident = &ident,
		.state = FILE_INDEXED,
		.rule = reroute,
		.document = doc};
	assert_ok(tree_file_put(f->db, &c));
	assert_ok(documents_find_by_rule(f->db, hash, reroute, &id));
	assert_int_equal(id, doc);
	fixture_commit(f);
}

static void test_orphan_returns(void **state)
{
	struct fixture *f = *state;
	int64_t doc = fixture_document(f, "T", "wandering words", 1);

	fixture_file(f, 2, "here", doc, 1);
	fixture_commit(f);
	assert_ok(tree_file_delete(f->db, 2, "here"));
	fixture_commit(f);
	assert_int_equal(found(f, "wandering"), 0);
	assert_int_equal(lengths_get(doc), 0);
	assert_int_equal(fixture_int(f, "SELECT searchable = 0 AND orphaned > 0 FROM document"), 1);
	db_rollback(f->db);
	fixture_sound(f); /* an orphan is no fault */
	assert_ok(db_begin(f->db));
	assert_int_equal(fixture_document(f, "T", "wandering words", 1), doc);
	fixture_file(f, 1, "there", doc, 1);
	fixture_commit(f);
	assert_int_equal(found(f, "wandering"), 1);
	assert_int_equal(lengths_get(doc), 15);
	assert_int_equal(fixture_int(f, "SELECT searchable AND orphaned IS NULL FROM document"), 1);
}

/* Within one transaction a document may go and come; and what never gets a file is not found. */
static void test_settle(void **state)
{
	struct fixture *f = *state;
	int64_t moved = fixture_document(f, "", "moving", 1);
	int64_t fileless = fixture_document(f, "", "fileless", 1);

	fixture_file(f, 2, "a", moved, 1);
	fixture_commit(f);
	assert_int_equal(found(f, "fileless"), 0);
	assert_int_equal(lengths_get(fileless), 0);
	assert_ok(tree_file_delete(f->db, 2, "a"));
	fixture_file(f, 2, "b", moved, 1);
	fixture_commit(f);
	assert_int_equal(found(f, "moving"), 1);
	/* A file that gets another document leaves its old one. */
	fixture_file(f, 2, "b", fixture_document(f, "", "replaced", 1), 1);
	fixture_commit(f);
	assert_int_equal(found(f, "moving"), 0);
	assert_int_equal(found(f, "replaced"), 1);
	/* By the directory, too. */
	assert_ok(tree_dir_delete(f->db, 2));
	fixture_commit(f);
	assert_int_equal(found(f, "replaced"), 0);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF text = BUF_INIT;
	int64_t doc = fixture_document(f, "", "", 1);

	fixture_file(f, 2, "empty", doc, 1);
	fixture_commit(f);
	assert_ok(documents_text(f->db, doc, &text));
	assert_int_equal(text.len, 0);
	assert_int_equal(lengths_count(), 1);
	assert_ok(tree_file_delete(f->db, 2, "empty"));
	fixture_commit(f);
	fixture_file(f, 2, "again", doc, 1);
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT searchable FROM document"), 1);
}

/* Words that no compressor makes small. */
static char *long_text(uint64_t seed, size_t len)
{
	char *text = mem_alloc(len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 12 == 11 ? ' ' : (char)('a' + fixture_random(&seed, 26));
	text[len] = '\0';
	return text;
}

static void test_text_in_pieces(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *text = long_text(1, 100000);
	AUTO_BUF out = BUF_INIT;
	char word[12];

	fixture_document(f, "", "before", 1);
	int64_t id = fixture_document(f, "", text, 1);
	fixture_document(f, "", "behind", 1);
	fixture_file(f, 2, "long", id, 1);
	fixture_commit(f);
	assert_true(fixture_int(f, "SELECT count(*) FROM content") > 40);
	assert_int_equal(fixture_int(f, "SELECT max(length(text)) FROM content"), 1350);
	assert_ok(documents_text(f->db, id, &out));
	assert_string_equal(out.data, text);
	memcpy(word, text + 8300 * 12, 11);
	word[11] = '\0';
	assert_int_equal(found(f, word), 1);
	fixture_file(f, 2, "long", 0, 1);
	assert_ok(documents_sweep(f->db, now_real_s() + 1, 100));
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM content"), 0);
	assert_int_equal(found(f, word), 0);
}

static void test_sweep_by_age(void **state)
{
	struct fixture *f = *state;

	fixture_file(f, 2, "kept", fixture_document(f, "", "kept here", 1), 1);
	fixture_document(f, "", "old orphan", 1);
	fixture_commit(f);
	assert_ok(documents_sweep(f->db, now_real_s() - 100, 100));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document"), 2);
	assert_ok(documents_sweep(f->db, now_real_s() + 1, 100));
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM content"), 1);
	assert_int_equal(found(f, "kept"), 1);
}

static void test_sweep_by_share(void **state)
{
	struct fixture *f = *state;
	char text[101];

	memset(text, 'x', 100);
	text[100] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		char name[16];
		int64_t doc = fixture_document(f, "", text, i);

		snprintf(name, sizeof name, "f%u", i);
		if (i < 10)
			fixture_file(f, 2, name, doc, i + 1);
	}
	fixture_commit(f);
	fixture_exec(f, "UPDATE document SET orphaned = id WHERE orphaned IS NOT NULL");
	/* 1,000 bytes live; of 1,250 a fifth is 250: two orphans stay, the youngest. */
	assert_ok(documents_sweep(f->db, 0, 20));
	fixture_commit(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document WHERE searchable = 0"), 2);
	assert_int_equal(fixture_int(f, "SELECT min(id) FROM document WHERE searchable = 0"), 19);
}

static void test_expire(void **state)
{
	struct fixture *f = *state;
	int64_t other;
	struct ident ident = {.ino = 9};

	assert_ok(documents_converter(f->db, "pdf", "v1", 2, &other));
	int64_t doc = fixture_document(f, "", "by text", 1);
	fixture_file(f, 2, "by text", doc, 1);
	struct file_change c = {.dir = 2,
		.name = "rerouted",
		.ident = &ident,
		.stamp_ns = 7,
		.state = FILE_INDEXED,
		.rule = other,
		.document = doc};
	assert_ok(tree_file_put(f->db, &c));
	c.name = "failed";
	c.document = 0;
	c.state = FILE_FAILED;
	assert_ok(tree_file_put(f->db, &c));
	c.name = "unclaimed";
	c.rule = 0;
	assert_ok(tree_file_put(f->db, &c));
	fixture_commit(f);
	int64_t clock = db_clock(f->db), both[] = {other, f->converter};
	assert_ok(documents_expire_converters(f->db, both, 2));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file WHERE stamp_ns = 0"), 0);
	assert_ok(documents_expire_converters(f->db, &other, 1));
	assert_int_equal(
		fixture_int(f, "SELECT count(*) FROM file WHERE stamp_ns = 0 AND name <> x'6661696c6564'"), 2);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file WHERE stamp_ns = 0"), 2);
	assert_ok(documents_expire_converters(f->db, NULL, 0));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file WHERE stamp_ns = 0"), 3);
	assert_int_equal(db_clock(f->db), clock);
	/* One whose converter was not there, and is what it was. */
	c.name = "unavailable";
	c.rule = f->converter;
	c.state = FILE_UNAVAILABLE;
	assert_ok(tree_file_put(f->db, &c));
	assert_ok(documents_expire_converters(f->db, both, 2));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM file WHERE stamp_ns = 0 AND state = 4"), 1);
	fixture_commit(f);
}

static void see_info(void *arg, const struct document_info *d)
{
	struct fixture *f = arg;

	assert_string_equal(d->type, "text/plain");
	assert_string_equal(d->title, "T");
	assert_string_equal(d->author, "");
	assert_null(d->lang);
	assert_null(d->meta);
	assert_int_equal(d->size, 5);
	assert_int_equal(d->hash_len, DOCUMENT_HASH_BYTES);
	assert_string_equal(d->converter, "text");
	f->root = -f->root; /* seen */
}

static void test_info(void **state)
{
	struct fixture *f = *state;
	int64_t doc = fixture_document(f, "T", "words", 1);

	fixture_file(f, 2, "a", doc, 1);
	fixture_commit(f);
	assert_ok(document_info(f->db, doc, see_info, f));
	assert_true(f->root < 0);
	assert_int_equal(document_info(f->db, doc + 1, see_info, f), ST_NOT_FOUND);
}

/* --- random changes against an oracle ------------------------------------------------------ */

enum { TEXTS = 60, SLOTS = 80 };

static void text_of(int which, char *out, size_t room)
{
	snprintf(out, room, "common w%d %s s%d and \xc3\xa9t\xc3\xa9", which, which % 2 ? "odd" : "even",
		which % 7);
}

static void check_oracle(struct fixture *f, const int slots[SLOTS])
{
	bool alive[TEXTS] = {false};
	int total = 0, odd = 0;
	char word[32];

	for (int i = 0; i < SLOTS; i++)
		if (slots[i] >= 0)
			alive[slots[i]] = true;
	for (int i = 0; i < TEXTS; i++) {
		snprintf(word, sizeof word, "w%d", i);
		assert_int_equal(found(f, word), alive[i]);
		total += alive[i];
		odd += alive[i] && i % 2;
	}
	assert_int_equal(found(f, "common"), total);
	assert_int_equal(found(f, "ete"), total);
	assert_int_equal(found(f, "odd"), odd);
	assert_int_equal(lengths_count(), total);
}

static void change(struct fixture *f, int slots[SLOTS], uint64_t *seed)
{
	int slot = (int)fixture_random(seed, SLOTS), which = (int)fixture_random(seed, TEXTS);
	char name[16], text[96];

	snprintf(name, sizeof name, "slot%d", slot);
	if (fixture_random(seed, 3) == 0) {
		assert_ok(tree_file_delete(f->db, 2, name));
		slots[slot] = -1;
		return;
	}
	text_of(which, text, sizeof text);
	fixture_file(f, 2, name, fixture_document(f, "", text, 0), (uint64_t)slot);
	slots[slot] = which;
}

static void test_random(void **state)
{
	struct fixture *f = *state;
	int slots[SLOTS], before[SLOTS];
	uint64_t seed = 20240229;

	memset(slots, -1, sizeof slots);
	memcpy(before, slots, sizeof slots);
	for (int i = 1; i <= 8000; i++) {
		change(f, slots, &seed);
		if (fixture_random(&seed, 500) == 0)
			assert_ok(documents_sweep(f->db, 0, 5));
		if (i % 20)
			continue;
		if (fixture_random(&seed, 5) == 0) {
			db_rollback(f->db);
			memcpy(slots, before, sizeof slots);
		} else {
			assert_ok(db_commit(f->db));
			memcpy(before, slots, sizeof slots);
		}
		check_oracle(f, slots);
		if (i % 1000 == 0)
			fixture_sound(f);
		if (i % 2000 == 0) {
			db_close(f->db);
			fixture_reopen(f, false);
		}
		assert_ok(db_begin(f->db));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_documents, close_documents)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_content),
		TEST(test_find),
		TEST(test_orphan_returns),
		TEST(test_settle),
		TEST(test_empty),
		TEST(test_text_in_pieces),
		TEST(test_sweep_by_age),
		TEST(test_sweep_by_share),
		TEST(test_expire),
		TEST(test_info),
		TEST(test_random),
	};

	return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
