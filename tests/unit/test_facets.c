/* facets: counts of whole results, held against a matcher that looks at every place; and their bounds. */
#include "search_corpus.h"

#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "search/facet_walk.h"
#include "search/facets.h"
#include "search/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct caller everyone = {.all = true};

static struct corpus corpus;

enum { DAY_S = 86400, YEAR_S = 366 * DAY_S };

static const char *const names[FACET_COUNT] = {
#define X(id, name) [FACET_##id] = name,
	FACET_TABLE(X)
#undef X
};

/* --- asking --- */

static struct search_request *parse(const char *query, bool grouped)
{
	cJSON *p = cJSON_CreateObject(), *facets = cJSON_AddArrayToObject(p, "facets");
	struct search_request *r;
	struct search_error e;

	cJSON_AddStringToObject(p, "query", query);
	cJSON_AddBoolToObject(p, "group", grouped);
	cJSON_AddNumberToObject(p, "limit", 1);
	for (int i = 0; i < FACET_COUNT; i++)
		cJSON_AddItemToArray(facets, cJSON_CreateString(names[i]));
	if (search_request_parse(p, &r, &e) != ST_OK)
		fail_msg("%s: %s", query, e.message);
	cJSON_Delete(p);
	return r;
}

static cJSON *search(const char *query, bool grouped, const struct caller *who)
{
	struct search_request *r = parse(query, grouped);
	struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_outcome outcome;
	AUTO_BUF json = BUF_INIT;

	buf_addc(&json, '{');
	assert_ok(search_run(corpus.f->db, r, who, &stop, &json, &outcome));
	buf_addc(&json, '}');
	cJSON *result = cJSON_Parse(json.data);
	assert_non_null(result);
	search_request_destroy(r);
	return result;
}

/* --- what should come --- */

enum { VALUES = 64, HITS = CORPUS_DOCUMENTS + CORPUS_PLACES };

struct tally {
	struct {
		char text[160];
		int count, last; /* the hit that was counted last */
	} values[VALUES];
	int count;
};
static struct tally tallies[FACET_COUNT];

static void tally_one(enum facet facet, const char *text, int hit)
{
	struct tally *t = &tallies[facet];
	int i = 0;

	if (!*text)
		return;
	while (i < t->count && strcmp(t->values[i].text, text) != 0)
		i++;
	if (i == t->count) {
		assert_true(t->count < VALUES);
		snprintf(t->values[t->count].text, sizeof t->values[0].text, "%s", text);
		t->values[t->count].count = 0;
		t->values[t->count++].last = -1;
	}
	t->values[i].count += t->values[i].last != hit;
	t->values[i].last = hit;
}

/* The hit that a place belongs to. */
static int hit_of(const struct corpus_file *f, bool grouped)
{
	if (grouped && f->number >= 0)
		return f->container;
	if (f->document >= 0)
		return f->document;
	/* Files and directories, then parts. */
	return CORPUS_DOCUMENTS + (f->number < 0 ? f->file : CORPUS_FILES + CORPUS_DIRS + f->number);
}

static void tally_place(const struct corpus_file *f, int hit)
{
	const struct corpus_document *d = f->document < 0 ? NULL : &corpus.documents[f->document];
	const char *path = corpus.dirs[f->dir].path;
	const char *slash = strlen(path) > 3 ? strchr(path + 3, '/') : NULL;
	time_t t = (time_t)f->mtime_s;
	char text[160];
	struct tm tm;

	tally_one(FACET_TYPE, d ? d->type : f->type, hit);
	tally_one(FACET_EXT, f->ext, hit);
	strftime(text, sizeof text, "%Y", gmtime_r(&t, &tm));
	tally_one(FACET_YEAR, text, hit);
	tally_one(FACET_ROOT, "r", hit);
	tally_one(FACET_AUTHOR, d ? d->author : "", hit);
	snprintf(text, sizeof text, "%.*s", slash ? (int)(slash - path) : (int)strlen(path), path);
	tally_one(FACET_FOLDER, text, hit);
}

static void tally_all(const struct wish *w, const struct caller *who, bool grouped)
{
	memset(tallies, 0, sizeof tallies);
	for (int hit = 0; hit < HITS; hit++)
		for (int i = 0; i < corpus.place_count; i++) {
			const struct corpus_file *f = &corpus.files[i];

			if (hit_of(f, grouped) == hit && corpus_visible(&corpus, f, who) &&
				wish_finds(&corpus, w, f))
				tally_place(f, hit);
		}
}

static int find_count(const struct tally *t, const char *text)
{
	for (int i = 0; i < t->count; i++)
		if (strcmp(t->values[i].text, text) == 0)
			return t->values[i].count;
	return 0;
}

static void check(const cJSON *facets, const char *query)
{
	for (int i = 0; i < FACET_COUNT; i++) {
		const cJSON *list = cJSON_GetObjectItem(facets, names[i]), *entry, *last = NULL;

		assert_int_equal(cJSON_GetArraySize(list), tallies[i].count);
		cJSON_ArrayForEach(entry, list) {
			const char *value = cJSON_GetObjectItem(entry, "value")->valuestring;
			int count = cJSON_GetObjectItem(entry, "count")->valueint;

			if (count != find_count(&tallies[i], value))
				fail_msg("%s: %s %s has %d instead of %d", query, names[i], value,
					count, find_count(&tallies[i], value));
			if (last) {
				int before = cJSON_GetObjectItem(last, "count")->valueint;
				const char *text =
					cJSON_GetObjectItem(last, "value")->valuestring;

				assert_true(before > count ||
					    (before == count && strcmp(text, value) < 0));
			}
			last = entry;
		}
	}
}

static void test_random(void **state)
{
	const struct caller callers[] = {
		everyone, {.uid = 1000, .gid = 100}, everyone, {.uid = 7, .gid = 7}};
	uint64_t seed = 77;

	(void)state;
	for (int i = 0; i < 200; i++) {
		const struct caller *who = &callers[i % 4];
		struct wish *w = wish_make(&corpus, &seed, (int)fixture_random(&seed, 3));
		AUTO_BUF text = BUF_INIT;

		wish_write(w, &text);
		cJSON *result = search(text.data, i % 3 == 0, who);
		tally_all(w, who, i % 3 == 0);
		check(cJSON_GetObjectItem(result, "facets"), text.data);
		assert_true(cJSON_IsTrue(cJSON_GetObjectItem(result, "facets_exact")));
		cJSON_Delete(result);
		wish_destroy(w);
	}
}

/* Only those that were asked for, and nothing where none was. */
static void test_wanted(void **state)
{
	static const char *const params[] = {"{\"query\":\"alpha\",\"facets\":[\"ext\"]}",
		"{\"query\":\"alpha\",\"facets\":[]}"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cJSON *p = cJSON_Parse(params[i]);
		struct search_stop stop = {now_mono_ms() + 60000, NULL};
		struct search_outcome outcome;
		struct search_request *r;
		struct search_error e;
		AUTO_BUF json = BUF_INIT;

		assert_ok(search_request_parse(p, &r, &e));
		assert_ok(search_run(corpus.f->db, r, &everyone, &stop, &json, &outcome));
		assert_true((strstr(json.data, "\"facets\":{\"ext\":[{") != NULL) == (i == 0));
		assert_null(strstr(json.data, "\"type\":[{"));
		assert_true((strstr(json.data, "facets_exact") != NULL) == (i == 0));
		search_request_destroy(r);
		cJSON_Delete(p);
	}
}

/* --- bounds --- */

static struct facets *make(unsigned wanted)
{
	struct facets *f;

	assert_ok(facets_create(wanted, false, &f));
	return f;
}

/* Of too many hits the newest are kept, in order, whatever order they come in. */
static void test_newest(void **state)
{
	const int64_t all = 3 * FACET_HITS_MAX + 17;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct facets *f = make(1u << FACET_EXT);
		AUTO_BUF out = BUF_INIT;
		size_t count;

		for (int64_t i = 1; i <= all; i++) {
			struct hit h = {.id = turn ? all + 1 - i : i, .by_text = true};

			assert_ok(facets_offer(f, &h));
		}
		const struct noted *noted = facets_noted(f, &count);
		assert_int_equal(count, FACET_HITS_MAX);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(noted[i].id, all - FACET_HITS_MAX + 1 + (int64_t)i);
		assert_ok(facets_add(f, true, &out));
		assert_non_null(strstr(out.data, "\"facets_exact\":false"));
		facets_destroy(f);
	}
}

static struct facet_place place_with(const char *ext)
{
	return (struct facet_place){.dir = 1,
		.ext = ext,
		.type = "",
		.author = "",
		.path = "/r/a/b",
		.root_path = "/r",
		.root = "r"};
}

/* A hundred values are told, the most frequent; what is cut is said. */
static void test_many_values(void **state)
{
	struct facets *f = make(1u << FACET_EXT | 1u << FACET_FOLDER);
	AUTO_BUF out = BUF_INIT;
	char ext[16];

	(void)state;
	for (int i = 0; i < 150; i++) {
		snprintf(ext, sizeof ext, "e%d", i);
		struct facet_place p = place_with(ext);
		/* every ext in two hits, "e149" in three; a hit that has a value twice has it once */
		for (int hit = 0; hit < 2 + (i == 149); hit++) {
			facets_next(f);
			assert_ok(facets_count(f, &p));
			assert_ok(facets_count(f, &p));
		}
	}
	assert_ok(facets_add(f, true, &out));
	cJSON *o = NULL;
	AUTO_FREE char *text = mem_printf("{%s}", out.data + 1);
	o = cJSON_Parse(text);
	assert_non_null(o);
	const cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "facets"), "ext");
	assert_int_equal(cJSON_GetArraySize(list), FACET_VALUES_SHOWN);
	assert_string_equal(cJSON_GetObjectItem(list->child, "value")->valuestring, "e149");
	assert_int_equal(cJSON_GetObjectItem(list->child, "count")->valueint, 3);
	assert_string_equal(cJSON_GetObjectItem(list->child->next, "value")->valuestring, "e0");
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(o, "facets_exact")));
	list = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "facets"), "folder");
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_string_equal(cJSON_GetObjectItem(list->child, "value")->valuestring, "/r/a");
	assert_int_equal(cJSON_GetObjectItem(list->child, "count")->valueint, 301);
	cJSON_Delete(o);
	facets_destroy(f);
}

/* The first directory below the root; the root itself; a root that is "/"; bytes that are no UTF-8. */
static void test_folders(void **state)
{
	static const struct {
		const char *path, *root, *folder;
	} cases[] = {{"/r", "/r", "{\"value\":\"/r\""}, {"/r/a", "/r", "{\"value\":\"/r/a\""},
		{"/r/a/b/c", "/r", "{\"value\":\"/r/a\""}, {"/", "/", "{\"value\":\"/\""},
		{"/etc", "/", "{\"value\":\"/etc\""}, {"/etc/x", "/", "{\"value\":\"/etc\""},
		{"/r/\xff/b", "/r", "{\"value\":\"/r/\xef\xbf\xbd\",\"value_b64\":\"L3Iv/w==\""}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct facets *f = make(1u << FACET_FOLDER);
		struct facet_place p = place_with("");
		AUTO_BUF out = BUF_INIT;

		p.path = cases[i].path;
		p.root_path = cases[i].root;
		facets_next(f);
		assert_ok(facets_count(f, &p));
		assert_ok(facets_add(f, true, &out));
		if (!strstr(out.data, cases[i].folder))
			fail_msg("%s: %s", cases[i].path, out.data);
		facets_destroy(f);
	}
}

/* The ends of years, and before 1970. */
static void test_years(void **state)
{
	static const struct {
		int64_t s;
		const char *year;
	} cases[] = {{0, "1970"}, {-1, "1969"}, {1704067199, "2023"}, {1704067200, "2024"},
		{1735689599, "2024"}, {1735689600, "2025"}, {1704067200, "2024"},
		{9214646400, "2262"}};
	struct facets *f = make(1u << FACET_YEAR);
	AUTO_BUF out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct facet_place p = place_with("");

		p.mtime_ns = cases[i].s * 1000000000 + (cases[i].s < 0 ? 1 : 999999999);
		if (cases[i].s > 9000000000)
			p.mtime_ns = cases[i].s * 1000000000;
		facets_next(f);
		assert_ok(facets_count(f, &p));
	}
	assert_ok(facets_add(f, true, &out));
	assert_non_null(strstr(out.data, "[{\"value\":\"2024\",\"count\":3},"
					 "{\"value\":\"1969\",\"count\":1},{\"value\":\"1970\",\"count\":1},"
					 "{\"value\":\"2023\",\"count\":1},{\"value\":\"2025\",\"count\":1},"
					 "{\"value\":\"2262\",\"count\":1}]"));
	facets_destroy(f);
}

/* --- trouble --- */

/* Every allocation of ours fails in turn: ST_NOMEM or a good answer, never a crash or a leak. */
static void test_no_memory(void **state)
{
	static const char *const queries[] = {"alpha", "alpha OR ext:pdf", "ext:pdf"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		bool done = false;

		for (unsigned long n = 1; !done; n++) {
			struct search_request *r = parse(queries[i], i == 1);
			struct search_stop stop = {now_mono_ms() + 10000, NULL};
			struct search_outcome outcome;
			AUTO_BUF json = BUF_INIT;

			mem_fail_at(n, 0);
			enum status st = search_run(
				corpus.f->db, r, &everyone, &stop, &json, &outcome);
			/* the countdown still runs: there was nothing left to fail */
			AUTO_FREE char *probe = mem_alloc(1);
			for (unsigned long k = 0; probe && k < n; k++) {
				mem_free(probe);
				probe = mem_alloc(1);
			}
			done = !probe;
			mem_fail_at(0, 0);
			assert_true(st == ST_OK || st == ST_NOMEM);
			assert_true(!done || st == ST_OK);
			search_request_destroy(r);
		}
	}
}

/* Without time there are none, and that is said; the answer is not to be kept. */
static void test_late(void **state)
{
	struct search_request *r = parse("alpha", false);
	struct search_stop stop = {now_mono_ms() - 1, NULL};
	struct search_outcome outcome;
	AUTO_BUF json = BUF_INIT;

	(void)state;
	assert_ok(search_run(corpus.f->db, r, &everyone, &stop, &json, &outcome));
	assert_true(outcome.partial);
	assert_non_null(strstr(json.data, "\"facets_exact\":false"));
	search_request_destroy(r);
}

/* --- the whole --- */

/* Files of several years: the corpus has one. */
static void age_files(void)
{
	for (int i = 0; i < corpus.place_count; i++)
		if (!corpus.files[i].is_dir)
			corpus.files[i].mtime_s -= corpus.files[i].file % 5 * (int64_t)YEAR_S;
	fixture_exec(corpus.f,
		"UPDATE file SET mtime_ns = mtime_ns - (ino - 1) % 5 * 366 * 86400 * 1000000000");
}

static int set_up(void **state)
{
	uint64_t seed = 4711;

	db_on_open(search_register);
	if (fixture_open(state) != 0)
		return -1;
	corpus_fill(&corpus, *state, &seed);
	assert_ok(db_begin(corpus.f->db));
	age_files();
	assert_ok(db_commit(corpus.f->db));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, set_up, fixture_close);
}
