/* test_convert_office: trawl-convert-office over the contract, with packages made here: ODF, OOXML,
 * what is encrypted, misnamed, damaged or meant to hurt. */
#include "converter_child.h"
#include "zip_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child office;

struct member {
	const char *name, *text;
};

static struct reply ask_bytes(const char *name, const char *type, const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&office, &(struct question){.name = name, .type = type, .bytes = bytes, .len = n},
		&r);
	return r;
}

static struct reply ask_zip(struct zip_maker *z, const char *name, const char *type)
{
	size_t n;
	const void *bytes = zip_maker_finish(z, &n);
	struct reply r = ask_bytes(name, type, bytes, n);

	zip_maker_destroy(z);
	return r;
}

static struct zip_maker *zip_of(const struct member *members)
{
	struct zip_maker *z = zip_maker_create();

	for (; members->name; members++)
		zip_maker_text(z, members->name, members->text);
	return z;
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

/* --- OpenDocument ----------------------------------------------------------------------------- */

#define ODT "application/vnd.oasis.opendocument.text"
#define ODS "application/vnd.oasis.opendocument.spreadsheet"
#define ODP "application/vnd.oasis.opendocument.presentation"
#define CONTENT(body) \
	"<office:document-content><office:body>" body "</office:body></office:document-content>"
#define TEXT(body) CONTENT("<office:text>" body "</office:text>")

static struct reply ask_odf(const char *type, const char *content)
{
	const struct member members[] = {
		{"mimetype", type}, {"content.xml", content}, {NULL, NULL}};

	return ask_zip(zip_of(members), "a.odt", type);
}

static void test_odf_text(void **state)
{
	static const struct {
		const char *type, *content, *want;
	} cases[] = {
		{ODT, TEXT("<text:p>a</text:p><text:p>b</text:p>"), "a\nb"},
		{ODT, TEXT("<text:h>Head</text:h><text:p>un<text:span>bro</text:span>ken</text:p>"),
			"Head\n\nunbroken"},
		{ODT,
			TEXT("<text:p>a<text:s "
			     "text:c='3'/>b<text:tab/>c<text:line-break/>d</text:p>"),
			"a b\tc\nd"},
		{ODT, TEXT("\n <text:p>a &amp; \xc3\xa9&#x263a;</text:p>\n"), "a & é☺"},
		/* a note keeps out of its sentence; its mark is no text */
		{ODT,
			TEXT("<text:p>the word<text:note><text:note-citation>1</text:note-citation>"
			     "<text:note-body><text:p>noted</text:p></text:note-body></text:note>"
			     " goes on</text:p><text:p>next</text:p>"),
			"the word goes on\nnoted\nnext"},
		{ODT,
			TEXT("<text:p>x<office:annotation><dc:creator>who</dc:creator><dc:date>2020"
			     "</dc:date><text:p>remark</text:p></office:annotation>y</text:p>"),
			"xy\nremark"},
		{ODT,
			TEXT("<text:p>a<draw:frame><draw:text-box><text:p>box</text:p></"
			     "draw:text-box>"
			     "<svg:desc>alt</svg:desc></draw:frame>b</text:p>"),
			"ab\nbox\nalt"},
		{ODT,
			TEXT("<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
			     "<text:p>kept<text:script>code()</text:script></text:p>"),
			"kept"},
		{ODT,
			TEXT("<table:table table:name='Table1'><table:table-row><table:table-cell>"
			     "<text:p>1</text:p></table:table-cell><table:table-cell><text:p>2</"
			     "text:p>"
			     "<text:p>3</text:p></table:table-cell></table:table-row></"
			     "table:table>"),
			"1\t2 3"},
		{ODT,
			"<office:document-content><office:automatic-styles><text:p>style</text:p>"
			"</office:automatic-styles></office:document-content>",
			""},
		{ODS,
			CONTENT("<office:spreadsheet><table:table "
				"table:name='First'><table:table-row>"
				"<table:table-cell><office:annotation><text:p>remark</text:p>"
				"</office:annotation><text:p>cell</text:p></table:table-cell>"
				"<table:table-cell table:number-columns-repeated='1000'/>"
				"<table:table-cell><text:p>last</text:p></table:table-cell>"
				"</table:table-row><table:table-row "
				"table:number-rows-repeated='1048000'>"
				"<table:table-cell/></table:table-row></table:table></"
				"office:spreadsheet>"),
			"First\ncell\tlast\nremark"},
		{ODP,
			CONTENT("<office:presentation><presentation:footer-decl>foot"
				"</presentation:footer-decl><draw:page "
				"draw:name='page1'><draw:frame>"
				"<draw:text-box><text:p>slide</text:p></draw:text-box></draw:frame>"
				"<presentation:notes><draw:frame><draw:text-box><text:p>spoken</"
				"text:p>"
				"</draw:text-box></draw:frame></presentation:notes></draw:page>"
				"</office:presentation>"),
			"foot\n\nslide\nspoken"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(ask_odf(cases[i].type, cases[i].content), cases[i].want);
}

#define META \
	"<office:meta><dc:title>A title</dc:title><dc:creator>Ed</dc:creator>" \
	"<meta:initial-creator>Ann</meta:initial-creator><dc:subject>subj</dc:subject>" \
	"<meta:keyword>k1</meta:keyword><meta:keyword>k2</meta:keyword>" \
	"<meta:creation-date>2020-02-03T04:05:06Z</meta:creation-date><dc:date>2020-02-04</" \
	"dc:date>" \
	"<meta:document-statistic meta:page-count='7'/></office:meta>"

static const char *const odf_pairs[] = {"\"title\":\"A title\"", "\"author\":\"Ann\"",
	"\"editor\":\"Ed\"", "\"subject\":\"subj\"", "\"keywords\":\"k1, k2\"",
	"\"created\":1580702706", "\"modified\":1580774400", "\"pages\":7", "\"lang\":\"de-AT\"",
	NULL};

#define STYLES \
	"<office:styles><style:default-style style:family='paragraph'><style:text-properties " \
	"fo:language='de' fo:country='AT'/></style:default-style></office:styles>"
#define MASTER \
	"<office:master-styles><style:master-page><style:header><text:p>head</text:p></" \
	"style:header>" \
	"<style:footer><text:p>foot</text:p></style:footer><draw:frame><text:p>placeholder</" \
	"text:p>" \
	"</draw:frame></style:master-page></office:master-styles>"

static void test_odf_package(void **state)
{
	static const struct member members[] = {
		{"mimetype", ODT},
		{"content.xml", TEXT("<text:p>body</text:p>")},
		{"styles.xml",
			"<office:document-styles>" STYLES MASTER "</office:document-styles>"},
		{"meta.xml", "<office:document-meta>" META "</office:document-meta>"},
		{"META-INF/manifest.xml", "<manifest:manifest/>"},
		{"Object 1/content.xml",
			CONTENT("<office:chart><text:p>chart</text:p></office:chart>")},
		{NULL, NULL},
	};

	(void)state;
	expect(ask_zip(zip_of(members), "a.odt", ODT), "body\nhead\nfoot\nchart\n\nsubj\n\nk1, k2");
	expect_pairs(ask_zip(zip_of(members), "a.odt", ODT), odf_pairs);
}

static void test_odf_flat(void **state)
{
	static const char flat[] =
		"<?xml version='1.0' encoding='UTF-8'?>\n<office:document>" META STYLES MASTER
		"<office:body><office:text><text:p>flat<draw:frame><draw:image><office:binary-data>"
		"QUJD</office:binary-data></draw:image></draw:frame></text:p></office:text>"
		"</office:body></office:document>";

	(void)state;
	expect(ask_bytes("a.fodt", ODT "-flat-xml", flat, sizeof flat - 1),
		"head\nfoot\nflat\n\nsubj\n\nk1, k2");
	expect_pairs(ask_bytes("a.fodt", ODT "-flat-xml", flat, sizeof flat - 1), odf_pairs);
}

static void test_odf_counts(void **state)
{
	static const char *const two[] = {"\"pages\":2", NULL};

	(void)state;
	expect_pairs(ask_odf(ODS, CONTENT("<office:spreadsheet><table:table/><table:table/>"
					  "</office:spreadsheet>")),
		two);
	expect_pairs(ask_odf(ODP, CONTENT("<office:presentation><draw:page/><draw:page/>"
					  "</office:presentation>")),
		two);
}

/* --- Office Open XML -------------------------------------------------------------------------- */

#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define PPTX "application/vnd.openxmlformats-officedocument.presentationml.presentation"
#define RELS(rows) "<Relationships>" rows "</Relationships>"
#define REL(id, kind, target) \
	"<Relationship Id='" id "' Type='http://schemas.example/relationships/" kind \
	"' Target='" target "'/>"
#define TYPES \
	{ \
		"[Content_Types].xml", "<Types/>" \
	}
#define ROOT(main) \
	{ \
		"_rels/.rels", RELS(REL("r1", "officeDocument", main) REL("r2", \
				       "metadata/core-properties", "docProps/core.xml") REL("r3", \
				       "extended-properties", "/docProps/app.xml")) \
	}
#define DOCUMENT(body) "<w:document><w:body>" body "</w:body></w:document>"
#define P(text) "<w:p><w:r><w:t>" text "</w:t></w:r></w:p>"

static void test_word_text(void **state)
{
	static const struct {
		const char *document, *want;
	} cases[] = {
		{DOCUMENT(P("a") P("b")), "a\nb"},
		{DOCUMENT("<w:p><w:r><w:t>un</w:t></w:r><w:r><w:t>broken</w:t></w:r></w:p>"),
			"unbroken"},
		{DOCUMENT("<w:p><w:r><w:t xml:space='preserve'>a </w:t><w:tab/><w:t>b</w:t><w:br/>"
			  "<w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>"),
			"a\tb\nc-d"},
		{DOCUMENT("<w:p><w:del><w:r><w:delText>old</w:delText></w:r></"
			  "w:del><w:ins><w:r><w:t>"
			  "new</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>moved</w:t></w:r></"
			  "w:moveFrom>"
			  "</w:p>"),
			"new"},
		{DOCUMENT("<w:p><w:r><w:instrText>HYPERLINK "
			  "x</w:instrText></w:r><w:r><w:t>link</w:t>"
			  "</w:r></w:p>"),
			"link"},
		{DOCUMENT("<w:tbl><w:tr><w:tc>" P("1") "</w:tc><w:tc>" P("2")
				 P("3") "</w:tc></w:tr>"
					"<w:tr><w:tc>" P("4") "</w:tc></w:tr></w:tbl>" P("after")),
			"1\t2 3\n4\nafter"},
		{DOCUMENT("<w:p><w:r><w:t>be</w:t></w:r><mc:AlternateContent><mc:Choice><wp:docPr "
			  "descr='a boat'/><w:txbxContent>" P(
				  "box") "</w:txbxContent></mc:Choice>"
					 "<mc:Fallback><w:txbxContent>" P(
						 "box") "</w:txbxContent></mc:Fallback>"
							"</mc:AlternateContent><w:r><w:t>hind</"
							"w:t></w:r></w:p>"),
			"be a boat hind\nbox"},
		/* prefixes are the producer's choice */
		{"<document><body><p><r><t>plain</t></r></p></body></document>", "plain"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct member members[] = {TYPES, ROOT("word/document.xml"),
			{"word/document.xml", cases[i].document}, {NULL, NULL}};

		expect(ask_zip(zip_of(members), "a.docx", DOCX), cases[i].want);
	}
}

static const struct member word[] = {
	TYPES,
	ROOT("text/main.xml"),
	{"text/main.xml", DOCUMENT(P("body"))},
	{"text/_rels/main.xml.rels",
		RELS(REL("a", "comments", "comments.xml") REL("b", "header", "h1.xml") REL(
			"c", "footnotes", "/text/notes.xml") REL("d", "styles", "styles.xml")
				REL("e", "package", "../text/embeddings/Book 1.xlsx")
					REL("f", "hyperlink", "http://example.org/"))},
	{"text/h1.xml", "<w:hdr>" P("head") "</w:hdr>"},
	{"text/notes.xml", "<w:footnotes><w:footnote>" P("note") "</w:footnote></w:footnotes>"},
	{"text/comments.xml", "<w:comments><w:comment>" P("remark") "</w:comment></w:comments>"},
	{"text/styles.xml", "<w:styles><w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val='fr-FR'/>"
			    "</w:rPr></w:rPrDefault></w:docDefaults></w:styles>"},
	{"text/embeddings/Book 1.xlsx", "PK embedded"},
	{"docProps/core.xml",
		"<cp:coreProperties><dc:title>A title</dc:title><dc:creator>Ann</dc:creator>"
		"<cp:lastModifiedBy>Ed</cp:lastModifiedBy><cp:keywords>k1</cp:keywords>"
		"<dcterms:created>2020-02-03T04:05:06Z</dcterms:created></cp:coreProperties>"},
	{"docProps/app.xml", "<Properties><Pages>3</Pages></Properties>"},
	{NULL, NULL},
};

static void test_word_package(void **state)
{
	static const char *const pairs[] = {"\"title\":\"A title\"", "\"author\":\"Ann\"",
		"\"editor\":\"Ed\"", "\"created\":1580702706", "\"pages\":3", "\"lang\":\"fr-FR\"",
		"\"type\":\"" DOCX "\"", NULL};

	(void)state;
	expect(ask_zip(zip_of(word), "a.docx", DOCX), "body\n\nhead\n\nnote\n\nremark\n\nk1");
	expect_pairs(ask_zip(zip_of(word), "a.docx", DOCX), pairs);
}

static void test_embedded(void **state)
{
	struct reply r = ask_zip(zip_of(word), "a.docx", DOCX);

	(void)state;
	assert_int_equal(r.part_count, 1);
	assert_string_equal(reply_part(&r, "embeddings/Book 1.xlsx")->bytes, "PK embedded");
	reply_finish(&r);
}

#define BOOK \
	TYPES, ROOT("xl/workbook.xml"), \
		{"xl/workbook.xml", \
			"<workbook><sheets><sheet name='Zwei' sheetId='1' r:id='s2'/>" \
			"<sheet name='Eins' sheetId='2' r:id='s1'/></sheets></workbook>"}, \
	{ \
		"xl/_rels/workbook.xml.rels", \
			RELS(REL("s1", "worksheet", "worksheets/sheet1.xml") \
					REL("s2", "worksheet", "worksheets/sheet2.xml") \
						REL("x", "sharedStrings", "sharedStrings.xml") \
							REL("y", "styles", "styles.xml")) \
	}

static void test_sheets(void **state)
{
	static const struct member members[] = {
		BOOK,
		{"xl/worksheets/sheet1.xml",
			"<x:worksheet><x:sheetData><x:row><x:c t='s'><x:v>1</x:v></x:c><x:c "
			"t='s'><x:v>0"
			"</x:v></x:c><x:c "
			"t='s'><x:v>99</x:v></x:c></x:row></x:sheetData></x:worksheet>"},
		{"xl/worksheets/sheet2.xml",
			"<worksheet><sheetData><row><c><v>42</v></c><c s='1'><v>43864.5</v></c>"
			"<c s='2'><v>43864</v></c><c "
			"s='3'><v>0.25</v></c><c "
			"s='4'><v>0.125</v></c><c><v>0.30000000000000004</v>"
			"</c></row><row/><row><c s='1'/></row><row><c "
			"t='str'><f>A1&amp;B1</f><v>sum</v>"
			"</c><c t='inlineStr'><is><t>in</t><rPh><t>sound</t></rPh></is></c><c "
			"t='b'><v>1</v></c>"
			"<c t='e'><v>#REF!</v></c></row></sheetData><headerFooter><oddHeader>"
			"&amp;L&amp;\"Arial,Bold\"&amp;12left&amp;Rpage "
			"&amp;P</oddHeader></headerFooter>"
			"</worksheet>"},
		{"xl/sharedStrings.xml", "<sst><si><t>zero</t></si><si><r><t>o</t></r><r><t>ne</"
					 "t></r><rPh><t>sound</t>"
					 "</rPh></si></sst>"},
		{"xl/styles.xml",
			"<styleSheet><numFmts><numFmt numFmtId='170' formatCode='\"day\" 0'/>"
			"<numFmt numFmtId='171' formatCode='[Red]hh:mm'/></numFmts><cellStyleXfs>"
			"<xf numFmtId='14'/></cellStyleXfs><cellXfs><xf numFmtId='0'/>"
			"<xf numFmtId='22'/><xf numFmtId='170'/><xf numFmtId='171'/><xf "
			"numFmtId='10'/></cellXfs>"
			"</styleSheet>"},
		{NULL, NULL},
	};
	static const char *const pairs[] = {"\"pages\":2", NULL};

	(void)state;
	expect(ask_zip(zip_of(members), "a.xlsx", XLSX),
		"Zwei\n42\t2020-02-03 12:00\t43864\t06:00\t12.5%\t0.3\nsum\tin\tTRUE\t#REF!\nleft "
		"page\n\n"
		"Eins\none\tzero");
	expect_pairs(ask_zip(zip_of(members), "a.xlsx", XLSX), pairs);
}

static void test_sheets_of_1904(void **state)
{
	static const struct member members[] = {TYPES, ROOT("xl/workbook.xml"),
		{"xl/workbook.xml",
			"<workbook><workbookPr date1904='true'/><sheets><sheet name='S' "
			"r:id='s1'/></sheets></workbook>"},
		{"xl/_rels/workbook.xml.rels",
			RELS(REL("s1", "worksheet", "s.xml") REL("y", "styles", "styles.xml"))},
		{"xl/s.xml", "<worksheet><row><c s='0'><v>42402</v></c></row></worksheet>"},
		{"xl/styles.xml",
			"<styleSheet><cellXfs><xf numFmtId='14'/></cellXfs></styleSheet>"},
		{NULL, NULL}};

	(void)state;
	expect(ask_zip(zip_of(members), "a.xlsx", XLSX), "S\n2020-02-03");
}

#define SLIDE(text) "<p:sld><a:p><a:r><a:t>" text "</a:t></a:r></a:p></p:sld>"

static void test_slides(void **state)
{
	static const struct member members[] = {
		TYPES,
		ROOT("ppt/presentation.xml"),
		{"ppt/presentation.xml",
			"<p:presentation><p:sldIdLst><p:sldId id='256' r:id='b'/>"
			"<p:sldId id='257' r:id='a'/></p:sldIdLst><p:defaultTextStyle>"
			"<a:defRPr lang='nl-NL'/></p:defaultTextStyle></p:presentation>"},
		{"ppt/_rels/presentation.xml.rels",
			RELS(REL("a", "slide", "slides/slide1.xml")
					REL("b", "slide", "slides/slide2.xml")
						REL("m", "slideMaster", "slideMasters/m.xml"))},
		{"ppt/slides/slide1.xml", SLIDE("later")},
		{"ppt/slides/slide2.xml", SLIDE("first")},
		{"ppt/slides/_rels/slide2.xml.rels",
			RELS(REL("n", "notesSlide", "../notesSlides/n.xml"))},
		{"ppt/notesSlides/n.xml", SLIDE("spoken")},
		{"ppt/slideMasters/m.xml", SLIDE("master")},
		{NULL, NULL},
	};
	static const char *const pairs[] = {"\"pages\":2", "\"lang\":\"nl-NL\"", NULL};

	(void)state;
	expect(ask_zip(zip_of(members), "a.pptx", PPTX), "first\n\nspoken\n\nlater");
	expect_pairs(ask_zip(zip_of(members), "a.pptx", PPTX), pairs);
}

/* --- what cannot be read ---------------------------------------------------------------------- */

static void test_encrypted(void **state)
{
	static const struct member odf[] = {{"mimetype", ODT},
		{"META-INF/manifest.xml",
			"<manifest:manifest><manifest:file-entry manifest:full-path='content.xml'>"
			"<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"},
		{"content.xml", "\x01\x02not xml"}, {NULL, NULL}};
	static const char name[] = "EncryptedPackage";
	unsigned char ole[1024] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, [30] = 9};

	(void)state;
	expect_fault(ask_zip(zip_of(odf), "a.odt", ODT), 77, "password");
	/* a compound file whose one directory sector has a root and this stream */
	memset(ole + 76, 0xff, 512 - 76);
	ole[512 + 76] = 1;
	memset(ole + 512 + 128 + 68, 0xff, 12);
	for (size_t i = 0; i < sizeof name; i++)
		ole[512 + 128 + 2 * i] = (unsigned char)name[i];
	expect_fault(ask_bytes("a.docx", DOCX, ole, sizeof ole), 77, "password");
}

static void test_other_content(void **state)
{
	static const struct member epub[] = {
		{"mimetype", "application/epub+zip"}, {"a", "b"}, {NULL, NULL}};
	static const struct member plain[] = {{"a.txt", "b"}, {NULL, NULL}};

	(void)state;
	expect_fault(ask_zip(zip_of(epub), "a.docx", DOCX), -1, "application/epub+zip");
	expect_fault(ask_zip(zip_of(plain), "a.odt", ODT), -1, "application/zip");
	expect_fault(ask_bytes("a.docx", DOCX, "%PDF-1.4\n", 9), -1, "application/pdf");
	expect_fault(ask_bytes("a.docx", DOCX, "{\\rtf1 a}", 9), -1, "rtf");
}

static void test_damaged(void **state)
{
	static const struct member no_main[] = {TYPES, ROOT("word/document.xml"), {NULL, NULL}};
	struct zip_maker *z = zip_of(word);
	size_t n;
	const char *whole = zip_maker_finish(z, &n);

	(void)state;
	expect_fault(ask_odf(ODT, "<office:document-content><text:p>"), 65, "content.xml: line 1");
	expect_fault(ask_odf(ODT, ""), 65, "content.xml");
	expect_fault(ask_zip(zip_of(no_main), "a.docx", DOCX), 65, "it has no word/document.xml");
	expect_fault(ask_bytes("a.docx", DOCX, whole, n / 2), 65, "");
	zip_maker_destroy(z);
}

/* --- what is meant to hurt -------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_entities(void **state)
{
	static const char bomb[] =
		"<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>"
		"<w:document><w:p><w:t>&b;</w:t></w:p></w:document>";
	static const struct member members[] = {
		TYPES, ROOT("word/document.xml"), {"word/document.xml", bomb}, {NULL, NULL}};

	(void)state;
	expect_fault(ask_zip(zip_of(members), "a.docx", DOCX), 65, "declares entities");
	expect_fault(ask_odf(ODT, bomb), 65, "declares entities");
	/* an external definition is not fetched, and does no harm */
	expect(ask_odf(ODT,
		       "<!DOCTYPE d PUBLIC 'x' 'file:///etc/passwd'>" TEXT("<text:p>a</text:p>")),
		"a");
	expect_fault(ask_odf(ODT, "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" TEXT(
					  "<text:p>&x;</text:p>")),
		65, "declares entities");
}

/* `before`, then a unit over and over, then `after`. */
static struct reply ask_repeated(const char *before, const char *unit, size_t times,
	const char *after, const struct member *others, const char *name)
{
	size_t head = strlen(before), len = strlen(unit), n = head + len * times + strlen(after);
	char *text = malloc(n + 1);
	struct zip_maker *z = zip_of(others);

	assert_non_null(text);
	strcpy(text, before);
	for (size_t i = 0; i < times; i++)
		memcpy(text + head + i * len, unit, len);
	strcpy(text + head + len * times, after);
	zip_maker_add(z, name, text, n);
	free(text);
	return ask_zip(z, "a", "");
}

static const struct member odf_only[] = {{"mimetype", ODS}, {NULL, NULL}};
static const struct member book_only[] = {BOOK, {NULL, NULL}};

static const struct member header_only[] = {
	TYPES, ROOT("m.xml"), {"m.xml", "<document/>"}, {"h.xml", "<hdr/>"}, {NULL, NULL}};

static void test_bombs(void **state)
{
	double begun = seconds();

	(void)state;
	/* a million styled rows with nothing in them */
	expect(ask_repeated("<worksheet><sheetData>", "<row><c s='5'/></row>", 1000000,
		       "<row><c><v>7</v></c></row></sheetData></worksheet>", book_only,
		       "xl/worksheets/sheet2.xml"),
		"Zwei\n7");
	expect_fault(ask_repeated("<a>", "                ", 5 * 1024 * 1024, "</a>", odf_only,
			     "content.xml"),
		73, "64 MiB");
	/* one small member over and over */
	expect_fault(ask_repeated("<Relationships>", REL("a", "header", "h.xml"), 100000,
			     "</Relationships>", header_only, "_rels/m.xml.rels"),
		73, "64 MiB");
	expect_fault(ask_repeated("", "<text:span>", 100000, "", odf_only, "content.xml"), 65,
		"nest too deep");
	assert_true(seconds() - begun < 20);
}

/* In one tag: quadratic in other parsers. */
static void test_many_attributes(void **state)
{
	enum { COUNT = 200000 };
	char *text = malloc(COUNT * 16 + 64), *at = text;
	double begun = seconds();

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "<office:document-content><a");
	for (int i = 0; i < COUNT; i++)
		at += sprintf(at, " b%d=''", i);
	strcpy(at, "/></office:document-content>");
	expect(ask_odf(ODS, text), "");
	assert_true(seconds() - begun < 5);
	free(text);
}

static void test_limit(void **state)
{
	static const struct member members[] = {{"mimetype", ODT},
		{"content.xml", TEXT("<text:p>123456</text:p><text:p>7</text:p>")}, {NULL, NULL}};
	struct zip_maker *z = zip_of(members);
	struct question q = {.name = "a.odt", .type = ODT, .limit = 4};
	struct reply r;

	(void)state;
	q.bytes = zip_maker_finish(z, &q.len);
	child_ask(&office, &q, &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "1234");
	assert_true(r.truncated);
	reply_finish(&r);
	zip_maker_destroy(z);
}

static int start(void **state)
{
	(void)state;
	child_start(&office, "trawl-convert-office");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&office);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odf_text),
		cmocka_unit_test(test_odf_package),
		cmocka_unit_test(test_odf_flat),
		cmocka_unit_test(test_odf_counts),
		cmocka_unit_test(test_word_text),
		cmocka_unit_test(test_word_package),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_sheets),
		cmocka_unit_test(test_sheets_of_1904),
		cmocka_unit_test(test_slides),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_other_content),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_many_attributes),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
