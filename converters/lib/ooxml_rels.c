/* ooxml_rels: .rels files; see ooxml_rels.h. */
#include "ooxml_rels.h"

#include "href.h"

#include <stdio.h>
#include <string.h>

struct reading {
	const char *part;
	struct dictionary *relations;
};

static void on_open(void *ctx, const char *name, const char **atts)
{
	const struct reading *r = ctx;
	const char *id = xml_attribute_exact(atts, "Id");
	const char *type = xml_attribute_exact(atts, "Type");
	const char *target = xml_attribute_exact(atts, "Target");
	const char *mode = xml_attribute_exact(atts, "TargetMode");
	char member[HREF_ROOM];

	if (strcmp(xml_local(name), "Relationship") != 0 || !id || !type || !target)
		return;
	if ((mode && strcmp(mode, "External") == 0) || !href_resolve(r->part, target, member))
		return;
	const char *slash = strrchr(type, '/');
	dictionary_add(r->relations,
		&(struct entry){.key = id, .value = member, .word = slash ? slash + 1 : type});
}

/* a/b.xml: a/_rels/b.xml.rels. */
static bool name_of_file(const char *part, char out[HREF_ROOM])
{
	const char *slash = strrchr(part, '/');
	int folder = slash ? (int)(slash + 1 - part) : 0;
	int n = snprintf(out, HREF_ROOM, "%.*s_rels/%s.rels", folder, part, part + folder);

	return n > 0 && n < HREF_ROOM;
}

int relations_load(struct package *package, const char *part, struct dictionary **out)
{
	static const struct xml_ops ops = {.open = on_open};
	struct reading r = {.part = part, .relations = dictionary_create()};
	char file[HREF_ROOM];
	int verdict = ANSWER_DONE;

	if (name_of_file(part, file) && package_find(package, file) >= 0)
		verdict = package_parse(package, file, &ops, &r);
	if (verdict == ANSWER_DONE) {
		dictionary_sort(r.relations);
	} else {
		dictionary_destroy(r.relations);
		r.relations = NULL;
	}
	*out = r.relations;
	return verdict;
}

const char *relations_kind(const struct dictionary *relations, const char *kind)
{
	for (size_t i = 0; i < dictionary_count(relations); i++) {
		struct entry entry = dictionary_at(relations, i);

		if (strcmp(entry.word, kind) == 0)
			return entry.value;
	}
	return NULL;
}
