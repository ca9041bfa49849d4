/* test_convert_book: trawl-convert-book over the contract: EPUB by its spine, FictionBook plain and
 * zipped, what is locked, misnamed or meant to hurt. */
#include "converter_child.h"
#include "zip_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define EPUB "application/epub+zip"
#define FB2 "application/x-fictionbook+xml"

static struct child book;

struct member {
	const char *name, *text;
};

static struct reply ask(const char *name, const char *type, const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&book, &(struct question){.name = name, .type = type, .bytes = bytes, .len = n},
		&r);
	return r;
}

static struct reply ask_text(const char *fb2)
{
	return ask("a.fb2", FB2, fb2, strlen(fb2));
}

static struct reply ask_zip(const char *name, const struct member *members)
{
	struct zip_maker *z = zip_maker_create();
	size_t n;

	for (; members->name; members++)
		zip_maker_text(z, members->name, members->text);
	const void *bytes = zip_maker_finish(z, &n);
	struct reply r = ask(name, EPUB, bytes, n);
	zip_maker_destroy(z);
	return r;
}

static void expect(struct reply r, const char *want)
{
	if (r.status != 0)
		fail_msg("%d, %s", r.status, r.detail);
	assert_string_equal(r.text, want);
	reply_finish(&r);
}

static void expect_fault(struct reply r, int status, const char *detail)
{
	assert_int_equal(r.status, status);
	if (!strstr(r.detail, detail))
		fail_msg("%s, not %s", r.detail, detail);
	reply_finish(&r);
}

static void expect_pairs(struct reply r, const char *const *pairs)
{
	assert_int_equal(r.status, 0);
	for (; *pairs; pairs++)
		if (!reply_says(&r, *pairs))
			fail_msg("%s in %s", *pairs, r.meta);
	reply_finish(&r);
}

/* --- EPUB ------------------------------------------------------------------------------------- */

#define MIMETYPE \
	{ \
		"mimetype", EPUB \
	}
#define CONTAINER \
	{ \
		"META-INF/container.xml", \
			"<container><rootfiles><rootfile full-path='OEBPS/book.opf'/>" \
			"</rootfiles></container>" \
	}
#define METADATA \
	"<metadata><dc:title>A title</dc:title><dc:title>A subtitle</dc:title>" \
	"<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:language>it</dc:language>" \
	"<dc:date>2020-02-03</dc:date><dc:subject>k1</dc:subject><dc:publisher>Pub</dc:publisher>" \
	"<meta property='dcterms:modified'>2020-02-04T00:00:00Z</meta></metadata>"
#define ITEM(id, href) "<item id='" id "' href='" href "' media-type='application/xhtml+xml'/>"
#define PAGE(text) "<html><head><title>chapter</title></head><body><p>" text "</p></body></html>"

static const struct member epub[] = {
	MIMETYPE,
	CONTAINER,
	{"OEBPS/book.opf",
		"<package>" METADATA
		"<manifest>" ITEM("a", "text/one.xhtml") ITEM("b", "text/two%20.xhtml")
			ITEM("u", "unread.xhtml") "<item id='n' href='nav.xhtml' "
						  "media-type='application/xhtml+xml' "
						  "properties='nav'/><item id='p' href='p.png' "
						  "media-type='image/png'/></manifest>"
						  "<spine><itemref idref='n'/><itemref "
						  "idref='b'/><itemref idref='p'/>"
						  "<itemref idref='a'/><itemref "
						  "idref='none'/></spine></package>"},
	{"OEBPS/text/one.xhtml", PAGE("later&nbsp;on &eacute;")},
	{"OEBPS/text/two .xhtml", "<?xml version='1.0' encoding='UTF-8'?>" PAGE("first")},
	{"OEBPS/unread.xhtml", PAGE("unread")},
	{"OEBPS/nav.xhtml", PAGE("contents")},
	{"OEBPS/p.png", "\x89PNG"},
	{NULL, NULL},
};

static void test_epub(void **state)
{
	static const char *const pairs[] = {"\"title\":\"A title\"", "\"author\":\"Ann, Bob\"",
		"\"lang\":\"it\"", "\"created\":1580688000", "\"modified\":1580774400",
		"\"publisher\":\"Pub\"", "\"type\":\"" EPUB "\"", NULL};

	(void)state;
	expect(ask_zip("a.epub", epub), "first\n\nlater on é\n\nk1");
	expect_pairs(ask_zip("a.epub", epub), pairs);
}

static void test_epub_without_spine(void **state)
{
	static const struct member members[] = {MIMETYPE, CONTAINER,
		{"OEBPS/book.opf", "<package><manifest>" ITEM("a", "a.html")
					   ITEM("b", "b.html") "</manifest></package>"},
		{"OEBPS/b.html", PAGE("bee")}, {"OEBPS/a.html", PAGE("ay")}, {NULL, NULL}};

	(void)state;
	expect(ask_zip("a.epub", members), "ay\n\nbee");
}

static void test_epub_locked(void **state)
{
	static const struct member font[] = {MIMETYPE, CONTAINER,
		{"META-INF/encryption.xml",
			"<encryption><CipherReference URI='OEBPS/font.otf'/></encryption>"},
		{"OEBPS/book.opf", "<package/>"}, {NULL, NULL}};
	static const struct member chapter[] = {MIMETYPE, CONTAINER,
		{"META-INF/encryption.xml",
			"<encryption><CipherReference URI='OEBPS/a.xhtml'/></encryption>"},
		{"OEBPS/book.opf", "<package/>"}, {NULL, NULL}};

	(void)state;
	expect(ask_zip("a.epub", font), "");
	expect_fault(ask_zip("a.epub", chapter), 77, "key");
}

static void test_epub_damaged(void **state)
{
	static const struct member no_opf[] = {MIMETYPE, CONTAINER, {NULL, NULL}};
	static const struct member no_book[] = {
		MIMETYPE, {"META-INF/container.xml", "<container/>"}, {NULL, NULL}};
	static const struct member outside[] = {MIMETYPE,
		{"META-INF/container.xml", "<c><rootfile full-path='../../etc/passwd'/></c>"},
		{NULL, NULL}};
	static const struct member other[] = {{"a.txt", "x"}, {NULL, NULL}};

	(void)state;
	expect_fault(ask_zip("a.epub", no_opf), 65, "it has no OEBPS/book.opf");
	expect_fault(ask_zip("a.epub", no_book), 65, "names no book");
	expect_fault(ask_zip("a.epub", outside), 65, "it has no etc/passwd");
	expect_fault(ask_zip("a.epub", other), -1, "application/zip");
	expect_fault(ask("a.epub", EPUB, "%PDF-1.4\n", 9), -1, "application/pdf");
}

/* A chapter that the spine names over and over, and one of a great many blanks. */
static void test_epub_bomb(void **state)
{
	enum { CHAPTER = 15 * 1024 * 1024 };
	struct zip_maker *z = zip_maker_create();
	size_t n;

	(void)state;
	for (const struct member *m = epub; m->name; m++)
		if (!strstr(m->name, "one.xhtml") && !strstr(m->name, "book.opf"))
			zip_maker_text(z, m->name, m->text);
	zip_maker_fill(z, "OEBPS/text/one.xhtml", ' ', CHAPTER);
	zip_maker_text(z, "OEBPS/book.opf",
		"<package><manifest>" ITEM(
			"a", "text/one.xhtml") "</manifest><spine>"
					       "<itemref idref='a'/><itemref idref='a'/><itemref "
					       "idref='a'/><itemref idref='a'/>"
					       "<itemref idref='a'/></spine></package>");
	const void *bytes = zip_maker_finish(z, &n);
	expect_fault(ask("a.epub", EPUB, bytes, n), 73, "64 MiB");
	zip_maker_destroy(z);
}

/* --- FictionBook ------------------------------------------------------------------------------ */

#define INFO \
	"<description><title-info><genre>sf</genre><author><first-name>Ann</" \
	"first-name><last-name>" \
	"Fisher</last-name><email>x@y</email></author><author><nickname>n</" \
	"nickname><first-name>Bob" \
	"</first-name></author><book-title>A title</book-title><annotation><p>about</p><p>it</p>" \
	"</annotation><keywords>k1, k2</keywords><date value='2020-02-03'>Winter</date><lang>ru" \
	"</lang><translator><first-name>Not</first-name></translator><sequence name='Saga'/>" \
	"</title-info><document-info><author><nickname>scanner</nickname></author></" \
	"document-info>" \
	"<publish-info><book-name>paper</book-name><publisher>Pub</publisher></publish-info>" \
	"</description>"
#define FICTION(rest) "<?xml version='1.0'?><FictionBook>" rest "</FictionBook>"

static const char fiction[] = FICTION(INFO
	"<body><title><p>Head</p></title><section><p>un<emphasis>bro</emphasis>ken</p><p>two</p>"
	"<poem><stanza><v>verse</v><v>line</v></stanza><date>1900</date></poem><table><tr><td>1"
	"</td><td>2</td></tr></table></section></body><body name='notes'><section><p>note</p>"
	"</section></body><binary id='x'>QUJD</binary>");
static const char fiction_text[] = "Head\n\nunbroken\ntwo\n\nverse\nline\n\n1900\n\n1\t2\n\nnote\n"
				   "\nabout it\n\nk1, k2\n\nSaga";

static void test_fb2(void **state)
{
	static const char *const pairs[] = {"\"title\":\"A title\"",
		"\"author\":\"Ann Fisher, Bob\"", "\"lang\":\"ru\"", "\"created\":1580688000",
		"\"keywords\":\"k1, k2\"", "\"publisher\":\"Pub\"", "\"series\":\"Saga\"",
		"\"type\":\"" FB2 "\"", NULL};

	(void)state;
	expect(ask_text(fiction), fiction_text);
	expect_pairs(ask_text(fiction), pairs);
}

static void test_fb2_zipped(void **state)
{
	static const struct member members[] = {
		{"cover.txt", "x"}, {"a book.FB2", fiction}, {NULL, NULL}};

	(void)state;
	expect(ask_zip("a.fbz", members), fiction_text);
}

static void test_fb2_encodings(void **state)
{
	(void)state;
	expect(ask_text("<?xml version='1.0' encoding='windows-1251'?><FictionBook><body><p>"
			"\xca\xed\xe8\xe3\xe0</p></body></FictionBook>"),
		"Книга");
	expect(ask_text("<?xml version='1.0' encoding='koi8-r'?><FictionBook><body><p>"
			"\xeb\xce\xc9\xc7\xc1</p></body></FictionBook>"),
		"Книга");
	expect(ask_text(FICTION("<body><p>a&nbsp;b&mdash;c&amp;d</p></body>")), "a b—c&d");
	expect_fault(ask_text("<?xml version='1.0' encoding='no-such'?><FictionBook/>"), 65,
		"unknown encoding");
}

static void test_fb2_damaged(void **state)
{
	(void)state;
	expect_fault(ask_text("<?xml version='1.0'?><FictionBook><body><p>a</body>"), 65,
		"mismatched tag");
	expect_fault(ask_text("<!DOCTYPE a [<!ENTITY b 'c'>]>" FICTION("<body>&b;</body>")), 65,
		"declares entities");
	expect_fault(ask_text("no book at all"), -1, "text/plain");
}

static int start(void **state)
{
	(void)state;
	child_start(&book, "trawl-convert-book");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&book);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_epub),
		cmocka_unit_test(test_epub_without_spine),
		cmocka_unit_test(test_epub_locked),
		cmocka_unit_test(test_epub_damaged),
		cmocka_unit_test(test_epub_bomb),
		cmocka_unit_test(test_fb2),
		cmocka_unit_test(test_fb2_zipped),
		cmocka_unit_test(test_fb2_encodings),
		cmocka_unit_test(test_fb2_damaged),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
