/*
 * office: trawl-convert-office, the text of OpenDocument and Office Open XML documents.
 *
 * Both are zip packages of XML (ODF also comes as one XML file); lib/odf.c and
 * lib/ooxml.c read them.  Legacy formats under one of their names are passed on,
 * so are encrypted packages, which typing tells.
 *
 * pkg-config: libzip expat libxml-2.0 libmagic libcjson uchardet
 */
#include "odf.h"
#include "ooxml.h"
#include "package.h"
#include "properties.h"
#include "prose.h"
#include "serve.h"
#include "typing.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 4096, MIMETYPE_MOST = 128 };

static const char opendocument[] = "application/vnd.oasis.opendocument";
static const char openoffice[] =
	"application/vnd.sun.xml"; /* its elder brother, alike in all that counts */

/* What an ODF package names itself into `type`; false if it names nothing. */
static bool odf_type(struct package *package, char type[MIMETYPE_MOST])
{
	int64_t member = package_find(package, "mimetype");
	size_t n = member < 0 ? 0 : package_head(package, member, type, MIMETYPE_MOST - 1);

	while (n && (type[n - 1] == '\n' || type[n - 1] == '\r' || type[n - 1] == ' '))
		n--;
	type[n] = '\0';
	return strncmp(type, opendocument, sizeof opendocument - 1) == 0 ||
	       strncmp(type, openoffice, sizeof openoffice - 1) == 0;
}

static int convert_package(const struct document *doc, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	struct package *package;
	char type[MIMETYPE_MOST];
	int verdict = package_open(doc, out, &package);

	if (verdict != ANSWER_DONE)
		return verdict;
	if (odf_type(package, type)) {
		answer_meta(out, "type", type, strlen(type));
		verdict = odf_convert(package, out, prose, properties);
	} else if (package_find(package, "[Content_Types].xml") >= 0) {
		struct ooxml x = {.doc = doc,
			.package = package,
			.out = out,
			.prose = prose,
			.properties = properties};

		verdict = ooxml_convert(&x);
	} else {
		verdict = convert_other(doc, out);
	}
	package_close(package);
	return verdict;
}

static bool is_flat(const char *head, size_t n)
{
	return memmem(head, n, "<office:document", strlen("<office:document")) != NULL;
}

static int convert_flat(const struct document *doc, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	const char *type = strncmp(doc->type, opendocument, sizeof opendocument - 1) == 0
				   ? doc->type
				   : "application/vnd.oasis.opendocument.text-flat-xml";

	answer_meta(out, "type", type, strlen(type));
	return odf_convert_flat(doc, out, prose, properties);
}

static int convert_office(const struct document *doc, struct answer *out)
{
	static struct prose prose;
	static struct properties properties;
	char head[HEAD];
	ssize_t n = pread(doc->fd, head, sizeof head, 0);
	int verdict;

	if (n < 0)
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	prose_begin(&prose, out);
	properties_begin(&properties);
	if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0)
		verdict = convert_package(doc, out, &prose, &properties);
	else if (is_flat(head, (size_t)n))
		verdict = convert_flat(doc, out, &prose, &properties);
	else
		return convert_other(doc, out);
	if (verdict != ANSWER_DONE)
		return verdict;
	properties_finish(&properties, out, &prose);
	return ANSWER_DONE;
}

static const struct converter_ops office_converter = {
	.program = "trawl-convert-office",
	.convert = convert_office,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&office_converter);
}
#endif
