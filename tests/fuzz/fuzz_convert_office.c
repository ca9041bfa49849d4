/*
 * fuzz_convert_office: the handler of trawl-convert-office on any bytes, and on packages whose one
 * member is any bytes: few mutants of a zip get as far as XML.
 */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/office.c"

#include "fuzz_convert.h"
#include "fuzz_package.h"

#define RELS(rows) "<Relationships>" rows "</Relationships>"
#define REL(id, kind, target) "<Relationship Id='" id "' Type='x/" kind "' Target='" target "'/>"
#define ODT \
	{ \
		"mimetype", "application/vnd.oasis.opendocument.text" \
	}
#define OOXML \
	{"[Content_Types].xml", ""}, \
	{ \
		"_rels/.rels", RELS(REL("1", "officeDocument", "m.xml") \
					       REL("2", "core-properties", "core.xml") \
						       REL("3", "extended-properties", "app.xml")) \
	}

/* A member without text is the fuzzer's. */
static const struct fuzz_member content[] = {ODT, {"content.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member styles[] = {ODT, {"styles.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member meta[] = {
	ODT, {"content.xml", "<a/>"}, {"meta.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member manifest[] = {
	ODT, {"content.xml", "<a/>"}, {"META-INF/manifest.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member main_part[] = {OOXML, {"m.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member core[] = {
	OOXML, {"m.xml", "<document/>"}, {"core.xml", NULL}, {"app.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member relations[] = {OOXML, {"m.xml", "<document/>"},
	{"_rels/m.xml.rels", NULL}, {"h.xml", "<hdr><p><t>h</t></p></hdr>"}, {NULL, NULL}};
static const struct fuzz_member notes[] = {OOXML, {"m.xml", "<document/>"},
	{"_rels/m.xml.rels", RELS(REL("a", "footnotes", "f.xml") REL("b", "styles", "f.xml")
					     REL("c", "package", "f.xml"))},
	{"f.xml", NULL}, {NULL, NULL}};
#define BOOK \
	{"m.xml", "<workbook><sheets><sheet name='S' r:id='1'/></sheets></workbook>"}, \
	{ \
		"_rels/m.xml.rels", RELS(REL("1", "worksheet", "s.xml") REL("2", "sharedStrings", \
					    "t.xml") REL("3", "styles", "y.xml")) \
	}
static const struct fuzz_member sheet[] = {OOXML, BOOK, {"s.xml", NULL},
	{"t.xml", "<sst><si><t>one</t></si><si><t>two</t></si></sst>"},
	{"y.xml", "<a><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs></a>"}, {NULL, NULL}};
static const struct fuzz_member strings[] = {OOXML, BOOK,
	{"s.xml", "<a><row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row></a>"}, {"t.xml", NULL},
	{NULL, NULL}};
static const struct fuzz_member formats[] = {OOXML, BOOK,
	{"s.xml", "<a><row><c s='1'><v>43864.123</v></c><c s='2'><v>-1e300</v></c></row></a>"},
	{"y.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member slides[] = {OOXML,
	{"m.xml", "<presentation><sldId r:id='1'/></presentation>"},
	{"_rels/m.xml.rels", RELS(REL("1", "slide", "s.xml"))}, {"s.xml", NULL}, {NULL, NULL}};
static const struct fuzz_member *const packages[] = {content, styles, meta, manifest, main_part,
	core, relations, notes, sheet, strings, formats, slides};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_package(&office_converter, "a.odt", packages, sizeof packages / sizeof packages[0],
		data, size);
	return 0;
}
