/* test_scope: sets along the way down, hidden names, and what belongs to version control. */
#include "watch/scope.h"

#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void add(struct scope *s, const char *text, const char *source, size_t depth)
{
	struct ignore *set = NULL;

	assert_int_equal(ignore_parse(text, strlen(text), source, NULL, &set), ST_OK);
	assert_int_equal(scope_add(s, set, depth), ST_OK);
	ignore_unref(set); /* the scope holds its own */
}

static bool ignored(const struct scope *s, const char *dir, const char *name, bool is_dir)
{
	return scope_judge(s, dir, name, is_dir).ignored;
}

static void test_builtin(void **state)
{
	static const char *const internals[] = {
		".git", ".hg", ".svn", ".bzr", "_darcs", "CVS", ".jj"};
	struct scope plain = {0}, hidden = {.hidden = true};

	(void)state;
	assert_false(ignored(&plain, "", "a.txt", false));
	assert_true(ignored(&plain, "", ".profile", false));
	assert_true(ignored(&plain, "a/b", ".config", true));
	assert_false(ignored(&hidden, "", ".profile", false));
	assert_false(ignored(&hidden, "a/b", ".config", true));
	for (size_t i = 0; i < sizeof internals / sizeof *internals; i++) {
		struct scope_verdict v = scope_judge(&hidden, "a", internals[i], true);

		assert_true(v.ignored);
		assert_string_equal(v.rule, "version-control internals");
		assert_null(v.source);
	}
	assert_false(ignored(&hidden, "", ".git", false)); /* a worktree's file of that name */
	assert_false(ignored(&hidden, "", "CVS", false));
	assert_string_equal(scope_judge(&plain, "", ".x", false).rule, "hidden files");
	assert_null(scope_judge(&plain, "", "x", false).rule);
}

static void test_levels(void **state)
{
	struct scope s = {0};

	(void)state;
	/* the view from a: what is nearer decides, whichever way */
	add(&s, "*.log\n/build\n", "[root docs]", 0);
	add(&s, "!keep.log\n/only-here\n", "a/.trawlignore", strlen("a"));
	assert_int_equal(s.count, 2);
	struct scope_verdict v = scope_judge(&s, "a", "x.log", false);
	assert_true(v.ignored);
	assert_string_equal(v.rule, "*.log");
	assert_string_equal(v.source, "[root docs]");
	assert_int_equal(v.line, 1);
	v = scope_judge(&s, "a", "keep.log", false);
	assert_false(v.ignored);
	assert_null(v.rule);
	assert_true(ignored(&s, "a", "only-here", false));
	assert_false(ignored(&s, "a", "build", true)); /* anchored at the root */
	scope_finish(&s);

	add(&s, "*.log\n/build\na/bb/named\n", "[root docs]", 0);
	add(&s, "!keep.log\n/only-here\nbb/too\n", "a/.trawlignore", strlen("a"));
	add(&s, "keep.log\n", "a/bb/.trawlignore", strlen("a/bb"));
	v = scope_judge(&s, "a/bb", "keep.log", false);
	assert_true(v.ignored);
	assert_string_equal(v.source, "a/bb/.trawlignore");
	assert_false(ignored(&s, "a/bb", "only-here", false));
	assert_true(ignored(&s, "a/bb", "named", false));
	assert_true(ignored(&s, "a/bb", "too", false));
	scope_finish(&s);
	assert_int_equal(s.count, 0);
	assert_null(s.levels);
}

static void test_root_level(void **state)
{
	struct scope s = {0};

	(void)state;
	add(&s, "/build\nsub/deep\n", "r", 0);
	assert_true(ignored(&s, "", "build", true));
	assert_false(ignored(&s, "sub", "build", true));
	assert_true(ignored(&s, "sub", "deep", false));
	scope_finish(&s);
}

/* A rule may bring back a hidden name, never version control's. */
static void test_hidden_by_rule(void **state)
{
	struct scope s = {0};

	(void)state;
	add(&s, "!.github\n!.git\n.env\n", "r", 0);
	assert_false(ignored(&s, "", ".github", true));
	assert_true(ignored(&s, "", ".gitlab", true));
	assert_true(ignored(&s, "", ".git", true));
	s.hidden = true;
	assert_true(ignored(&s, "", ".env", false));
	assert_string_equal(scope_judge(&s, "", ".env", false).rule, ".env");
	scope_finish(&s);
}

static void test_empty_sets(void **state)
{
	struct scope s = {0};

	(void)state;
	add(&s, "# nothing\n", "r", 0);
	assert_int_equal(scope_add(&s, NULL, 0), ST_OK);
	assert_int_equal(s.count, 0);
	scope_finish(&s);
}

static void test_no_memory(void **state)
{
	struct scope s = {0};
	struct ignore *set = NULL;

	(void)state;
	assert_int_equal(ignore_parse("x", 1, "r", NULL, &set), ST_OK);
	mem_fail_at(1, 0);
	assert_int_equal(scope_add(&s, set, 0), ST_NOMEM);
	mem_fail_at(0, 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(scope_add(&s, set, 0), ST_OK);
	assert_true(ignored(&s, "", "x", false));
	scope_finish(&s);
	ignore_unref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_root_level),
		cmocka_unit_test(test_hidden_by_rule),
		cmocka_unit_test(test_empty_sets),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
