/* paging: pages of one result while the index moves, and what is told of results that are larger than their bounds. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "search/bound.h"
#include "search/cursor.h"
#include "search/search.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = BOUND_RANKED + 4000, FILES_A_DIR = 500 };

static struct fixture *fixture;
static int made; /* files, f0 and on */

/* All have "all", each tenth "tenth"; the words of the name are "f12" and "txt". */
static void add_documents(int count)
{
	assert_ok(db_begin(fixture->db));
	for (int end = made + count; made < end; made++) {
		AUTO_FREE char *text = mem_printf("all%s word%d%s", made % 10 ? "" : " tenth", made,
			made % 7 ? "" : " all all filler filler");
		char name[32];

		snprintf(name, sizeof name, "f%d.txt", made);
		if (made % FILES_A_DIR == 0) {
			char dir[32];

			snprintf(dir, sizeof dir, "d%d", made);
			fixture_dir(fixture, made / FILES_A_DIR + 2, 1, dir);
		}
		fixture_file(fixture, made / FILES_A_DIR + 2, name,
			fixture_document(fixture, "", text, (unsigned)made), (uint64_t)made + 1);
	}
	assert_ok(documents_settle(fixture->db));
	assert_ok(db_commit(fixture->db));
}

static cJSON *ask(cJSON *params)
{
	const struct caller everyone = {.all = true};
	struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_outcome outcome;
	struct search_request *r;
	struct search_error e;
	AUTO_BUF json = BUF_INIT;

	cJSON_AddFalseToObject(params, "snippet");
	assert_ok(search_request_parse(params, &r, &e));
	cJSON_Delete(params);
	buf_addc(&json, '{');
	assert_ok(search_run(fixture->db, r, &everyone, &stop, &json, &outcome));
	buf_addc(&json, '}');
	search_request_destroy(r);
	cJSON *result = cJSON_Parse(json.data);
	assert_non_null(result);
	return result;
}

static cJSON *params_of(const char *query, const char *sort, int limit)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddStringToObject(p, "query", query);
	cJSON_AddNumberToObject(p, "limit", limit);
	if (sort)
		cJSON_AddStringToObject(p, "sort", sort);
	return p;
}

static const cJSON *get(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	assert_non_null(item);
	return item;
}

/* --- bounds --- */

static void check_bounds(const char *query, int total, bool exact, bool bounded)
{
	cJSON *result = ask(params_of(query, NULL, 1));
	int found = get(result, "total")->valueint;
	bool says = cJSON_IsTrue(get(result, "total_exact"));

	if (found != total || says != exact || cJSON_IsTrue(get(result, "rank_bounded")) != bounded)
		fail_msg("%s: total %d (%s), not %d", query, found, says ? "exact" : "at least", total);
	assert_true(cJSON_IsFalse(get(result, "partial")));
	cJSON_Delete(result);
}

static void test_bounds(void **state)
{
	(void)state;
	/* one word: counted to the end, and the same each time */
	for (int i = 0; i < 2; i++)
		check_bounds("all", DOCUMENTS, true, true);
	/* two: no further than they are ranked */
	check_bounds("all OR tenth", BOUND_RANKED, false, true);
	check_bounds("all sort", 0, true, false);
	/* few hits are exact beside a word that all have */
	check_bounds("all tenth", DOCUMENTS / 10, true, false);
	check_bounds("all word77", 1, true, false);
	check_bounds("\"tenth word70\"", 1, true, false);
	check_bounds("all -tenth word77", 1, true, false);
	check_bounds("all -word77", BOUND_RANKED, false, true);
	/* names of all of them, texts of none */
	check_bounds("txt", BOUND_NAMES, false, true);
	check_bounds("txt word77", 1, true, false);
	check_bounds("word77 -txt", 0, true, false);
	check_bounds("all -txt", 0, true, false);
	/* filters, and what needs sets */
	check_bounds("ext:txt", BOUND_PLACES, false, true);
	check_bounds("ext:txt name:f77.txt", 1, true, false);
	check_bounds("-tenth", BOUND_PLACES * 9 / 10, false, true);
	check_bounds("tenth OR ext:none", DOCUMENTS / 10, true, false);
	/* few places that filters leave, beside a word that all have */
	check_bounds("all ext:none", 0, true, false);
	check_bounds("all name:f77.txt", 1, true, false);
	check_bounds("all -tenth name:f7?.txt", 9, true, false);
	check_bounds("all path:d1500/", FILES_A_DIR, true, false);
}

/* What was looked at is the newest. */
static void check_newest(const char *query, int bound)
{
	cJSON *result = ask(params_of(query, NULL, DOCUMENTS));
	const cJSON *hit;
	int count = 0;

	cJSON_ArrayForEach(hit, get(result, "hits")) {
		int number = atoi(get(hit, "name")->valuestring + 1);

		if (number < DOCUMENTS - bound)
			fail_msg("%s: f%d", query, number);
		count++;
	}
	assert_int_equal(count, bound);
	cJSON_Delete(result);
}

static void test_newest(void **state)
{
	(void)state;
	check_newest("all OR tenth", BOUND_RANKED);
	check_newest("txt", BOUND_NAMES);
	check_newest("ext:txt", BOUND_PLACES);
}

/* --- pages while documents come and go --- */

/* Walks all pages; `between` changes the index after each.  Each of the first `known` files comes once. */
static int walk(const char *query, const char *sort, int limit, int known, void (*between)(int page),
	unsigned char *seen)
{
	AUTO_FREE char *cursor = NULL;
	int hits = 0, total = -1;

	memset(seen, 0, (size_t)known);
	for (int page = 0;; page++) {
		cJSON *p = params_of(query, sort, limit);
		const cJSON *hit;

		if (cursor)
			cJSON_AddStringToObject(p, "cursor", cursor);
		cJSON *result = ask(p);
		cJSON_ArrayForEach(hit, get(result, "hits")) {
			int number = atoi(get(hit, "name")->valuestring + 1);

			hits++;
			if (number < known && seen[number]++)
				fail_msg("%s by %s: f%d twice", query, sort, number);
		}
		if (total >= 0)
			assert_int_equal(get(result, "total")->valueint, total);
		total = get(result, "total")->valueint;
		const cJSON *next = cJSON_GetObjectItem(result, "cursor");
		mem_free(cursor);
		cursor = next ? mem_strdup(next->valuestring) : NULL;
		cJSON_Delete(result);
		if (!cursor)
			return hits;
		between(page);
	}
}

/* More of all words, so that each word tells something else, texts are longer, and there are more of them. */
static void grow(int page)
{
	if (page < 8)
		add_documents(10 * (page + 1));
}

static void remove_some(int page)
{
	AUTO_FREE char *name = mem_printf("f%d.txt", 20 * page + 5);

	assert_ok(db_begin(fixture->db));
	enum status st = tree_file_delete(fixture->db, (20 * page + 5) / FILES_A_DIR + 2, name);
	assert_true(st == ST_OK || st == ST_NOT_FOUND);
	assert_ok(documents_settle(fixture->db));
	assert_ok(db_commit(fixture->db));
	grow(page);
}

static void check_pages(const char *query, const char *sort, int step, void (*between)(int page))
{
	int known = made;
	unsigned char *seen = mem_zalloc((size_t)known);

	assert_non_null(seen);
	int expected = (known + step - 1) / step;
	int hits = walk(query, sort, expected / 10 + 1, known, between, seen);
	for (int i = 0; i < known; i += step)
		if (!seen[i] && (between == grow || i % 20 != 5))
			fail_msg("%s by %s: f%d never", query, sort, i);
	if (between == grow)
		assert_int_equal(hits, expected);
	mem_free(seen);
}

static void test_growing(void **state)
{
	(void)state;
	check_pages("all tenth", "relevance", 10, grow);
	check_pages("all OR tenth", "relevance", 1, grow);
	check_pages("tenth", "relevance", 10, grow);
	check_pages("tenth OR ext:none", "relevance", 10, grow);
	check_pages("tenth", "time", 10, grow);
	check_pages("tenth", "name", 10, grow);
	check_pages("tenth", "path", 10, grow);
	check_pages("ext:txt", "size", 1, grow);
	check_pages("-word5", "time", 1, remove_some);
	check_pages("all tenth", "relevance", 10, remove_some);
	check_pages("all OR tenth", "relevance", 1, remove_some);
}

/* Where not all are ranked, later pages rank those that the first one ranked. */
static void test_growing_bounded(void **state)
{
	int known = made;
	unsigned char *seen = mem_zalloc((size_t)known);
	int last = 0;

	(void)state;
	assert_non_null(seen);
	assert_true(known > BOUND_RANKED);
	assert_int_equal(walk("all OR tenth", "relevance", BOUND_RANKED / 5, known, grow, seen), BOUND_RANKED);
	for (int i = 0; i < known; i++)
		last += seen[i];
	assert_int_equal(last, BOUND_RANKED);
	mem_free(seen);
}

/* --- the string --- */

static void test_cursor(void **state)
{
	double idf[] = {1.5, 0.25, -1};
	struct cursor c = {.last = {.id = -7, .score = 2.75},
		.newest = 1000,
		.oldest = 3,
		.now_s = 1700000000,
		.total = 12345,
		.total_exact = true,
		.average = 311.5,
		.idf = idf,
		.idf_count = 3};
	struct cursor read;
	AUTO_BUF text = BUF_INIT;

	(void)state;
	cursor_add(&text, 99, SORT_RELEVANCE, &c);
	assert_ok(cursor_parse(text.data, 99, SORT_RELEVANCE, 3, &read));
	assert_int_equal(read.last.id, -7);
	assert_true(fabs(read.last.score - 2.75) < 1e-12 && fabs(read.average - 311.5) < 1e-12);
	assert_int_equal(read.newest, 1000);
	assert_int_equal(read.oldest, 3);
	assert_int_equal(read.now_s, 1700000000);
	assert_int_equal(read.total, 12345);
	assert_true(read.total_exact);
	assert_false(read.rank_bounded);
	assert_memory_equal(read.idf, idf, sizeof idf);
	cursor_finish(&read);
	/* another query's, another order's, another number of phrases */
	assert_int_equal(cursor_parse(text.data, 98, SORT_RELEVANCE, 3, &read), ST_INVALID);
	assert_int_equal(cursor_parse(text.data, 99, SORT_NAME, 0, &read), ST_INVALID);
	assert_int_equal(cursor_parse(text.data, 99, SORT_RELEVANCE, 2, &read), ST_INVALID);
	assert_int_equal(cursor_parse(text.data, 99, SORT_RELEVANCE, 4, &read), ST_INVALID);
	/* cut anywhere, or changed anywhere into what is no digit */
	for (size_t i = 0; i < text.len; i++) {
		char was = text.data[i];

		text.data[i] = '\0';
		assert_int_equal(cursor_parse(text.data, 99, SORT_RELEVANCE, 3, &read), ST_INVALID);
		text.data[i] = 'x';
		assert_int_equal(cursor_parse(text.data, 99, SORT_RELEVANCE, 3, &read), ST_INVALID);
		text.data[i] = was;
	}
}

static int set_up(void **state)
{
	int rc;

	db_on_open(search_register);
	rc = fixture_open(state);
	fixture = *state;
	if (rc == 0) {
		assert_ok(db_begin(fixture->db));
		fixture_dir(fixture, 1, 0, "");
		assert_ok(db_commit(fixture->db));
	}
	made = 0;
	return rc;
}

static int set_up_few(void **state)
{
	int rc = set_up(state);

	add_documents(600);
	return rc;
}

static int set_up_many(void **state)
{
	int rc = set_up(state);

	add_documents(DOCUMENTS);
	return rc;
}

int main(void)
{
	const struct CMUnitTest small[] = {
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_growing),
	};
	const struct CMUnitTest large[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_growing_bounded),
	};

	return cmocka_run_group_tests(small, set_up_few, fixture_close) +
	       cmocka_run_group_tests(large, set_up_many, fixture_close);
}
