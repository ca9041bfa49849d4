/* odf: which streams a document is made of; see odf.h. */
#include "odf.h"

#include "odf_stream.h"

#include <string.h>

/* --- encryption ------------------------------------------------------------------------------- */

static void on_manifest_open(void *ctx, const char *name, const char **atts)
{
	bool *encrypted = ctx;

	(void)atts;
	if (strcmp(xml_local(name), "encryption-data") == 0)
		*encrypted = true;
}

static bool enough_manifest(void *ctx)
{
	return *(bool *)ctx;
}

static int check_manifest(struct package *package, struct answer *out)
{
	static const struct xml_ops ops = {.open = on_manifest_open, .enough = enough_manifest};
	bool encrypted = false;
	int verdict = ANSWER_DONE;

	if (package_find(package, "META-INF/manifest.xml") >= 0)
		verdict = package_parse(package, "META-INF/manifest.xml", &ops, &encrypted);
	if (encrypted)
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	return verdict;
}

/* --- documents -------------------------------------------------------------------------------- */

/* What the members of one document share. */
struct reading {
	struct package *package;
	struct prose *prose;
	struct properties *properties;
};

static int parse(const struct reading *r, const char *member, bool embedded)
{
	return package_parse(r->package, member, &odf_stream_ops,
		odf_stream_begin(r->prose, r->properties, embedded));
}

static int parse_if_there(const struct reading *r, const char *member)
{
	return package_find(r->package, member) < 0 ? ANSWER_DONE : parse(r, member, false);
}

/* A package of styles alone has no content. */
static int parse_content(const struct reading *r)
{
	if (package_find(r->package, "content.xml") < 0 &&
		package_find(r->package, "styles.xml") >= 0)
		return ANSWER_DONE;
	return parse(r, "content.xml", false);
}

static bool is_embedded(const char *name)
{
	static const char end[] = "/content.xml";
	size_t n = name ? strlen(name) : 0;

	return n > sizeof end - 1 && strcmp(name + n - (sizeof end - 1), end) == 0;
}

/* Charts, and other documents inside of this one. */
static int parse_embedded(const struct reading *r)
{
	int verdict = ANSWER_DONE;

	for (int64_t i = 0; i < package_count(r->package) && verdict == ANSWER_DONE; i++) {
		const char *name = package_name(r->package, i);

		if (is_embedded(name))
			verdict = parse(r, name, true);
	}
	return verdict;
}

int odf_convert(struct package *package, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	const struct reading r = {package, prose, properties};
	int verdict = check_manifest(package, out);

	if (verdict == ANSWER_DONE)
		verdict = parse_content(&r);
	if (verdict == ANSWER_DONE)
		verdict = parse_if_there(&r, "styles.xml");
	if (verdict == ANSWER_DONE)
		verdict = parse_embedded(&r);
	if (verdict == ANSWER_DONE)
		verdict = parse_if_there(&r, "meta.xml");
	return verdict;
}

int odf_convert_flat(const struct document *doc, struct answer *out, struct prose *prose,
	struct properties *properties)
{
	return xml_read(doc, &odf_stream_ops, odf_stream_begin(prose, properties, false), out);
}
