/* rank: scores as the textbook has them, the same whichever way a query is answered. */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "search/rank.h"
#include "search/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 80 };

/* Words are of three letters, so that bytes are to tokens as four to one. */
static struct {
	int count[3]; /* of aaa, bbb, ccc */
	int words;
} documents[DOCUMENTS];
static const char *const words[] = {"aaa", "bbb", "ccc"};

static struct fixture *fixture;

static void fill(void)
{
	uint64_t seed = 3;

	assert_ok(db_begin(fixture->db));
	fixture_dir(fixture, 1, 0, "");
	for (int i = 0; i < DOCUMENTS; i++) {
		AUTO_BUF text = BUF_INIT;
		char name[32];
		int filler = 5 + (int)fixture_random(&seed, 100);

		for (int w = 0; w < 3; w++) {
			/* the first is common, the last is rare */
			documents[i].count[w] = fixture_random(&seed, 4) > (uint32_t)w
							? 1 + (int)fixture_random(&seed, 9)
							: 0;
			for (int k = 0; k < documents[i].count[w]; k++)
				buf_addf(&text, "%s ", words[w]);
			documents[i].words += documents[i].count[w];
		}
		for (int k = 0; k < filler; k++)
			buf_adds(&text, "xxx ");
		documents[i].words += filler;
		snprintf(name, sizeof name, "d%d", i);
		fixture_file(fixture, 1, name, fixture_document(fixture, "", text.data, 0),
			(uint64_t)i + 1);
	}
	assert_ok(documents_settle(fixture->db));
	assert_ok(db_commit(fixture->db));
}

static cJSON *search_by(const char *query, const char *sort)
{
	const struct caller everyone = {.all = true};
	struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_outcome outcome;
	struct search_request *r;
	struct search_error e;
	AUTO_BUF json = BUF_INIT;
	cJSON *p = cJSON_CreateObject();

	cJSON_AddStringToObject(p, "query", query);
	cJSON_AddStringToObject(p, "sort", sort);
	cJSON_AddNumberToObject(p, "limit", 1000);
	assert_ok(search_request_parse(p, &r, &e));
	cJSON_Delete(p);
	buf_addc(&json, '{');
	assert_ok(search_run(fixture->db, r, &everyone, &stop, &json, &outcome));
	buf_addc(&json, '}');
	search_request_destroy(r);
	return cJSON_Parse(json.data);
}

/* Scores by document number; below 0: not found. */
static void scores_of(const char *query, double *out)
{
	cJSON *result = search_by(query, "relevance");
	const cJSON *hit;
	double last = HUGE_VAL;

	for (int i = 0; i < DOCUMENTS; i++)
		out[i] = -1;
	cJSON_ArrayForEach(hit, cJSON_GetObjectItem(result, "hits")) {
		double score = cJSON_GetObjectItem(hit, "score")->valuedouble;

		out[atoi(cJSON_GetObjectItem(hit, "name")->valuestring + 1)] = score;
		assert_true(score <= last);
		last = score;
	}
	cJSON_Delete(result);
}

/* Robertson's formula with Lucene's idf. */
static double textbook(int document, int word, bool with_idf)
{
	double average = 0, with = 0, count = documents[document].count[word];

	for (int i = 0; i < DOCUMENTS; i++) {
		average += (double)documents[i].words / DOCUMENTS;
		with += documents[i].count[word] > 0;
	}
	double idf = log(1 + (DOCUMENTS - with + 0.5) / (with + 0.5));
	double norm = 1.2 * (1 - 0.75 + 0.75 * documents[document].words / average);
	return (with_idf ? idf : 1) * count * 2.2 / (count + norm);
}

static void assert_near(double a, double b)
{
	if (fabs(a - b) > 1e-4 * fabs(b))
		fail_msg("%g is not %g", a, b);
}

/* One word: its idf is the same for all, and is left out. */
static void test_one_word(void **state)
{
	double scores[DOCUMENTS];

	(void)state;
	for (int w = 0; w < 3; w++) {
		int found = 0;

		scores_of(words[w], scores);
		for (int i = 0; i < DOCUMENTS; i++) {
			assert_int_equal(scores[i] >= 0, documents[i].count[w] > 0);
			if (scores[i] >= 0)
				assert_near(scores[i], textbook(i, w, false));
			found += scores[i] >= 0;
		}
		assert_true(found > 5 && found < DOCUMENTS);
	}
}

static void test_many_words(void **state)
{
	static const char *const queries[] = {
		"aaa OR bbb OR ccc", "aaa bbb ccc", "bbb (aaa OR ccc)"};
	double scores[DOCUMENTS];

	(void)state;
	for (size_t q = 0; q < 3; q++) {
		int found = 0;

		scores_of(queries[q], scores);
		for (int i = 0; i < DOCUMENTS; i++) {
			double sum = 0;

			for (int w = 0; w < 3; w++)
				if (documents[i].count[w])
					sum += textbook(i, w, true);
			if (scores[i] >= 0)
				assert_near(scores[i], sum);
			found += scores[i] >= 0;
		}
		assert_true(found > 3);
	}
}

/* What is asked away adds nothing, even where it is allowed to be. */
static void test_negations(void **state)
{
	double plain[DOCUMENTS], scores[DOCUMENTS];

	(void)state;
	scores_of("aaa", plain);
	scores_of("aaa -(bbb ccc)", scores);
	for (int i = 0; i < DOCUMENTS; i++)
		if (scores[i] >= 0)
			assert_near(scores[i], plain[i]);
	/* by sets */
	scores_of("aaa OR ext:none -bbb", scores);
	for (int i = 0; i < DOCUMENTS; i++)
		if (scores[i] >= 0)
			assert_near(scores[i], plain[i]);
	scores_of("aaa (aaa OR -bbb)", scores);
	for (int i = 0; i < DOCUMENTS; i++)
		if (scores[i] >= 0)
			assert_near(scores[i], 2 * textbook(i, 0, true));
}

/* By sets and natively the same. */
static void test_both_ways(void **state)
{
	static const char *const pairs[][2] = {
		{"aaa", "aaa OR ext:none"},
		{"aaa bbb", "aaa (bbb OR size:>1G)"},
		{"aaa OR ccc", "aaa OR ccc OR author:nobody"},
		{"\"aaa aaa\" OR NEAR(bbb ccc, 3)", "\"aaa aaa\" OR NEAR(bbb ccc, 3) OR ext:none"},
	};
	double x[DOCUMENTS], y[DOCUMENTS];

	(void)state;
	for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
		scores_of(pairs[p][0], x);
		scores_of(pairs[p][1], y);
		for (int i = 0; i < DOCUMENTS; i++) {
			assert_int_equal(x[i] >= 0, y[i] >= 0);
			if (x[i] >= 0)
				assert_near(y[i], x[i]);
		}
	}
}

static int place_of(const char *query, const char *name)
{
	cJSON *result = search_by(query, "relevance");
	int place = 0, found = -1;
	const cJSON *hit;

	cJSON_ArrayForEach(hit, cJSON_GetObjectItem(result, "hits")) {
		if (!strcmp(cJSON_GetObjectItem(hit, "name")->valuestring, name))
			found = place;
		place++;
	}
	cJSON_Delete(result);
	return found;
}

/* A word in the title beats it in the text, a word in the name beats both. */
static void test_boosts(void **state)
{
	(void)state;
	assert_ok(db_begin(fixture->db));
	fixture_file(fixture, 1, "in-text",
		fixture_document(fixture, "nothing", "zzz and some more words", 0), 1001);
	fixture_file(fixture, 1, "in-title",
		fixture_document(fixture, "zzz", "and some more words here", 0), 1002);
	fixture_file(fixture, 1, "zzz",
		fixture_document(fixture, "nothing", "words that are elsewhere", 0), 1003);
	fixture_file(fixture, 1, "zzz.bin", 0, 1004);
	assert_ok(documents_settle(fixture->db));
	assert_ok(db_commit(fixture->db));
	assert_int_equal(place_of("zzz", "in-text"), 3);
	assert_int_equal(place_of("zzz", "in-title"), 2);
	assert_true(place_of("zzz", "zzz") < 2);
	assert_true(place_of("zzz", "zzz.bin") < 2);
	assert_int_equal(place_of("zzz OR ext:none", "in-text"), 3);
	assert_int_equal(place_of("title:zzz", "in-title"), 0);
	assert_int_equal(place_of("title:zzz", "zzz"), -1);
	/* half of the query in the name, half in the text */
	assert_int_equal(place_of("zzz elsewhere", "zzz"), 0);
	assert_int_equal(place_of("\"zzz elsewhere\"", "zzz"), -1);
	assert_int_equal(place_of("zzz -elsewhere", "zzz"), -1);
	assert_true(place_of("zzz -elsewhere", "zzz.bin") >= 0);
	assert_true(place_of("zzz -bin", "zzz.bin") < 0);
}

static void test_formulas(void **state)
{
	(void)state;
	assert_true(rank_idf(1, 1000) > rank_idf(10, 1000));
	assert_true(rank_idf(1000, 1000) > 0);
	assert_true(rank_idf(1001, 1000) > 0); /* counted at another moment */
	assert_true(rank_weight(2, 1) > rank_weight(1, 1));
	assert_true(rank_weight(1, 0.5) > rank_weight(1, 2));
	assert_true(rank_weight(1e6, 0.001) < rank_name_boost);
}

static int set_up(void **state)
{
	db_on_open(search_register);
	if (fixture_open(state))
		return 1;
	fixture = *state;
	fill();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_word),
		cmocka_unit_test(test_many_words),
		cmocka_unit_test(test_negations),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_formulas),
		cmocka_unit_test(test_boosts), /* last: it adds documents */
	};

	return cmocka_run_group_tests(tests, set_up, fixture_close);
}
