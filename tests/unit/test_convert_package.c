/* test_convert_package: what the converters of packages stand on: references, dictionaries, XML in
 * pieces, members by name, code pages. */
#include "codepage.h"
#include "dictionary.h"
#include "href.h"
#include "package.h"
#include "zip_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static void test_href(void **state)
{
	static const struct {
		const char *base, *href, *want; /* NULL: no member */
	} cases[] = {
		{"a/b.xml", "c.xml", "a/c.xml"},
		{"a/b.xml", "../c.xml", "c.xml"},
		{"a/b.xml", "./d/../c.xml", "a/c.xml"},
		{"a/b.xml", "/c.xml", "c.xml"},
		{"", "c.xml", "c.xml"},
		{"b.xml", "../../../c.xml", "c.xml"},
		{"a/b", "c%20d.xml#part", "a/c d.xml"},
		{"a/b", "c?query", "a/c"},
		{"a/b", "c%2fd%00%zz", "a/c/d%00%zz"},
		{"a/b", "%2e%2e/c", "c"},
		{"a/b", "http://example.org/c", NULL},
		{"a/b", "mailto:x", NULL},
		{"a/b", "", "a"},
		{"a", "", NULL},
		{"a/b", "..", NULL},
	};
	char out[HREF_ROOM], many[4 * HREF_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool found = href_resolve(cases[i].base, cases[i].href, out);

		assert_int_equal(found, cases[i].want != NULL);
		if (found)
			assert_string_equal(out, cases[i].want);
	}
	for (size_t n = HREF_ROOM - 3; n < sizeof many; n++) {
		memset(many, 'a', n);
		many[n] = '\0';
		assert_int_equal(href_resolve("", many, out), n < HREF_ROOM - 1);
		many[n / 2] = '/';
		href_resolve("base/x", many, out);
	}
}

static void test_dictionary(void **state)
{
	enum { COUNT = 1000 };
	struct dictionary *d = dictionary_create();
	struct entry found;
	char key[16], value[16];

	(void)state;
	dictionary_sort(d);
	assert_null(dictionary_value(d, "0", NULL));
	for (int i = 0; i < COUNT; i++) {
		snprintf(key, sizeof key, "%d", i * 7919 % COUNT);
		snprintf(value, sizeof value, "v%d", i);
		dictionary_add(d, &(struct entry){.key = key, .value = value, .word = "w"});
	}
	dictionary_sort(d);
	assert_int_equal(dictionary_count(d), COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		struct entry entry = dictionary_at(d, i);

		snprintf(value, sizeof value, "v%zu", i);
		assert_string_equal(entry.value, value);
		assert_string_equal(dictionary_value(d, entry.key, &found), value);
		assert_string_equal(found.key, entry.key);
		assert_string_equal(found.word, "w");
	}
	assert_null(dictionary_value(d, "1000", NULL));
	assert_null(dictionary_value(d, "", NULL));
	dictionary_destroy(d);
	dictionary_destroy(NULL);
}

/* --- XML -------------------------------------------------------------------------------------- */

struct heard {
	char all[512];
	size_t len, most; /* bytes after which it is enough */
};

static void hear(struct heard *h, const char *bytes, size_t n)
{
	assert_true(h->len + n < sizeof h->all);
	memcpy(h->all + h->len, bytes, n);
	h->len += n;
	h->all[h->len] = '\0';
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	const char *value = xml_attribute(atts, "b");

	hear(ctx, "<", 1);
	hear(ctx, xml_local(name), strlen(xml_local(name)));
	if (value)
		hear(ctx, value, strlen(value));
	hear(ctx, ">", 1);
}

static void on_close(void *ctx, const char *name)
{
	(void)name;
	hear(ctx, "/", 1);
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	hear(ctx, utf8, n);
}

static bool enough(void *ctx)
{
	const struct heard *h = ctx;

	return h->len >= h->most;
}

static const struct xml_ops ops = {
	.open = on_open, .close = on_close, .text = on_text, .enough = enough};

/* In pieces of `size`; what was heard, then what is wrong. */
static void parse(const char *document, size_t size, struct heard *h)
{
	struct xml *x = xml_create(&ops, h);
	size_t n = strlen(document);

	for (size_t at = 0; at < n; at += size)
		if (!xml_feed(x, (const uint8_t *)document + at, n - at < size ? n - at : size))
			break;
	if (!xml_finish(x))
		hear(h, xml_fault(x), strlen(xml_fault(x)));
	xml_destroy(x);
}

static void test_xml(void **state)
{
	static const struct {
		const char *document, *want;
	} cases[] = {
		{"<a><x:c y:b='1'>t&lt;<![CDATA[<u>]]></x:c></a>", "<a><c1>t<<u>//"},
		{"<a>\xc3\xa9&#x20ac;</a>", "<a>é€/"},
		{"<?xml version='1.0' encoding='windows-1251'?><a>\xca</a>", "<a>К/"},
		{"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", "<a>é/"},
		{"<a><!-- no --><?no?></a>", "<a>/"},
		{"<a>\n<b></a>", "<a>\n<b>line 2: mismatched tag"},
		{"<a>&nbsp;</a>", "<a>line 1: undefined entity"},
		{"<a>\xff</a>", "<a>line 1: not well-formed (invalid token)"},
		{"", "line 1: no element found"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t size = 1; size < 64; size += 6) {
			struct heard h = {.most = SIZE_MAX};

			parse(cases[i].document, size, &h);
			assert_string_equal(h.all, cases[i].want);
		}
}

static void test_xml_enough(void **state)
{
	struct heard h = {.most = 3};

	(void)state;
	parse("<a>text that is not wanted, and what is no XML <<<", 3, &h);
	assert_string_equal(h.all, "<a>");
}

/* --- packages --------------------------------------------------------------------------------- */

static bool collect(void *ctx, const uint8_t *bytes, size_t n)
{
	hear(ctx, (const char *)bytes, n);
	return true;
}

static void test_package(void **state)
{
	struct zip_maker *z = zip_maker_create();
	struct answer *answer = answer_create(STDOUT_FILENO, true);
	struct heard h = {.most = SIZE_MAX};
	struct package *p;
	char head[4];
	size_t n;

	(void)state;
	zip_maker_text(z, "a/One.xml", "<a>one</a>");
	zip_maker_text(z, "two", "two");
	zip_maker_text(z, "empty", "");
	const void *bytes = zip_maker_finish(z, &n);
	struct document doc = {.fd = memfd_create("zip", MFD_CLOEXEC), .size = n};
	assert_int_equal(pwrite(doc.fd, bytes, n, 0), n);
	answer_begin(answer, 100);
	assert_int_equal(package_open(&doc, answer, &p), ANSWER_DONE);
	assert_int_equal(package_count(p), 3);
	assert_int_equal(package_find(p, "two"), 1);
	assert_int_equal(package_find(p, "A/one.XML"), 0);
	assert_int_equal(package_find(p, "three"), -1);
	assert_string_equal(package_name(p, 0), "a/One.xml");
	assert_int_equal(package_head(p, 1, head, 2), 2);
	assert_memory_equal(head, "tw", 2);
	assert_int_equal(package_head(p, 2, head, 2), 0);
	/* in any order, as often as it is asked */
	assert_int_equal(package_read(p, 1, collect, &h), ANSWER_DONE);
	assert_int_equal(package_parse(p, "a/one.xml", &ops, &h), ANSWER_DONE);
	assert_int_equal(package_read(p, 1, collect, &h), ANSWER_DONE);
	assert_string_equal(h.all, "two<a>one/two");
	assert_int_equal(package_parse(p, "three", &ops, &h), ANSWER_DAMAGED);
	assert_int_equal(package_parse(p, "two", &ops, &h), ANSWER_DAMAGED);
	package_close(p);
	doc.size = n / 2;
	assert_int_equal(ftruncate(doc.fd, (off_t)n / 2), 0);
	assert_int_equal(package_open(&doc, answer, &p), ANSWER_DAMAGED);
	assert_null(p);
	close(doc.fd);
	answer_destroy(answer);
	zip_maker_destroy(z);
}

/* --- code pages ------------------------------------------------------------------------------- */

static bool hear_text(void *ctx, const char *utf8, size_t n)
{
	hear(ctx, utf8, n);
	return true;
}

static void test_codepages(void **state)
{
	static const struct {
		int codepage;
		const char *bytes, *want;
	} cases[] = {
		{1252, "plain", "plain"},
		{1252, "\x80\xe9", "€é"},
		{1251, "\xca", "К"},
		{932, "\x83\x65", "テ"},
		{10000, "\x8e", "é"},
		{65001, "\xc3\xa9", "é"},
		{-3, "\xe9", "é"},
		{1251, "\xca", "К"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct heard h = {.most = SIZE_MAX};

		assert_true(codepage_decode(cases[i].codepage, (const uint8_t *)cases[i].bytes,
			strlen(cases[i].bytes), hear_text, &h));
		assert_string_equal(h.all, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_href),
		cmocka_unit_test(test_dictionary),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_xml_enough),
		cmocka_unit_test(test_package),
		cmocka_unit_test(test_codepages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
