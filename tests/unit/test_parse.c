/* parse: queries to trees, and errors to places. */
#include "store_fixture.h"

#include "core/mem.h"
#include "search/date.h"
#include "search/match.h"
#include "search/parse.h"

#include <stdio.h>
#include <string.h>

/*
 * A tree as query_key writes it: lengths before texts, & | ! for AND OR NOT, = exact, * prefix (of a
 * text) or pattern (of a filter), @ title, ~n NEAR.
 */
static const struct {
	const char *query, *tree;
} good[] = {
	{"foo", "3:foo"},
	{"  foo\t\n", "3:foo"},
	{"foo bar", "(& 3:foo 3:bar)"},
	{"foo AND bar", "(& 3:foo 3:bar)"},
	{"foo OR bar", "(| 3:foo 3:bar)"},
	{"foo or bar", "(& 3:foo 2:or 3:bar)"},
	{"a b OR c d", "(| (& 1:a 1:b) (& 1:c 1:d))"},
	{"a (b OR c) d", "(& 1:a (| 1:b 1:c) 1:d)"},
	{"(a b) c", "(& 1:a 1:b 1:c)"},
	{"a OR (b OR c)", "(| 1:a 1:b 1:c)"},
	{"((((foo))))", "3:foo"},
	{"-foo", "(! 3:foo)"},
	{"NOT foo", "(! 3:foo)"},
	{"NOT NOT foo", "3:foo"},
	{"-NOT foo", "3:foo"},
	{"foo -bar", "(& 3:foo (! 3:bar))"},
	{"foo AND NOT bar", "(& 3:foo (! 3:bar))"},
	{"foo NOT bar", "(& 3:foo (! 3:bar))"},
	{"-(a b)", "(! (& 1:a 1:b))"},
	{"a OR -b", "(| 1:a (! 1:b))"},
	{"\"foo bar\"", "=7:foo bar"},
	{"-\"foo bar\"", "(! =7:foo bar)"},
	{"\"foo bar\"*", "=*7:foo bar"},
	{"foo*", "=*3:foo"},
	{"foo*bar", "=7:foo*bar"},
	{"*foo", "4:*foo"},
	{"foo\"bar\"", "(& 3:foo =3:bar)"},
	{"\"foo\"bar", "(& =3:foo 3:bar)"},
	{"c++", "3:c++"},
	{"foo.bar()", "=9:foo.bar()"},
	{"(foo.bar())", "=9:foo.bar()"},
	{"f(a) g", "(& =4:f(a) 1:g)"},
	{"user@host", "=9:user@host"},
	{"1.2.3", "=5:1.2.3"},
	{"--help", "6:--help"},
	{"a-b", "=3:a-b"},
	{"http://x", "=8:http://x"},
	{"C:\\foo", "=6:C:\\foo"},
	{"std::string", "=11:std::string"},
	{"unknown:value", "=13:unknown:value"},
	{"unknown:\"a b\"", "(& 8:unknown: =3:a b)"},
	{"NOTE", "4:NOTE"},
	{"\"AND\"", "=3:AND"},
	{"NEAR", "4:NEAR"},
	{"ORDER AND", NULL},
	{"NEAR(a b)", "~10:=1:a=1:b"},
	{"NEAR(a b, 5)", "~5:=1:a=1:b"},
	{"NEAR(a b,5)", "~5:=1:a=1:b"},
	{"NEAR( \"a b\" c* d , 0 ) e", "(& ~0:=3:a b=*1:c=1:d 1:e)"},
	{"near(a b)", NULL},
	{"-NEAR(a b)", "(! ~10:=1:a=1:b)"},
	{"\xc3\x84rger", "6:\xc3\x84rger"},
	{"\xe6\x97\xa5\xe6\x9c\xac", "6:\xe6\x97\xa5\xe6\x9c\xac"},
	{"name:foo", "name:3:foo"},
	{"NAME:Foo", "name:3:foo"},
	{"name:\"a B\"", "name:3:a b"},
	{"name:*.c", "name:*3:*.c"},
	{"name:foo(1)", "name:6:foo(1)"},
	{"(name:foo)", "name:3:foo"},
	{"name:---", "name:3:---"},
	{"-name:foo", "(! name:3:foo)"},
	{"path:/Home/", "path:6:/home/"},
	{"ext:pdf", "ext:3:pdf"},
	{"ext:.PDF,docx", "ext:3:pdf4:docx"},
	{"type:text/*", "type:5:text/"},
	{"type:application/pdf", "type:15:application/pdf"},
	{"type:pdf", "type:3:pdf"},
	{"author:\"Jane Doe\"", "author:8:jane doe"},
	{"root:home", "root:4:home"},
	{"title:word", "@=4:word"},
	{"title:\"a phrase\"", "@=8:a phrase"},
	{"title:pre*", "@=*3:pre"},
	{"size:1K", "size:1024..1024"},
	{"size:=1K", "size:1024..1024"},
	{"size:>1K", "size:1025..9223372036854775807"},
	{"size:>=1K", "size:1024..9223372036854775807"},
	{"size:<1K", "size:0..1023"},
	{"size:<=1K", "size:0..1024"},
	{"size:1K..2M", "size:1024..2097152"},
	{"size:1K..", "size:1024..9223372036854775807"},
	{"size:..1K", "size:0..1024"},
	{"after:2026-01-01", "modified:=1767225600.."},
	{"after:2024", "modified:=1704067200.."},
	{"after:2024-05", "modified:=1714521600.."},
	{"before:2024", "modified:..=1704067200"},
	{"modified:2024", "modified:=1704067200..=1735689600"},
	{"modified:2024-02", "modified:=1706745600..=1709251200"},
	{"modified:2024-02-29", "modified:=1709164800..=1709251200"},
	{"modified:2023..2024", "modified:=1672531200..=1735689600"},
	{"modified:2024..", "modified:=1704067200.."},
	{"modified:..2023", "modified:..=1704067200"},
	{"modified:7d", "modified:-604800.."},
	{"modified:30m", "modified:-1800.."},
	{"before:7d", "modified:..-604800"},
	{"modified:14d..7d", "modified:-1209600..-604800"},
	/* escapes */
	{"\"a \\\"b\\\" c\"", "=7:a \"b\" c"},
	{"\"a\\\\\"", "=2:a\\"},
	{"\"a\\b\"", "=3:a\\b"},
	{"a\\ b", "=3:a b"},
	{"\\-foo", "4:-foo"},
	{"foo\\*", "4:foo*"},
	{"foo\\**", "=*4:foo*"},
	{"foo\\\\*", "=*4:foo\\"},
	{"f\\(a", "=3:f(a"},
	{"(f\\))", "2:f)"},
	{"name\\:foo", "=8:name:foo"},
	{"foo\\\"bar", "=7:foo\"bar"},
	{"NEAR(a\\,b c)", "~10:=3:a,b=1:c"},
	{"foo\\", "4:foo\\"},
	{"name:a\\*b", "name:3:a*b"},
	{"name:a\\*b?", "name:*5:a\\*b?"},
	{"name:\"a\\\"b*\"", "name:*4:a\"b*"},
	{"name:a\\ b", "name:3:a b"},
	{"name:C:\\x*", "name:*6:c:\\\\x*"},
	{"title:a\\*", "@=2:a*"},
	/* folding */
	{"name:\xc3\x84rger", "name:5:arger"},
	{"author:\"Cur\xc3\xad" "e\"", "author:5:curie"},
	{"name:A\xcc\x8a", "name:1:a"},
	{"name:\xef\xbc\xa1\xef\xbc\x8e", "name:2:a."},
	/* more fields */
	{"lang:EN,de_AT", "lang:2:en5:de-at"},
	{"ext:\"pdf, docx\"", "ext:3:pdf4:docx"},
	{"from:Anna", "from:4:anna"},
	{"to:a@b to:*@c", "(& to:3:a@b to:*3:*@c)"},
	{"cc:x subject:\"Re: Plan\"", "(& cc:1:x subject:8:re: plan)"},
	{"part:*", "part:*1:*"},
	{"part:letters.zip/", "part:12:letters.zip/"},
	{"path:/home/*/doc/**", "path:*14:/home/*/doc/**"},
	{"root:a*", "root:2:a*"},
	/* more times */
	{"modified:today", "modified:@0..@-1"},
	{"modified:yesterday", "modified:@1..@0"},
	{"after:yesterday", "modified:@1.."},
	{"before:today", "modified:..@0"},
	{"modified:1y", "modified:-31536000.."},
	{"modified:2mo..1mo", "modified:-5184000..-2592000"},
	{"modified:>2024", "modified:=1735689600.."},
	{"modified:>=2024", "modified:=1704067200.."},
	{"modified:<2024", "modified:..=1704067200"},
	{"modified:<=2024", "modified:..=1735689600"},
	{"modified:=2024", "modified:=1704067200..=1735689600"},
	{"modified:2024-01..2024-03", "modified:=1704067200..=1711929600"},
	{"after:2024-01-31T15:04", "modified:=1706713440.."},
	{"modified:2024-01-31T15:04:05Z", "modified:=1706713445..=1706713446"},
	{"ext:pdf OR budget", "(| ext:3:pdf 6:budget)"},
	{"budget ext:pdf -name:old size:>1M",
		"(& 6:budget ext:3:pdf (! name:3:old) size:1048577..9223372036854775807)"},
};

static const struct {
	const char *query;
	size_t position;
	const char *says;
} bad[] = {
	{"", 0, "expected a word"},
	{"   ", 0, "empty query"},
	{"()", 1, "found )"},
	{"(", 1, "found the end"},
	{"(foo", 4, "expected )"},
	{"foo)", 3, "found )"},
	{"f(a b)", 5, "found )"},
	{"foo OR", 6, "found the end"},
	{"OR foo", 0, "found OR"},
	{"foo AND", 7, "found the end"},
	{"foo AND OR bar", 8, "found OR"},
	{"AND", 0, "found AND"},
	{"NOT", 3, "found the end"},
	{"a -", 2, "letter or digit"},
	{"+++", 0, "letter or digit"},
	{"foo +++", 4, "letter or digit"},
	{"*", 0, "letter or digit"},
	{"\"\"", 0, "letter or digit"},
	{"\"...\"", 0, "letter or digit"},
	{"foo \"bar", 4, "closing quotation"},
	{"\"", 0, "closing quotation"},
	{"name:\"foo", 5, "closing quotation"},
	{"foo name:", 9, "value after name:"},
	{"name: foo", 5, "value after name:"},
	{"title:", 6, "value after title:"},
	{"title:++", 0, "letter or digit"},
	{"ext:", 4, "value after ext:"},
	{"ext:pdf,,x", 8, "between the commas"},
	{"ext:.", 5, "between the commas"},
	{"ext:*", 4, "an extension"},
	{"type:te*", 5, "a type such as"},
	{"x size:big", 7, "size: expected a size"},
	{"size:>", 6, "size: expected a size"},
	{"size:>>1", 5, "one of"},
	{"size:-1", 5, "size: expected a size"},
	{"size:1K..x", 9, "size: expected a size"},
	{"size:2K..1K", 5, "smaller size first"},
	{"size:..", 5, "before or after"},
	{"after:tomorrow", 6, "after: expected a date"},
	{"after:2024-13", 6, "expected a date"},
	{"after:2023-02-29", 6, "expected a date"},
	{"after:2024-1-1", 6, "expected a date"},
	{"after:2023..2024", 6, "expected a date"},
	{"modified:2024..x", 15, "expected a date"},
	{"modified:2024..2023", 9, "earlier date first"},
	{"modified:7d..14d", 9, "earlier date first"},
	{"modified:today..yesterday", 9, "earlier date first"},
	{"modified:>7d", 10, "a date behind"},
	{"modified:>>2024", 9, "expected a date"},
	{"modified:<", 10, "expected a date"},
	{"after:>2024", 6, "expected a date"},
	{"modified:2024-01-31T25:00", 9, "expected a date"},
	{"modified:2024-01-31T15", 9, "expected a date"},
	{"modified:2024-01-31T15:04:05Q", 9, "expected a date"},
	{"modified:9999999y", 9, "expected a date"},
	{"lang:,", 5, "between the commas"},
	{"lang:e*", 5, "a language such as"},
	{"from:", 5, "value after from:"},
	{"part:\"\"", 6, "value after part:"},
	{"name:\xcc\x81", 5, "expected a value"},
	{"ext:\xcc\x81", 4, "between the commas"},
	{"\"foo\\\"", 0, "closing quotation"},
	{"\\", 0, "letter or digit"},
	{"\\*", 0, "letter or digit"},
	{"NEAR(a)", 0, "two words"},
	{"NEAR(a b", 8, "found the end"},
	{"NEAR(a b, x)", 10, "distance"},
	{"NEAR(a b, 5000)", 10, "distance"},
	{"NEAR(a OR b)", 7, "found OR"},
	{"NEAR(a name:b)", 7, "found a field"},
	{"NEAR(a (b))", 7, "found ("},
	{"ORDER AND", 9, "found the end"},
	{"near(a b)", 8, "found )"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct search_error e;
		struct query *q;
		AUTO_BUF tree = BUF_INIT;
		enum status st = parse_query(good[i].query, strlen(good[i].query), &q, &e);

		if (!good[i].tree) {
			assert_int_equal(st, ST_INVALID);
			continue;
		}
		if (st != ST_OK)
			print_message("%s: %s at %zu\n", good[i].query, e.message, e.position);
		assert_ok(st);
		query_key(q->root, -1, &tree);
		assert_string_equal(tree.data, good[i].tree);
		query_destroy(q);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct search_error e = {0};
		struct query *q;

		assert_int_equal(
			parse_query(bad[i].query, strlen(bad[i].query), &q, &e), ST_INVALID);
		if (e.position != bad[i].position || !strstr(e.message, bad[i].says))
			fail_msg("%s: '%s' at %zu", bad[i].query, e.message, e.position);
		assert_true(e.bad_query);
		assert_null(q);
	}
}

static void test_bytes(void **state)
{
	struct search_error e;
	struct query *q;

	(void)state;
	assert_int_equal(parse_query("foo\0bar", 7, &q, &e), ST_INVALID);
	assert_int_equal(e.position, 3);
	assert_int_equal(parse_query("foo \xff", 5, &q, &e), ST_INVALID);
	assert_true(e.bad_query);
	assert_int_equal(e.position, 4);
	assert_int_equal(parse_query("\xc3\xa4 \xe6\x97", 5, &q, &e), ST_INVALID);
	assert_int_equal(e.position, 3);
}

/* `count` times `s`, then `end`. */
static enum status parse_repeated(
	const char *s, size_t count, const char *end, struct search_error *e)
{
	AUTO_BUF text = BUF_INIT;
	struct query *q;

	for (size_t i = 0; i < count; i++)
		buf_adds(&text, s);
	buf_adds(&text, end);
	enum status st = parse_query(text.data, text.len, &q, e);
	query_destroy(q);
	return st;
}

static void test_bounds(void **state)
{
	struct search_error e;

	(void)state;
	assert_ok(parse_repeated("NOT ", QUERY_DEPTH_MAX, "x", &e));
	assert_int_equal(parse_repeated("NOT ", QUERY_DEPTH_MAX + 1, "x", &e), ST_INVALID);
	assert_int_equal(e.position, 4 * QUERY_DEPTH_MAX);
	assert_int_equal(parse_repeated("(", 100000, "x", &e), ST_INVALID);
	assert_int_equal(e.position, QUERY_DEPTH_MAX);
	assert_ok(parse_repeated("x ", QUERY_TERMS_MAX, "", &e));
	assert_int_equal(parse_repeated("x ", QUERY_TERMS_MAX + 1, "", &e), ST_INVALID);
	assert_int_equal(e.position, 2 * QUERY_TERMS_MAX);
	/* tokens count, not words */
	assert_int_equal(parse_repeated("x.", 1000000, "", &e), ST_INVALID);
	assert_int_equal(parse_repeated("name:x ", QUERY_TERMS_MAX + 1, "", &e), ST_INVALID);
}

static void test_relative_dates(void **state)
{
	struct search_error e;
	struct query *q;
	AUTO_BUF morning = BUF_INIT, evening = BUF_INIT, next = BUF_INIT;
	const int64_t day = 1767225600; /* 2026-01-01 */

	(void)state;
	assert_ok(parse_query("modified:7d", 11, &q, &e));
	query_key(q->root, day + 60, &morning);
	query_key(q->root, day + 80000, &evening);
	query_key(q->root, day + 86400, &next);
	assert_string_equal(morning.data, "modified:=1766620800..");
	assert_string_equal(morning.data, evening.data);
	assert_string_not_equal(morning.data, next.data);
	query_destroy(q);
}

static void test_dates(void **state)
{
	int64_t start, end;

	(void)state;
	assert_true(date_parse("1970", &start, &end));
	assert_int_equal(start, 0);
	assert_true(date_parse("0001-01-01", &start, &end));
	assert_true(start == -62135596800);
	assert_true(date_parse("9999-12-31", &start, &end));
	assert_true(end == 253402300800);
	assert_true(date_parse("2000-02", &start, &end));
	assert_int_equal((end - start) / 86400, 29);
	assert_true(date_parse("1900-02", &start, &end));
	assert_int_equal((end - start) / 86400, 28);
	assert_false(date_parse("0000", &start, &end));
	assert_false(date_parse("2024-00", &start, &end));
	assert_false(date_parse("2024-04-31", &start, &end));
	assert_false(date_parse("2024-04-3", &start, &end));
	assert_false(date_parse("2024-04-030", &start, &end));
	assert_false(date_parse("24", &start, &end));
	assert_false(date_parse("", &start, &end));
	for (int year = 1; year < 9999; year += 7) {
		char text[8];

		snprintf(text, sizeof text, "%04d", year);
		assert_true(date_parse(text, &start, &end));
		assert_int_equal(date_year(start), year);
		assert_int_equal(date_year(end - 1), year);
		assert_int_equal(date_year(end), year + 1);
	}
}

static void test_globs(void **state)
{
	static const struct {
		const char *glob, *s;
		bool match;
	} cases[] = {
		{"*", "", true},
		{"*", "abc", true},
		{"a*c", "abc", true},
		{"a*c", "abcd", false},
		{"?", "a", true},
		{"?", "", false},
		{"?", "\xc3\xa4", true},
		{"??", "\xc3\xa4", false},
		{"*.c", "x.c", true},
		{"*.c", "x.cc", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"[a]", "a", false},
		{"[a]*", "[a]b", true},
		{"a**b", "ab", true},
		{"", "", true},
		{"", "a", false},
		{"a?*", "a", false},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"a\\?*", "a?b", true},
		{"\\\\*", "\\x", true},
		{"x\\", "x\\", true},
	};
	char s[2049], glob[2049];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (match_glob(cases[i].glob, cases[i].s) != cases[i].match)
			fail_msg("%s on %s", cases[i].glob, cases[i].s);
	/* what would take for ever by trying all ways */
	memset(s, 'a', sizeof s);
	s[sizeof s - 1] = '\0';
	for (size_t i = 0; i + 1 < sizeof glob; i += 2)
		memcpy(glob + i, "*a", 2);
	glob[sizeof glob - 1] = '\0';
	glob[sizeof glob - 2] = 'b';
	assert_false(match_glob(glob, s));
}

static void test_paths(void **state)
{
	static const struct {
		const char *glob, *path;
		bool match;
	} cases[] = {
		{"/a/*", "/a/b", true},
		{"/a/*", "/a/b/c", false},
		{"/a/*", "/a", false},
		{"/a/**", "/a/b/c", true},
		{"/a/**", "/a/b", true},
		{"/a/**", "/a", false},
		{"/a/**/z", "/a/z", true},
		{"/a/**/z", "/a/b/c/z", true},
		{"/a/**/z", "/a/b/c/zz", false},
		{"/a/**/z", "/b/a/z", false},
		{"/home/*/doc/**", "/home/ann/doc/x/y.txt", true},
		{"/home/*/doc/**", "/home/ann/old/doc/y.txt", false},
		{"doc/*.txt", "/home/ann/doc/y.txt", true},
		{"doc/*.txt", "/doc/y.txt", true},
		{"doc/*.txt", "/home/ann/mydoc/y.txt", false},
		{"*.txt", "/a/b/c.txt", true},
		{"*.txt", "/a/b.txt/c", false},
		{"*a*b*", "/x/ab", true},
		{"*a*b*", "/a/b", false},
		{"?/x", "/a/x", true},
		{"?" "?/x", "/a/x", false},
		{"a/*/b/**/c", "/a/1/b/2/a/3/b/c", true},
		{"a/*/b/**/c", "/q/a/1/x/b/c", false},
		{"/a/*/", "/a/b/c", true},
		{"/a/*/", "/a/b", false},
		{"d*/", "/x/doc/y", true},
		{"d*/", "/x/doc", false},
		{"d*/", "/doc/x/doc", true},
		{"**", "/a", true},
		{"**/", "/a", true},
		{"/**", "/a/b", true},
		{"**/b", "/b", true},
		{"/*", "/a", true},
		{"/*", "/a/b", false},
		{"a**b/c", "/axxb/c", true},
		{"a**b/c", "/ax/xb/c", false},
		{"*", "letters.zip/a.txt", true},
		{"/letters.zip/*", "letters.zip/a.txt", true},
		{"/a.*", "letters.zip/a.txt", false},
		{"/\\*/*", "/*/b", true},
		{"/\\*/*", "/a/b", false},
		{"/a//b*", "/a/bc", true},
	};
	char path[2049], glob[2049];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (match_path(cases[i].glob, cases[i].path) != cases[i].match)
			fail_msg("%s on %s", cases[i].glob, cases[i].path);
	for (size_t i = 0; i + 2 < sizeof path; i += 2)
		memcpy(path + i, "/a", 2);
	path[sizeof path - 1] = '\0';
	for (size_t i = 0; i + 8 < sizeof glob; i += 8)
		memcpy(glob + i, "/**/a/*a", 8);
	memcpy(glob + sizeof glob - 9, "/**/a/*b", 9);
	assert_false(match_path(glob, path));
}

/* What the index over names is asked. */
static void test_likes(void **state)
{
	static const struct {
		const char *value, *like;
	} cases[] = {
		{"abc", "%abc%"},
		{"ab", NULL},
		{"a%bcd", "%a_bcd%"},
		{"ab_cd%", NULL},
		{"ab*cde", "%ab%cde%"},
		{"ab?cd", NULL},
		{"abc?", "%abc_%"},
		{"\xc3\xa5\xe6\x97\xa5\xe6\x9c\xac", "%a\xe6\x97\xa5\xe6\x9c\xac%"},
		{"\xe6\x97\xa5\xe6\x9c\xac", NULL},
		{"a\\*bc", "%a*bc%"},
		{"a\\*b*", "%a*b%%"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text, *like;
		bool glob;

		assert_ok(match_read(cases[i].value, strlen(cases[i].value), true, &text, &glob));
		assert_ok(match_like(text, glob, &like));
		if (!cases[i].like)
			assert_null(like);
		else
			assert_string_equal(like, cases[i].like);
		mem_free(text);
		mem_free(like);
	}
}

/* As people read it. */
static void test_wording(void **state)
{
	static const struct {
		const char *query, *words;
	} cases[] = {
		{"deep (monster OR kraken) -size:>1M after:2026-01-01",
			"deep AND (monster OR kraken) AND NOT size > 1 MiB"
			" AND modified on or after 2026-01-01"},
		{"\"sea monster\" foo*", "\"sea monster\" AND foo*"},
		{"foo.bar()", "\"foo.bar()\""},
		{"c++", "\"c++\""},
		{"\"a \\\"b\\\"\"", "\"a \\\"b\\\"\""},
		{"auhtor:x", "\"auhtor:x\" (words, for no field is called auhtor; there is author:)"},
		{"Modifed:7d", "\"Modifed:7d\" (words, for no field is called Modifed; there is modified:)"},
		{"nname:x", "\"nname:x\" (words, for no field is called nname; there is name:)"},
		{"parh:x", "\"parh:x\" (words, for no field is called parh; there is path:)"},
		{"mime:pdf", "\"mime:pdf\" (words, for no field is called mime; there is type:)"},
		{"\"auhtor:x\"", "\"auhtor:x\""},
		{"http://x", "\"http://x\""},
		{"std::x", "\"std::x\""},
		{"localhost:80", "\"localhost:80\""},
		{"pathname:x", "\"pathname:x\""},
		{"NEAR(a \"b c\" d*, 5)", "NEAR(a \"b c\" d*, 5)"},
		{"title:budget", "title has budget"},
		{"-(a OR b)", "NOT (a OR b)"},
		{"a b OR c", "(a AND b) OR c"},
		{"name:foo", "name has \"foo\""},
		{"name:*.C", "name is like \"*.c\""},
		{"path:/home/*/doc/**", "path is like \"/home/*/doc/**\""},
		{"ext:pdf,docx", "extension pdf or docx"},
		{"type:text/*", "type text/*"},
		{"lang:de", "language de"},
		{"from:anna", "sender has \"anna\""},
		{"root:docs", "root is \"docs\""},
		{"part:*", "part is like \"*\""},
		{"size:1K", "size = 1 KiB"},
		{"size:>1M", "size > 1 MiB"},
		{"size:>=1M", "size >= 1 MiB"},
		{"size:<1M", "size < 1 MiB"},
		{"size:..1M", "size <= 1 MiB"},
		{"size:1K..2M", "size >= 1 KiB and <= 2 MiB"},
		{"size:1000..", "size >= 1000 bytes"},
		{"size:>0", "size >= 1 bytes"},
		{"size:0..", "size >= 0 bytes"},
		{"modified:7d", "modified in the last 7 days"},
		{"modified:1h", "modified in the last 1 hour"},
		{"before:7d", "modified before 7 days ago"},
		{"modified:2024", "modified in 2024"},
		{"modified:2024-02", "modified in 2024-02"},
		{"modified:2024-02-29", "modified on 2024-02-29"},
		{"modified:2024-01..2024-03",
			"modified on or after 2024-01-01 and before 2024-04-01"},
		{"modified:14d..7d", "modified on or after 14 days ago and before 7 days ago"},
		{"modified:today", "modified today"},
		{"before:yesterday", "modified before yesterday"},
		{"after:2024-01-31T15:04", "modified on or after 2024-01-31T15:04:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct search_error e;
		struct query *q;
		AUTO_BUF words = BUF_INIT;

		assert_ok(parse_query(cases[i].query, strlen(cases[i].query), &q, &e));
		query_print(q, &words);
		assert_string_equal(words.data, cases[i].words);
		query_destroy(q);
	}
}

/* What later stages are told of a phrase. */
static void test_phrases(void **state)
{
	static const char text[] = "one \"two\" th\\ ree four* -title:five";
	static const struct {
		const char *text;
		size_t at, len;
		bool exact, quoted, prefix;
	} phrases[] = {
		{"one", 0, 3, false, false, false},
		{"two", 5, 3, true, true, false},
		{"th ree", 10, 7, true, false, false},
		{"four", 18, 4, true, false, true},
		{"five", 31, 4, true, false, false},
	};
	struct search_error e;
	struct query *q;

	(void)state;
	assert_ok(parse_query(text, strlen(text), &q, &e));
	assert_int_equal(q->leaf_count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct query_phrase *p = &q->leaves[i]->phrases[0];

		assert_string_equal(p->text, phrases[i].text);
		assert_int_equal(p->at, phrases[i].at);
		assert_int_equal(p->len, phrases[i].len);
		assert_int_equal(p->exact, phrases[i].exact);
		assert_int_equal(p->quoted, phrases[i].quoted);
		assert_int_equal(p->prefix, phrases[i].prefix);
	}
	query_destroy(q);
}

/* Every allocation fails in turn. */
static void test_no_memory(void **state)
{
	static const char text[] = "a \"b \\\" c\" OR NOT (name:xyz* -NEAR(d e, 2)) ext:pdf,txt size:1..2 lang:de";
	struct search_error e;
	struct query *q;
	enum status st = ST_NOMEM;

	(void)state;
	for (unsigned long n = 1; st == ST_NOMEM; n++) {
		mem_fail_at(n, 0);
		st = parse_query(text, strlen(text), &q, &e);
		mem_fail_at(0, 0);
		assert_true(n < 1000);
	}
	assert_ok(st);
	query_destroy(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_relative_dates),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_likes),
		cmocka_unit_test(test_wording),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
