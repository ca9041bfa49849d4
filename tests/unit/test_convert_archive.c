/* test_convert_archive: trawl-convert-archive as a worker sees it: members, their names, and what
 * damage costs. */
#include "converter_child.h"
#include "packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child archive;

/* Asks about what was packed, and unpacks the packer. */
static struct reply ask(struct packer *p, const char *name, const char *type)
{
	struct reply r;

	child_ask(&archive,
		&(struct question){.name = name, .type = type, .bytes = p->bytes, .len = p->len},
		&r);
	packer_finish(p);
	return r;
}

static void expect_part(const struct reply *r, const char *path, const char *content)
{
	const struct reply_part *part = reply_part(r, path);

	assert_string_equal(part->failed, "");
	assert_string_equal(part->bytes, content);
}

static void test_zip(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_zip(&p, "letters/", "", ZIP_PLAIN);
	packer_zip(&p, "letters/to anna.txt", "dear anna", ZIP_PLAIN);
	packer_zip(&p, "../../etc/passwd", "only a name", ZIP_PLAIN);
	packer_zip(&p, "empty", "", ZIP_PLAIN);
	packer_zip(&p, "h\xc3\xa4ring.txt", "said to be UTF-8", ZIP_UTF8);
	packer_zip_end(&p);
	struct reply r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.part_count, 4);
	assert_int_equal(r.len, 0);
	assert_false(r.truncated);
	expect_part(&r, "letters/to anna.txt", "dear anna");
	assert_string_equal(reply_part(&r, "letters/to anna.txt")->head,
		"{\"part\":\"letters/to anna.txt\",\"size\":9,\"created\":1577836800}");
	expect_part(&r, "../../etc/passwd", "only a name");
	expect_part(&r, "empty", "");
	expect_part(&r, "h\xc3\xa4ring.txt", "said to be UTF-8");
	assert_true(reply_says(&r, "\"type\":\"application/zip\""));
	reply_finish(&r);
}

/* One name would not tell; together they do. */
static void test_old_names(void **state)
{
	static const struct {
		const char *raw[3];
		const char *want[3];
	} cases[] = {
		{{"R\x82sum\x82.txt", "M\x84rz.txt", "plain.txt"},
			{"Résumé.txt", "März.txt", "plain.txt"}},
		{{"R\xe9sum\xe9.txt", "M\xe4rz.txt", "\xdc.txt"},
			{"Résumé.txt", "März.txt", "Ü.txt"}},
		{{"\x82\xa0\x82\xa2.txt", "\x93\xfa\x96{\x8c\xea\x82\xcc\x95\xb6\x8f\x91.txt",
			 "\x8b"
			 "c\x8e\x96\x98^\x82\xcc\x8e\xca\x82\xb5.doc"},
			{"あい.txt", "日本語の文書.txt", "議事録の写し.doc"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct packer p;

		packer_init(&p);
		for (int k = 0; k < 3; k++)
			packer_zip(&p, cases[i].raw[k], "x", ZIP_PLAIN);
		packer_zip_end(&p);
		struct reply r = ask(&p, "a.zip", "application/zip");
		for (int k = 0; k < 3; k++)
			expect_part(&r, cases[i].want[k], "x");
		reply_finish(&r);
	}
}

static void test_encrypted_member(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_zip(&p, "open.txt", "for all", ZIP_PLAIN);
	packer_zip(&p, "secret.txt", "twelve bytes and more", ZIP_ENCRYPTED);
	packer_zip(&p, "after.txt", "for all too", ZIP_PLAIN);
	packer_zip_end(&p);
	struct reply r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 0);
	expect_part(&r, "open.txt", "for all");
	assert_non_null(strstr(reply_part(&r, "secret.txt")->failed, "\"status\":77"));
	assert_string_equal(reply_part(&r, "secret.txt")->bytes, "");
	expect_part(&r, "after.txt", "for all too");
	reply_finish(&r);
}

static void test_damaged_member(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_zip(&p, "one.txt", "first content", ZIP_PLAIN);
	packer_zip(&p, "two.txt", "second content", ZIP_PLAIN);
	packer_zip_end(&p);
	memcpy(memmem(p.bytes, p.len, "first", 5), "worst", 5);
	struct reply r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(reply_part(&r, "one.txt")->failed, "\"status\":65"));
	expect_part(&r, "two.txt", "second content");
	reply_finish(&r);
}

/* libarchive does not say which members of such an archive are encrypted. */
static void test_encrypted_rar5(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_rar5_begin(&p);
	packer_rar5(&p, "open.txt", "for all", false);
	packer_rar5(&p, "secret.txt", "sixteen bytes...", true);
	packer_rar5(&p, "after.txt", "for all too", false);
	packer_rar5_end(&p);
	struct reply r = ask(&p, "a.rar", "application/vnd.rar");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.part_count, 3);
	expect_part(&r, "open.txt", "for all");
	assert_non_null(strstr(reply_part(&r, "secret.txt")->failed, "\"status\":77"));
	expect_part(&r, "after.txt", "for all too");
	reply_finish(&r);
}

static void test_tar(void **state)
{
	static char large[20 * 1024 * 1024];
	struct packer p;

	(void)state;
	for (size_t i = 0; i < sizeof large - 1; i++)
		large[i] = (char)('a' + i % 23);
	packer_init(&p);
	packer_tar(&p, "d", '5', "", 0);
	packer_tar(&p, "d/soft", '2', "", 0);
	packer_tar(&p, "d/hard", '1', "", 0);
	packer_tar(&p, "d/fifo", '6', "", 0);
	packer_tar(&p, "d/large", '0', large, sizeof large - 1);
	packer_tar(&p, "d/small.txt", '0', "small", 5);
	packer_tar_end(&p);
	struct reply r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.part_count, 2);
	assert_int_equal(reply_part(&r, "d/large")->len, sizeof large - 1);
	expect_part(&r, "d/large", large);
	expect_part(&r, "d/small.txt", "small");
	assert_true(reply_says(&r, "\"type\":\"application/x-tar\"")); /* not what its name said */
	reply_finish(&r);
}

/* What was found before the end is kept, and what the end took is named. */
static void test_cut_tar(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_tar(&p, "one.txt", '0', "one", 3);
	packer_tar(&p, "two.txt", '0', "two", 3);
	p.len -= 510;
	struct reply r = ask(&p, "a.tar", "application/x-tar");
	assert_int_equal(r.status, 0);
	assert_true(r.truncated);
	expect_part(&r, "one.txt", "one");
	assert_non_null(strstr(reply_part(&r, "two.txt")->failed, "\"status\":65"));
	reply_finish(&r);
}

/* --- one document, compressed ----------------------------------------------------------------- */

static void test_compressed_file(void **state)
{
	static const struct {
		const char *name, *stored, *want;
	} cases[] = {
		{"notes.md.gz", "old.txt", "notes.md"},
		{"NOTES.GZ", NULL, "NOTES"},
		{"picture.svgz", NULL, "picture.svg"},
		{"a.tgz", NULL, "a.tar"},
		{"blob", "old.txt", "old.txt"},
		{".gz", "old.txt", "old.txt"},
		{"blob", NULL, "data"},
		{"", "old.txt", "old.txt"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct packer p;

		packer_init(&p);
		memcpy(p.bytes, "# Notes", p.len = 7);
		packer_gzip(&p, cases[i].stored);
		struct reply r = ask(&p, cases[i].name, "application/gzip");
		assert_int_equal(r.status, 0);
		assert_int_equal(r.part_count, 1);
		expect_part(&r, cases[i].want, "# Notes");
		reply_finish(&r);
	}
}

static void test_compressed_over_and_over(void **state)
{
	(void)state;
	for (int times = 2; times < 40; times += times == 2 || times == 8 ? 6 : 30) {
		struct packer p;

		packer_init(&p);
		memcpy(p.bytes, "core", p.len = 4);
		for (int i = 0; i < times; i++)
			packer_gzip(&p, NULL);
		struct reply r = ask(&p, "a.gz.gz", "application/gzip");
		assert_int_equal(r.status, times <= 8 ? 0 : 73);
		if (times <= 8)
			expect_part(&r, "a", "core");
		else
			assert_int_equal(r.part_count, 0);
		reply_finish(&r);
	}
}

static void test_compressed_tar(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	packer_tar(&p, "d/one.txt", '0', "one", 3);
	packer_tar_end(&p);
	packer_gzip(&p, "inner.tar");
	struct reply r = ask(&p, "a.tgz", "application/gzip");
	assert_int_equal(r.part_count, 1);
	expect_part(&r, "d/one.txt", "one");
	reply_finish(&r);
}

/* A tar ends with zeros; what begins with them is none. */
static void test_compressed_zeros(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	memset(p.bytes, 0, p.len = 5 * 1024 * 1024);
	memcpy(p.bytes + p.len, "end", 3);
	p.len += 3;
	packer_gzip(&p, NULL);
	struct reply r = ask(&p, "disk.img.gz", "application/gzip");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.part_count, 1);
	assert_int_equal(reply_part(&r, "disk.img")->len, 5 * 1024 * 1024 + 3);
	reply_finish(&r);
}

/* --- what is no archive ----------------------------------------------------------------------- */

static void test_other_content(void **state)
{
	struct packer p;

	(void)state;
	packer_init(&p);
	memcpy(p.bytes, "Dear all,\n", p.len = 10);
	struct reply r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "text/plain");
	reply_finish(&r);

	packer_init(&p);
	packer_zip(&p, "mimetype", "application/epub+zip", ZIP_PLAIN);
	packer_zip(&p, "a.xhtml", "<p>x", ZIP_PLAIN);
	packer_zip_end(&p);
	r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "application/epub+zip");
	reply_finish(&r);

	packer_init(&p);
	p.len = (size_t)sprintf((char *)p.bytes, "!<arch>\n%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", "/",
		0, 0, 0, 0, 4, "abcd");
	r = ask(&p, "a.a", "application/x-archive");
	assert_int_equal(r.status, 66);
	assert_int_equal(r.part_count, 0);
	reply_finish(&r);

	packer_init(&p);
	memcpy(p.bytes, "PK\3\4 and no more", p.len = 16);
	r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 65);
	assert_string_not_equal(r.detail, "");
	reply_finish(&r);

	packer_init(&p);
	r = ask(&p, "a.zip", "application/zip");
	assert_int_equal(r.status, 65);
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&archive, "trawl-convert-archive");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&archive);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_old_names),
		cmocka_unit_test(test_encrypted_member),
		cmocka_unit_test(test_encrypted_rar5),
		cmocka_unit_test(test_damaged_member),
		cmocka_unit_test(test_tar),
		cmocka_unit_test(test_cut_tar),
		cmocka_unit_test(test_compressed_file),
		cmocka_unit_test(test_compressed_over_and_over),
		cmocka_unit_test(test_compressed_tar),
		cmocka_unit_test(test_compressed_zeros),
		cmocka_unit_test(test_other_content),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
