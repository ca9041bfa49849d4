/*
 * test_ignore: gitignore patterns as gitignore(5) describes them, line numbers, and patterns made
 * to take for ever.
 */
#include "watch/ignore.h"

#include "core/mem.h"
#include "core/now.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ignore *parse(const char *text)
{
	struct ignore *set = NULL;

	assert_int_equal(ignore_parse(text, strlen(text), "file", NULL, &set), ST_OK);
	return set;
}

/* One path against a whole file; "dir/" in `path` is a directory. */
struct rule_case {
	const char *text, *path;
	enum ignore_answer answer;
};

#define YES IGNORE_YES
#define NO IGNORE_NO
#define SILENT IGNORE_SILENT

static const struct rule_case cases[] = {
	/* names without a slash, at any depth */
	{"foo", "foo", YES},
	{"foo", "foo/", YES},
	{"foo", "a/b/foo", YES},
	{"foo", "foobar", SILENT},
	{"foo", "afoo", SILENT},
	{"foo", "FOO", SILENT},
	{"foo", "foo/bar", SILENT}, /* its directory is ignored: nobody asks */
	{"foo.txt", "fooXtxt", SILENT},
	{"\xc3\xa4", "\xc3\xa4", YES},
	{"\xff\xfe", "a/\xff\xfe", YES},

	/* directories only */
	{"foo/", "foo/", YES},
	{"foo/", "foo", SILENT},
	{"foo/", "a/foo/", YES},
	{"foo/", "a/foo", SILENT},
	{"a/foo/", "a/foo/", YES},
	{"a/foo/", "b/a/foo/", SILENT},
	{"*/", "x/", YES},
	{"*/", "x", SILENT},

	/* anchored */
	{"/foo", "foo", YES},
	{"/foo", "a/foo", SILENT},
	{"/foo/", "foo/", YES},
	{"/foo/", "foo", SILENT},
	{"/foo/", "a/foo/", SILENT},
	{"a/b", "a/b", YES},
	{"a/b", "x/a/b", SILENT},
	{"/a/b", "a/b", YES},
	{"a/b", "a/bc", SILENT},
	{"/*", "a", YES},
	{"/*", "a/b", SILENT},
	{"/*.c", "x.c", YES},
	{"/*.c", "a/x.c", SILENT},
	{"a/*", "a/b", YES},
	{"a/*", "a/b/c", SILENT},
	{"a/*", "a/", SILENT},
	{"a/*/c", "a/b/c", YES},
	{"a/*/c", "a/c", SILENT},
	{"a/*/c", "a/b/b/c", SILENT},

	/* * and ? stay in their component */
	{"*", "anything", YES},
	{"*", "a/b", YES},
	{"*.o", "x.o", YES},
	{"*.o", "a/x.o", YES},
	{"*.o", ".o", YES},
	{"*.o", "x.oo", SILENT},
	{"a*c", "abbbc", YES},
	{"a*c", "ac", YES},
	{"x/a*c", "x/ab/c", SILENT},
	{"*a*b*", "xxaxxbxx", YES},
	{"*a*b*", "xxbxxaxx", SILENT},
	{"a?c", "abc", YES},
	{"a?c", "ac", SILENT},
	{"x/a?c", "x/a/c", SILENT},
	{"???", "abc", YES},
	{"???", "ab", SILENT},

	/* ** crosses components */
	{"**/foo", "foo", YES},
	{"**/foo", "a/b/foo", YES},
	{"**/foo", "a/xfoo", SILENT},
	{"**/a/b", "x/y/a/b", YES},
	{"**/a/b", "a/b", YES},
	{"**/a/b", "xa/b", SILENT},
	{"a/**", "a/b", YES},
	{"a/**", "a/b/c/d", YES},
	{"a/**", "a", SILENT},
	{"a/**", "x/a/b", SILENT},
	{"a/**/b", "a/b", YES},
	{"a/**/b", "a/x/b", YES},
	{"a/**/b", "a/x/y/z/b", YES},
	{"a/**/b", "a/xb", SILENT},
	{"a/**/b", "ab", SILENT},
	{"a/**/b/**/c", "a/1/2/b/3/c", YES},
	{"a/**/b/**/c", "a/1/2/3/c", SILENT},
	{"a/**/**/b", "a/b", YES},
	{"**/*.c", "a/b/x.c", YES},
	{"**/", "x/", YES},
	{"**/", "x", SILENT},
	{"**", "a/b/c", YES},
	{"a**b", "axyzb", YES}, /* elsewhere as one asterisk */
	{"x/a**b", "x/ay/zb", SILENT},

	/* classes */
	{"[abc]", "b", YES},
	{"[abc]", "d", SILENT},
	{"[abc]", "ab", SILENT},
	{"x[0-9]y", "x5y", YES},
	{"x[0-9]y", "xay", SILENT},
	{"[a-cx-z]", "y", YES},
	{"[a-cx-z]", "m", SILENT},
	{"[!a-c]", "d", YES},
	{"[!a-c]", "b", SILENT},
	{"[^a-c]", "d", YES},
	{"[^a-c]", "a", SILENT},
	{"[]a]", "]", YES},
	{"[]a]", "a", YES},
	{"[!]a]", "]", SILENT},
	{"[!]a]", "b", YES},
	{"[a-]", "-", YES},
	{"[-a]", "-", YES},
	{"[]-]", "-", YES},
	{"[a\\]b]", "]", YES},
	{"[a\\]b]", "b", YES},
	{"[a\\-c]", "b", SILENT},
	{"[a\\-c]", "-", YES},
	{"[c-a]", "b", SILENT},
	{"[*?]", "*", YES},
	{"[*?]", "a", SILENT},
	{"x/a[/]b", "x/a/b", SILENT},
	{"x/a[!x]b", "x/a/b", SILENT}, /* a slash is in no class */
	{"*.[ch]", "a/x.h", YES},
	{"*.[ch]", "x.o", SILENT},

	{"a[[:digit:]]", "a7", YES},
	{"a[[:digit:]]", "ax", SILENT},
	{"a[[:digit:]]", "a:]", SILENT},
	{"[[:space:]]x", " x", YES},
	{"[![:upper:]]x", "ax", YES},
	{"[![:upper:]]x", "Ax", SILENT},
	{"[x[:digit:]y]", "5", YES},
	{"[x[:digit:]y]", "y", YES},
	{"[abc", "[abc", SILENT}, /* not closed: no pattern */
	{"[abc", "a", SILENT},

	/* escapes */
	{"foo\\\\", "foo\\", YES},
	{"foo\\", "foo\\", SILENT}, /* escapes nothing: no pattern */
	{"\\#a", "#a", YES},
	{"\\!a", "!a", YES},
	{"\\*", "*", YES},
	{"\\*", "a", SILENT},
	{"a\\?", "a?", YES},
	{"a\\?", "ab", SILENT},
	{"a\\\\b", "a\\b", YES},
	{"\\[a]", "[a]", YES},
	{"\\[a]", "a", SILENT},
	{"\\a", "a", YES},

	/* blanks */
	{"foo   ", "foo", YES},
	{"foo\\ ", "foo ", YES},
	{"foo\\ ", "foo", SILENT},
	{"foo\\   ", "foo ", YES},
	{"foo\\\\ ", "foo\\", YES}, /* the backslash is escaped, the blank is not */
	{"foo\t", "foo\t", YES},
	{"foo\t", "foo", SILENT},
	{"\xef\xbb\xbf" "foo", "foo", YES}, /* a byte order mark opens the file */
	{"  foo", "  foo", YES},
	{"  foo", "foo", SILENT},
	{"a b", "a b", YES},
	{"foo/  ", "foo", SILENT},
	{"foo/  ", "foo/", YES},
	{"foo\r\nbar\r\n", "foo", YES},

	/* comments, and lines that are no pattern */
	{"#foo", "#foo", SILENT},
	{"#foo", "foo", SILENT},
	{"", "foo", SILENT},
	{"   ", "foo", SILENT},
	{"\n\n\nfoo\n\n", "foo", YES},
	{"/", "foo", SILENT},
	{"!", "!", SILENT},
	{"!/", "foo", SILENT},
	{"//", "foo/", SILENT},
	{"a//b", "a/b", SILENT},

	/* the last match decides */
	{"*.c\n!main.c", "main.c", NO},
	{"*.c\n!main.c", "x.c", YES},
	{"!main.c\n*.c", "main.c", YES},
	{"*.c\n!main.c\nmain.c", "main.c", YES},
	{"!foo", "foo", NO},
	{"!foo", "bar", SILENT},
	{"!foo/", "foo/", NO},
	{"!foo/", "foo", SILENT},
	{"/*\n!/keep", "keep", NO},
	{"/*\n!/keep", "other", YES},
	{"*\n!*/\n!*.md", "a/", NO},
	{"*\n!*/\n!*.md", "a/x.md", NO},
	{"*\n!*/\n!*.md", "a/x.c", YES},
	{"\\!foo\n!\\!foo", "!foo", NO},
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct rule_case *c = &cases[i];
		struct ignore *set = parse(c->text);
		size_t len = strlen(c->path);
		bool is_dir = c->path[len - 1] == '/';
		AUTO_FREE char *path = mem_dup(c->path, len - is_dir);
		int line = -1;
		enum ignore_answer got = ignore_match(set, path, is_dir, &line);

		if (got != c->answer)
			fail_msg("case %zu: \"%s\" says %d of \"%s\", not %d", i, c->text, (int)got,
				c->path, (int)c->answer);
		if (got == IGNORE_SILENT)
			assert_int_equal(line, -1);
		ignore_unref(set);
	}
}

static void test_lines(void **state)
{
	struct ignore *set = parse("# head\n\n*.o\r\n!keep.o   \n/a/b/\n");
	int line = 0;

	(void)state;
	assert_int_equal(ignore_match(set, "x.o", false, &line), IGNORE_YES);
	assert_int_equal(line, 3);
	assert_string_equal(ignore_pattern(set, 3), "*.o");
	assert_int_equal(ignore_match(set, "d/keep.o", false, &line), IGNORE_NO);
	assert_int_equal(line, 4);
	assert_string_equal(ignore_pattern(set, 4), "!keep.o");
	assert_int_equal(ignore_match(set, "a/b", true, &line), IGNORE_YES);
	assert_int_equal(line, 5);
	assert_string_equal(ignore_pattern(set, 5), "/a/b/");
	assert_string_equal(ignore_pattern(set, 1), "");
	assert_string_equal(ignore_pattern(set, 99), "");
	assert_string_equal(ignore_source(set), "file");
	assert_false(ignore_is_empty(set));
	ignore_unref(set);
}

static void test_sets(void **state)
{
	struct ident id = {.ino = 42, .size = 7};
	struct ignore *set = NULL;
	int line = 0;

	(void)state;
	assert_true(ignore_is_empty(NULL));
	ignore_unref(NULL);
	assert_null(ignore_ref(NULL));
	assert_int_equal(ignore_parse("# nothing\n\n", 11, "f", &id, &set), ST_OK);
	assert_true(ignore_is_empty(set));
	assert_int_equal(ignore_file(set)->ino, 42);
	assert_ptr_equal(ignore_ref(set), set);
	ignore_unref(set);
	assert_int_equal(ignore_match(set, "x", false, &line), IGNORE_SILENT);
	ignore_unref(set);
	/* not NUL-terminated, and one line with a NUL in it */
	assert_int_equal(ignore_parse("a\nb\0c\ndef", 8, "f", NULL, &set), ST_OK);
	assert_int_equal(ignore_match(set, "a", false, &line), IGNORE_YES);
	assert_int_equal(ignore_match(set, "b", false, &line), IGNORE_SILENT);
	assert_int_equal(ignore_match(set, "de", false, &line), IGNORE_YES);
	assert_int_equal(line, 3);
	ignore_unref(set);
}

static void test_list(void **state)
{
	char first[] = "*.bak", second[] = "# not a name", third[] = "!a.bak";
	char *items[] = {first, second, third};
	const struct config_list list = {items, 3};
	struct ignore *set = NULL;
	int line = 0;

	(void)state;
	assert_int_equal(ignore_from_list(&list, "[root docs]", &set), ST_OK);
	assert_int_equal(ignore_match(set, "b.bak", false, &line), IGNORE_YES);
	assert_int_equal(line, 1);
	assert_int_equal(ignore_match(set, "a.bak", false, &line), IGNORE_NO);
	assert_int_equal(line, 3);
	assert_string_equal(ignore_source(set), "[root docs]");
	ignore_unref(set);
}

static void test_no_memory(void **state)
{
	static const char text[] = "a\n!b\n/c/\n";
	struct ignore *set = NULL;
	enum status st = ST_NOMEM;
	unsigned long nth = 0;

	(void)state;
	while (st == ST_NOMEM) {
		mem_fail_at(++nth, 0);
		st = ignore_parse(text, sizeof text - 1, "f", NULL, &set);
		mem_fail_at(0, 0);
	}
	assert_int_equal(st, ST_OK);
	assert_in_range(nth, 9, 30); /* each allocation was made to fail once */
	ignore_unref(set);
}

static int64_t took_ms(const char *pattern, const char *path)
{
	int64_t began = now_mono_ms();

	ignore_glob(pattern, path);
	return now_mono_ms() - began;
}

/* What is written to make the matcher try every combination. */
static void test_hostile(void **state)
{
	enum { LONG = 4000 };
	char stars[LONG + 2], deep[LONG + 2], name[256], path[LONG + 1], class[LONG + 1];
	AUTO_BUF many = BUF_INIT;

	(void)state;
	for (int i = 0; i < LONG; i += 2) {
		memcpy(stars + i, "*a", 2);
		memcpy(path + i, "a/", 2);
	}
	memcpy(stars + LONG, "b", 2);
	path[LONG - 1] = '\0';
	for (int i = 0; i + 5 <= LONG; i += 5)
		memcpy(deep + i, "**/a/", 5);
	memcpy(deep + LONG, "b", 2);
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	memset(class, '[', LONG);
	class[LONG] = '\0';
	assert_in_range(took_ms(stars, name), 0, 500);
	assert_in_range(took_ms(deep, path), 0, 500);
	assert_in_range(took_ms(class, name), 0, 500);
	assert_in_range(took_ms("**a**a**a**a**a**a**a**a**a**b", name), 0, 500);
	assert_in_range(took_ms("[a-[a-[a-[a-[a-[a-*", name), 0, 500);
	for (int i = 0; i < 100; i++)
		buf_addf(&many, "*a*a*a*a*a*a*a*a*a*a*a*a*b%d\n", i);
	struct ignore *set = parse(many.data);
	int line = 0;
	int64_t began = now_mono_ms();
	assert_int_equal(ignore_match(set, name, false, &line), IGNORE_SILENT);
	assert_in_range(now_mono_ms() - began, 0, 2000);
	ignore_unref(set);
}

/* The bound is no obstacle to what people write: long paths, long patterns. */
static void test_long(void **state)
{
	enum { DEPTH = 300 };
	AUTO_BUF path = BUF_INIT;
	AUTO_BUF pattern = BUF_INIT;

	(void)state;
	for (int i = 0; i < DEPTH; i++) {
		buf_addf(&path, "component%d/", i);
		buf_addf(&pattern, "component%d/", i);
	}
	buf_adds(&path, "file.txt");
	buf_adds(&pattern, "*.txt");
	assert_true(ignore_glob(pattern.data, path.data));
	assert_true(ignore_glob("**/file.txt", path.data));
	assert_true(ignore_glob("**/component299/*.txt", path.data));
	assert_false(ignore_glob("**/component300/*.txt", path.data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
