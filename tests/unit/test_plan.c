/* plan: trees to FTS5 expressions and SQL conditions. */
#include "store_fixture.h"

#include "core/mem.h"
#include "search/parse.h"
#include "search/plan.h"

#include <string.h>

static struct plan *plan_of(const char *text, struct query **q)
{
	struct search_error e;
	struct plan *p;

	assert_ok(parse_query(text, strlen(text), q, &e));
	assert_ok(plan_create(*q, NULL, &p));
	return p;
}

static const char *text_of(const struct plan_match *m)
{
	return m->text.data ? m->text.data : "";
}

/* The expression over fts, the one over names, and the one of what is marked. */
static const struct {
	const char *query;
	enum plan_shape shape;
	const char *match, *names, *marks;
} cases[] = {
	{"a", PLAN_NATIVE, "\"a\"", "\"a\"", "\"a\""},
	{"a b", PLAN_NATIVE, "\"a\" AND \"b\"", "\"a\" OR \"b\"", "\"a\" OR \"b\""},
	{"a OR b", PLAN_NATIVE, "\"a\" OR \"b\"", "\"a\" OR \"b\"", "\"a\" OR \"b\""},
	{"a (b OR c)", PLAN_NATIVE, "\"a\" AND (\"b\" OR \"c\")", "\"a\" OR \"b\" OR \"c\"",
		"\"a\" OR \"b\" OR \"c\""},
	{"a b OR c d", PLAN_NATIVE, "\"a\" AND \"b\" OR \"c\" AND \"d\"",
		"\"a\" OR \"b\" OR \"c\" OR \"d\"", "\"a\" OR \"b\" OR \"c\" OR \"d\""},
	{"-b a", PLAN_NATIVE, "\"a\" NOT \"b\"", "\"b\" OR \"a\"", "\"a\""},
	{"a -(b OR c d)", PLAN_NATIVE, "\"a\" NOT (\"b\" OR \"c\" AND \"d\")",
		"\"a\" OR \"b\" OR \"c\" OR \"d\"", "\"a\""},
	{"a -b (c OR e -f)", PLAN_NATIVE, "\"a\" AND (\"c\" OR \"e\" NOT \"f\") NOT \"b\"",
		"\"a\" OR \"b\" OR \"c\" OR \"e\" OR \"f\"", "\"a\" OR \"c\" OR \"e\""},
	{"pre* \"two words\"", PLAN_NATIVE, "\"pre\" * AND \"two words\"",
		"\"pre\" * OR \"two words\"", "\"pre\" * OR \"two words\""},
	{"NEAR(a b*, 3)", PLAN_NATIVE, "NEAR(\"a\" \"b\" *, 3)", "NEAR(\"a\" \"b\" *, 3)",
		"NEAR(\"a\" \"b\" *, 3)"},
	{"title:a b", PLAN_NATIVE, "title : \"a\" AND \"b\"", "\"b\"", "title : \"a\" OR \"b\""},
	{"a ext:pdf -name:x", PLAN_NATIVE, "\"a\"", "\"a\"", "\"a\""},
	{"-a", PLAN_SETS, "", "\"a\"", ""},
	{"a OR -b", PLAN_SETS, "", "\"a\" OR \"b\"", "\"a\""},
	{"a OR ext:pdf", PLAN_SETS, "", "\"a\"", "\"a\""},
	{"-(-a b)", PLAN_SETS, "", "\"a\" OR \"b\"", "\"a\""},
	{"ext:pdf", PLAN_FILTERS, "", "", ""},
	{"ext:pdf OR -size:1", PLAN_FILTERS, "", "", ""},
};

static void test_expressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct query *q;
		struct plan *p = plan_of(cases[i].query, &q);

		assert_int_equal(p->shape, cases[i].shape);
		if (p->shape == PLAN_NATIVE)
			assert_string_equal(text_of(&p->match), cases[i].match);
		assert_string_equal(text_of(&p->names), cases[i].names);
		assert_string_equal(text_of(&p->marks), cases[i].marks);
		plan_destroy(p);
		query_destroy(q);
	}
}

/* The phrases of an expression in FTS5's order, which is not the query's. */
static void test_phrase_order(void **state)
{
	static const struct plan_phrase want[] = {{0, true, TOKEN_WORD, 1},
		{2, true, TOKEN_WORD, 1}, {3, true, TOKEN_WORD, 1}, {1, false, TOKEN_WORD, 1}};
	struct query *q;
	struct plan *p = plan_of("a -b NEAR(c d)", &q);

	(void)state;
	assert_int_equal(p->match.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(p->match.phrases[i].phrase, want[i].phrase);
		assert_int_equal(p->match.phrases[i].counts, want[i].counts);
	}
	assert_true(p->negates_text);
	plan_destroy(p);
	query_destroy(q);
}

/* Whatever depth and width the parser lets through, FTS5's parser must take or never see. */
static void test_fts5_accepts(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *open, *close;
	} nests[] = {{"a (b OR ", ")"}, {"a -(b ", ")"}, {"a -(b OR c ", ")"},
		{"x y z (b OR c -(d ", "))"}, {"(a OR ", " -b)"}};

	for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
		for (int depth = 0; depth < (i == 3 ? 10 : 16); depth++) {
			AUTO_BUF text = BUF_INIT;
			struct query *q;

			for (int d = 0; d < depth; d++)
				buf_adds(&text, nests[i].open);
			buf_adds(&text, "e");
			for (int d = 0; d < depth; d++)
				buf_adds(&text, nests[i].close);
			struct plan *p = plan_of(text.data, &q);
			if (p->shape == PLAN_NATIVE) {
				AUTO_SQL sql = SQL_INIT;
				sqlite3_stmt *rows;

				sql_add(&sql, "SELECT rowid FROM fts WHERE fts MATCH ");
				sql_string(&sql, p->match.text.data);
				assert_int_equal(
					sql_prepare(&sql, db_raw(f->db), &rows), SQLITE_OK);
				int rc = sqlite3_step(rows);
				sqlite3_finalize(rows);
				if (rc != SQLITE_DONE)
					fail_msg("nest %zu depth %d: %s: %s", p->match.nest, depth,
						sqlite3_errmsg(db_raw(f->db)), text.data);
			}
			plan_destroy(p);
			query_destroy(q);
		}
	}
}

struct condition {
	const char *query, *sql;
};

static void check_conditions(
	const struct condition *conditions, size_t count, const struct plan_context *c)
{
	for (size_t i = 0; i < count; i++) {
		struct query *q;
		struct plan *p = plan_of(conditions[i].query, &q);
		AUTO_SQL sql = SQL_INIT;

		assert_int_equal(p->filter_count, 1);
		plan_condition(p->filters[0], c, &sql);
		assert_string_equal(sql.text.data, conditions[i].sql);
		plan_destroy(p);
		query_destroy(q);
	}
}

static void test_conditions(void **state)
{
	static const struct condition conditions[] = {
		{"ext:pdf,txt", "(f.ext IN (?1, ?2))"},
		{"-size:1..2", "NOT ((f.size BETWEEN ?1 AND ?2))"},
		{"name:ab", "(trawl_match(?1, ?2, f.dir, f.name))"},
		{"name:abc",
			"(f.id IN (SELECT rowid FROM name_part WHERE name LIKE ?1)"
			" AND trawl_match(?2, ?3, f.dir, f.name))"},
		/* no run of three that is not a wildcard to LIKE */
		{"name:ab_cd%", "(trawl_match(?1, ?2, f.dir, f.name))"},
		{"name:a?b*c", "(trawl_match(?1, ?2, f.dir, f.name))"},
		{"modified:2024..2025", "(f.mtime_ns >= ?1 AND f.mtime_ns < ?2)"},
		{"ext:a OR after:2024", "((f.ext IN (?1)) OR (f.mtime_ns >= ?2))"},
	};

	(void)state;
	check_conditions(conditions, sizeof conditions / sizeof *conditions,
		&(struct plan_context){.driving = true});
}

/* Name, extension, size and type of the part; place and time of its file. */
static void test_conditions_of_parts(void **state)
{
	static const struct condition conditions[] = {
		{"ext:pdf,txt", "(p.ext IN (?1, ?2))"},
		{"-size:1..2", "NOT ((p.size BETWEEN ?1 AND ?2))"},
		{"name:ab", "(trawl_match(?1, ?2, f.dir, trawl_leaf(p.path)))"},
		{"name:abc",
			"(p.id IN (SELECT rowid FROM name_part WHERE name LIKE ?1"
			" AND rowid > ?2) AND trawl_match(?3, ?4, f.dir, trawl_leaf(p.path)))"},
		{"path:abc", "(trawl_match(?1, ?2, f.dir, f.name))"},
		{"type:text/plain", "(coalesce(lower(coalesce(d.type, p.type)) = ?1, 0))"},
		{"modified:2024..2025", "(f.mtime_ns >= ?1 AND f.mtime_ns < ?2)"},
	};

	(void)state;
	check_conditions(conditions, sizeof conditions / sizeof *conditions,
		&(struct plan_context){.driving = true, .has_parts = true, .of_parts = true});
}

static void test_no_memory(void **state)
{
	struct search_error e;
	struct query *q;
	struct plan *p = NULL;
	enum status st = ST_NOMEM;

	(void)state;
	assert_ok(parse_query("a (b OR c) -d ext:x", 19, &q, &e));
	for (unsigned long n = 1; st == ST_NOMEM; n++) {
		mem_fail_at(n, 0);
		st = plan_create(q, NULL, &p);
		mem_fail_at(0, 0);
		assert_true(n < 1000);
	}
	assert_ok(st);
	plan_destroy(p);
	query_destroy(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: it configures SQLite, which nobody may have used before */
		cmocka_unit_test_setup_teardown(test_fts5_accepts, fixture_open, fixture_close),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_phrase_order),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_conditions_of_parts),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
