/* subscribe_glob: patterns of paths beside a plain recursive matcher. */
#include "store_fixture.h"

#include "core/mem.h"
#include "serve/subscribe_glob.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *pattern, *path;
	bool matches, below;
} cases[] = {
	{"/d", "/d", true, true},
	{"/d", "/d/a", true, true},
	{"/d", "/da", false, false},
	{"/d/", "/d", true, true},
	{"/d/e", "/d", false, true},
	{"/", "/a", true, true},
	{"/", "/", true, true},
	{"/d/*.txt", "/d/a.txt", true, false},
	{"/d/*.txt", "/d/e/a.txt", false, false},
	{"/d/*.txt", "/d", false, true},
	{"/d/**/*.txt", "/d/a.txt", true, true},
	{"/d/**/*.txt", "/d/e/f/a.txt", true, true},
	{"/d/**/a.txt", "/d/xa.txt", false, true},
	{"/d/**", "/d", false, true},
	{"/d/**", "/d/e/f", true, true},
	{"/d/?.c", "/d/a.c", true, false},
	{"/d/?.c", "/d/\xc3\xa9.c", true, false},
	{"/d/?.c", "/d//.c", false, false},
	{"/d/?.c", "/d/ab.c", false, false},
	{"/d/\\*", "/d/*", true, true},
	{"/d/\\*", "/d/a", false, false},
	{"/**/a/**/b", "/x/a/b", true, true},
	{"/*/*", "/a/b", true, false},
	{"/*/*", "/a", false, true},
	{"/D", "/d", false, false},
};

static struct glob *make(const char *pattern)
{
	struct glob *g = NULL;

	if (glob_create(pattern, &g) != ST_OK)
		fail_msg("%s: no pattern", pattern);
	return g;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct glob *g = make(cases[i].pattern);

		if (glob_matches(g, cases[i].path) != cases[i].matches)
			fail_msg("%s: %s", cases[i].pattern, cases[i].path);
		if (glob_reaches_below(g, cases[i].path) != cases[i].below)
			fail_msg("%s: below %s", cases[i].pattern, cases[i].path);
		glob_destroy(g);
	}
}

/* By trying everything; patterns with a wildcard, without backslashes. */
static bool plainly(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (!strncmp(p, "/**/", 4) && *s == '/' && plainly(p + 3, s))
		return true;
	if (p[0] == '*' && p[1] == '*') {
		for (;; s++) {
			if (plainly(p + 2, s))
				return true;
			if (!*s)
				return false;
		}
	}
	if (*p == '*') {
		for (;; s++) {
			if (plainly(p + 1, s))
				return true;
			if (!*s || *s == '/')
				return false;
		}
	}
	if (*p == '?')
		return *s && *s != '/' && plainly(p + 1, s + 1);
	return *p == *s && plainly(p + 1, s + 1);
}

static void fill(char *out, size_t len, const char *letters, uint64_t *seed)
{
	out[0] = '/';
	for (size_t i = 1; i < len; i++)
		out[i] = letters[fixture_random(seed, (uint32_t)strlen(letters))];
	out[len] = '\0';
}

static void test_random(void **state)
{
	uint64_t seed = 3;
	int matches = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char pattern[16], path[16], below[24];

		fill(pattern, 2 + fixture_random(&seed, 9), "ab/**?", &seed);
		fill(path, 1 + fixture_random(&seed, 9), "ab/", &seed);
		if (!strpbrk(pattern, "*?") || pattern[strlen(pattern) - 1] == '/' || strstr(pattern, "***"))
			continue;
		struct glob *g = make(pattern);
		bool truth = plainly(pattern, path);

		matches += truth;
		if (glob_matches(g, path) != truth)
			fail_msg("%s: %s is %s", pattern, path, truth ? "one" : "none");
		/* What matches lies where it was said that something could. */
		snprintf(below, sizeof below, "%s", path);
		for (char *slash = strrchr(below, '/'); truth && slash > below; slash = strrchr(below, '/')) {
			*slash = '\0';
			if (!glob_reaches_below(g, below))
				fail_msg("%s: below %s is %s", pattern, below, path);
		}
		glob_destroy(g);
	}
	assert_true(matches > 1000);
}

static void test_refusals(void **state)
{
	struct glob *g = NULL;
	char *longest = mem_alloc(GLOB_BYTES_MAX + 2);

	(void)state;
	memset(longest, '?', GLOB_BYTES_MAX + 1);
	longest[0] = '/';
	longest[GLOB_BYTES_MAX + 1] = '\0';
	assert_int_equal(glob_create(longest, &g), ST_INVALID);
	longest[GLOB_BYTES_MAX] = '\0';
	assert_ok(glob_create(longest, &g));
	assert_true(glob_matches(g, longest));
	glob_destroy(g);
	mem_free(longest);
	assert_int_equal(glob_create("a", &g), ST_INVALID);
	assert_int_equal(glob_create("", &g), ST_INVALID);
	assert_int_equal(glob_create("/a\\", &g), ST_INVALID);
	mem_fail_at(1, 0);
	assert_int_equal(glob_create("/a", &g), ST_NOMEM);
	mem_fail_at(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
