/*
 * test_forms: words that stand for others in a query, the nearest word, stems of all languages; and what is left of this
 * when memory fails.
 */
#include "store_fixture.h"

#include "core/languages.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/forms.h"
#include "search/nearest.h"
#include "search/parse.h"
#include "search/plan.h"
#include "search/stems.h"
#include "store/vocabulary_round.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void configure(const char *languages)
{
	char *items[8], *copy = mem_strdup(languages), *at = copy;
	struct config_list list = {items, 0};

	for (char *word; (word = strsep(&at, " "));)
		if (*word)
			items[list.count++] = word;
	stems_configure(&list);
	mem_free(copy);
}

/* --- stems --- */

static void test_every_language(void **state)
{
	AUTO_BUF all = BUF_INIT;
	int count = 0;

	(void)state;
	languages_add_all(&all);
	assert_ok(buf_status(&all));
	for (char *at = all.data, *item; (item = strsep(&at, ",")); count++) {
		char name[32], code[8];
		struct stems *s;
		struct stem stem;

		assert_int_equal(sscanf(item, " %31s (%7[a-z])", name, code), 2);
		assert_string_equal(language_find(code), name);
		configure(name);
		assert_ok(stems_create(&s));
		assert_int_equal(stems_count(s), 1);
		assert_ok(stems_find(s, 0, "word", 4, &stem));
		assert_true(stem.len > 0);
		stems_destroy(s);
	}
	assert_int_equal(count, 28);
	assert_null(language_find("english "));
	assert_null(language_find(""));
}

static void test_stems(void **state)
{
	struct stems *s;
	struct stem stem;

	(void)state;
	configure("");
	assert_ok(stems_create(&s));
	assert_null(s);
	configure("en de EN klingon");
	assert_ok(stems_create(&s));
	assert_int_equal(stems_count(s), 2);
	assert_ok(stems_find(s, 0, "connections", 11, &stem));
	assert_int_equal(stem.len, 7);
	assert_memory_equal(stem.text, "connect", 7);
	assert_ok(stems_find(s, 1, "hauser", 6, &stem));
	assert_memory_equal(stem.text, "haus", 4);
	stems_destroy(s);
	stems_destroy(NULL);
}

/* --- forms --- */

static void put(struct fixture *f, const char *name, const char *text)
{
	static uint64_t ino = 100;

	ino++;
	fixture_file(f, 1, name, fixture_document(f, "", text, (unsigned)ino), ino);
}

static void fill(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	put(f, "a", "connection connections hope");
	put(f, "b", "connected hoping kinder");
	put(f, "c", "connects connected fly");
	put(f, "d", "connoisseur kind flies");
	put(f, "connecting", "empty");
	assert_ok(db_commit(f->db));
}

struct asked {
	struct query *query;
	struct forms *forms;
	struct plan *plan;
};

static void ask(struct fixture *f, const char *text, struct asked *a)
{
	struct search_error e;

	assert_ok(parse_query(text, strlen(text), &a->query, &e));
	assert_ok(forms_create(f->db, a->query, true, &a->forms));
	struct forms *forms = a->forms;
	assert_ok(plan_create(a->query, &forms, &a->plan));
	assert_null(forms);
}

static void forget(struct asked *a)
{
	plan_destroy(a->plan); /* and the forms */
	query_destroy(a->query);
}

/* What is matched, after `languages`. */
static const struct {
	const char *languages, *query, *match, *names;
} cases[] = {
	{"", "connection", "\"connection\"", "\"connection\""},
	{"en", "connection",
		"(\"connection\" OR \"connected\" OR \"connecting\" OR \"connections\" OR \"connects\")",
		"(\"connection\" OR \"connected\" OR \"connecting\" OR \"connections\" OR \"connects\")"},
	{"en", "\"connection\"", "\"connection\"", "\"connection\""},
	{"en", "connect*", "\"connect\" *", "\"connect\" *"},
	{"en", "hope -fly", "(\"hope\" OR \"hoping\") NOT \"fly\"", "(\"hope\" OR \"hoping\") OR \"fly\""},
	{"en", "fly title:hope", "(\"fly\" OR \"flies\") AND title : \"hope\"", "(\"fly\" OR \"flies\")"},
	{"en", "flies OR (hope kinder)", "(\"flies\" OR \"fly\") OR (\"hope\" OR \"hoping\") AND \"kinder\"",
		"(\"flies\" OR \"fly\") OR (\"hope\" OR \"hoping\") OR \"kinder\""},
	{"de", "kinder", "(\"kinder\" OR \"kind\")", "(\"kinder\" OR \"kind\")"},
	{"de", "connected", "\"connected\"", "\"connected\""},
	{"en de", "kinder fly", "(\"kinder\" OR \"kind\") AND (\"fly\" OR \"flies\")",
		"(\"kinder\" OR \"kind\") OR (\"fly\" OR \"flies\")"},
	{"en", "NEAR(hope fly)", "NEAR(\"hope\" \"fly\", 10)", "NEAR(\"hope\" \"fly\", 10)"},
	{"en", "hope-fly", "\"hope-fly\"", "\"hope-fly\""},
	{"en", "nowhere", "\"nowhere\"", "\"nowhere\""},
	{"en", "be", "\"be\"", "\"be\""},
};

static void test_expressions(void **state)
{
	struct fixture *f = *state;

	fill(f);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked a;

		configure(cases[i].languages);
		ask(f, cases[i].query, &a);
		assert_string_equal(a.plan->match.text.data, cases[i].match);
		assert_string_equal(a.plan->names.text.data, cases[i].names);
		assert_false(a.plan->bounded);
		forget(&a);
	}
}

/* The word itself counts whole, other forms half; all are one phrase of the query. */
static void test_weights(void **state)
{
	struct fixture *f = *state;
	struct asked a;

	fill(f);
	configure("en");
	ask(f, "empty connection", &a);
	assert_int_equal(a.plan->match.count, 6);
	for (size_t i = 0; i < a.plan->match.count; i++) {
		const struct plan_phrase *p = &a.plan->match.phrases[i];

		assert_int_equal(p->phrase, i > 0);
		assert_true(p->counts);
		assert_true(p->weight == (i < 2 ? 1 : forms_weight));
	}
	assert_false(plan_ranks_one(a.plan));
	forget(&a);
	ask(f, "connection", &a);
	assert_true(plan_ranks_one(a.plan));
	forget(&a);
}

/* --- prefixes --- */

enum { MANY = 60, OF_EACH = 700 };

static void count_words(struct fixture *f)
{
	int64_t due = 0;

	while (due <= now_mono_ms()) {
		assert_ok(vocabulary_step(f->db, INT64_C(1) << 40));
		assert_ok(vocabulary_due(f->db, &due));
	}
}

/* 42,000 postings begin with "w", 600 with "w1". */
static void fill_many(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	for (int i = 0; i < MANY; i++) {
		AUTO_BUF text = BUF_INIT;
		char name[16];

		for (int j = 0; j < OF_EACH; j++)
			buf_addf(&text, "w%s%d ", j < 10 ? "1" : "2", j);
		snprintf(name, sizeof name, "f%d", i);
		put(f, name, text.data);
	}
	put(f, "more", "w25 w25 alone");
	assert_ok(db_commit(f->db));
}

static void test_bounded_prefixes(void **state)
{
	struct fixture *f = *state;
	struct asked a;

	fill_many(f);
	ask(f, "w*", &a);
	assert_false(a.plan->bounded); /* nobody knows yet how much it is */
	forget(&a);
	count_words(f);
	ask(f, "w*", &a);
	assert_true(a.plan->bounded);
	assert_int_equal(a.plan->match.count, FORMS_OF_A_PREFIX);
	assert_null(strstr(a.plan->match.text.data, "*"));
	for (size_t i = 0; i < a.plan->match.count; i++)
		assert_true(a.plan->match.phrases[i].weight == 1);
	forget(&a);
	ask(f, "w1*", &a);
	assert_false(a.plan->bounded);
	assert_string_equal(a.plan->match.text.data, "\"w1\" *");
	forget(&a);
	ask(f, "\"alone w\"*", &a);
	assert_true(a.plan->bounded);
	assert_non_null(strstr(a.plan->match.text.data, "\"alone w2"));
	forget(&a);
	ask(f, "alone -w*", &a); /* what is taken away is taken away wholly */
	assert_false(a.plan->bounded);
	forget(&a);

	struct search_error e;
	struct forms *forms;
	struct query *q;

	assert_ok(parse_query("w*", 2, &q, &e));
	assert_ok(forms_create(f->db, q, false, &forms));
	assert_null(forms_of(forms, 0));
	forms_destroy(forms);
	query_destroy(q);
}

/* --- the nearest word --- */

/* Damerau and Levenshtein by the book: optimal string alignment, all of the table. */
static int distance(const char *a, const char *b)
{
	int la = (int)strlen(a), lb = (int)strlen(b), d[24][24];

	for (int i = 0; i <= la; i++)
		for (int j = 0; j <= lb; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
			best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[la][lb];
}

enum { WORDS = 900 };

static void make_word(uint64_t *seed, char out[24])
{
	uint32_t n = 3 + fixture_random(seed, 8);

	for (uint32_t i = 0; i < n; i++)
		out[i] = "abcde"[fixture_random(seed, 5)];
	out[n] = '\0';
}

static size_t nearest(struct fixture *f, const char *word, struct near_word out[NEAREST_MAX])
{
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct stopper s;

	stopper_install(&s, f->db, &stop);
	size_t n = nearest_find(f->db, &s, word, strlen(word), 60000, out);
	stopper_remove(&s);
	assert_ok(s.st);
	return n;
}

/* Beside the book's distance to every word. */
static void check_nearest(struct fixture *f, char words[][24], const char *target)
{
	struct near_word near[NEAREST_MAX];
	size_t n = nearest(f, target, near);
	int most = strlen(target) <= 5 ? 1 : 2, best = 99;

	for (int i = 0; i < WORDS; i++) {
		int d = distance(target, words[i]);

		if (d > 0 && d < best)
			best = d;
	}
	assert_int_equal(n > 0, best <= most);
	for (size_t i = 0; i < n; i++) {
		char text[WORD_BYTES_MAX + 1] = "";

		memcpy(text, near[i].word.text, near[i].word.len);
		assert_int_equal(near[i].distance, distance(target, text));
		assert_true(near[i].distance >= best && near[i].distance <= most);
		assert_true(i == 0 || near[i].distance >= near[i - 1].distance);
	}
	/* In the first letter's words it is content with one slip. */
	if (n && best == 1)
		assert_int_equal(near[0].distance, 1);
}

static void test_nearest(void **state)
{
	static char words[WORDS][24];
	struct fixture *f = *state;
	struct near_word near[NEAREST_MAX];
	AUTO_BUF text = BUF_INIT;
	uint64_t seed = 9;

	for (int i = 0; i < WORDS; i++) {
		make_word(&seed, words[i]);
		buf_addf(&text, "%s ", words[i]);
	}
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	put(f, "1", text.data);
	assert_ok(db_commit(f->db));
	strcpy(words[0], "1"); /* the name's */
	for (int i = 0; i < 400; i++) {
		char target[24];

		make_word(&seed, target);
		check_nearest(f, words, target);
	}
	assert_int_equal(nearest(f, "ab", near), 0);
	assert_int_equal(nearest(f, "", near), 0);
	assert_int_equal(nearest(f, "abc1", near), 0);
	assert_int_equal(nearest(f, "\xc3\xc3\xc3\xff\xff", near), 0);
}

static void test_characters(void **state)
{
	struct fixture *f = *state;
	struct near_word near[NEAREST_MAX];

	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	put(f, "1", "кракен straße");
	assert_ok(db_commit(f->db));
	assert_int_equal(nearest(f, "кркаен", near), 1);
	assert_int_equal(near[0].distance, 1);
	assert_int_equal(nearest(f, "иракен", near), 1);
	assert_int_equal(nearest(f, "strasse", near), 1);
	assert_int_equal(near[0].distance, 2);
}

/* --- memory fails --- */

static enum status ask_once(struct fixture *f, const char *text)
{
	struct search_error e;
	struct near_word near[NEAREST_MAX];
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct query *q = NULL;
	struct forms *forms = NULL;
	struct plan *plan = NULL;
	struct stopper s;
	enum status st = parse_query(text, strlen(text), &q, &e);

	if (st == ST_OK)
		st = forms_create(f->db, q, true, &forms);
	if (st == ST_OK)
		st = plan_create(q, &forms, &plan);
	plan_destroy(plan);
	forms_destroy(forms);
	query_destroy(q);
	if (st != ST_OK)
		return st;
	stopper_install(&s, f->db, &stop);
	(void)nearest_find(f->db, &s, "connectoin", 10, 60000, near);
	stopper_remove(&s);
	return s.st;
}

static void test_faults(void **state)
{
	struct fixture *f = *state;

	fill(f);
	configure("en de");
	for (int forever = 0; forever < 2; forever++) {
		int quiet = 0;

		for (unsigned long n = 1; quiet < 10; n += 1 + n / 64) {
			int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, STDERR_FILENO);
			mem_fail_at(n, forever);
			enum status st = ask_once(f, "connection (kinder OR fly)");
			mem_fail_at(0, 0);
			dup2(err, STDERR_FILENO);
			close(err);
			close(null);
			assert_true(st == ST_OK || st == ST_NOMEM);
			quiet = st == ST_OK ? quiet + 1 : 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_language),
		cmocka_unit_test(test_stems),
		cmocka_unit_test_setup_teardown(test_expressions, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_weights, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_bounded_prefixes, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_nearest, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_characters, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_faults, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
