/* ooxml_rels: .rels files; see ooxml_rels.h. */
#include "ooxml_rels.h"

#include "alloc.h"
#include "arena.h"
#include "href.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	size_t id, kind, member; /* in the arena */
};

struct relations {
	const char *part;
	struct arena strings;
	struct row *rows;
	size_t count, room;
	size_t *by_id; /* rows' numbers */
};

static void add(struct relations *r, const char *id, const char *type, const char *member)
{
	const char *slash = strrchr(type, '/');

	if (r->count == r->room) {
		r->room = 2 * r->room + 16;
		r->rows = alloc_resize(r->rows, r->room, sizeof *r->rows);
	}
	r->rows[r->count++] = (struct row){
		.id = arena_add_string(&r->strings, id),
		.kind = arena_add_string(&r->strings, slash ? slash + 1 : type),
		.member = arena_add_string(&r->strings, member),
	};
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct relations *r = ctx;
	const char *id = xml_attribute_exact(atts, "Id");
	const char *type = xml_attribute_exact(atts, "Type");
	const char *target = xml_attribute_exact(atts, "Target");
	const char *mode = xml_attribute_exact(atts, "TargetMode");
	char member[HREF_ROOM];

	if (strcmp(xml_local(name), "Relationship") != 0 || !id || !type || !target)
		return;
	if ((!mode || strcmp(mode, "External") != 0) && href_resolve(r->part, target, member))
		add(r, id, type, member);
}

/* --- by id ------------------------------------------------------------------------------------ */

static const char *id_of(const struct relations *r, size_t row)
{
	return arena_at(&r->strings, r->rows[row].id);
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	return strcmp(id_of(ctx, *(const size_t *)a), id_of(ctx, *(const size_t *)b));
}

static void sort(struct relations *r)
{
	r->by_id = alloc_resize(NULL, r->count, sizeof *r->by_id);
	for (size_t i = 0; i < r->count; i++)
		r->by_id[i] = i;
	qsort_r(r->by_id, r->count, sizeof *r->by_id, compare_rows, r);
}

const char *relations_id(const struct relations *r, const char *id)
{
	size_t from = 0, to = r->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(id, id_of(r, r->by_id[middle]));

		if (order == 0)
			return arena_at(&r->strings, r->rows[r->by_id[middle]].member);
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

/* --- loading ---------------------------------------------------------------------------------- */

/* a/b.xml: a/_rels/b.xml.rels. */
static bool name_of_file(const char *part, char out[HREF_ROOM])
{
	const char *slash = strrchr(part, '/');
	int folder = slash ? (int)(slash + 1 - part) : 0;
	int n = snprintf(out, HREF_ROOM, "%.*s_rels/%s.rels", folder, part, part + folder);

	return n > 0 && n < HREF_ROOM;
}

int relations_load(struct package *package, const char *part, struct relations **out)
{
	static const struct xml_ops ops = {.open = on_open};
	struct relations *r = alloc_resize(NULL, 1, sizeof *r);
	char file[HREF_ROOM];
	int verdict = ANSWER_DONE;

	*r = (struct relations){.part = part};
	if (name_of_file(part, file) && package_find(package, file) >= 0)
		verdict = package_parse(package, file, &ops, r);
	sort(r);
	if (verdict != ANSWER_DONE) {
		relations_destroy(r);
		r = NULL;
	}
	*out = r;
	return verdict;
}

void relations_destroy(struct relations *r)
{
	if (!r)
		return;
	arena_finish(&r->strings);
	free(r->rows);
	free(r->by_id);
	free(r);
}

size_t relations_count(const struct relations *r)
{
	return r->count;
}

struct relation relations_at(const struct relations *r, size_t i)
{
	return (struct relation){
		.id = arena_at(&r->strings, r->rows[i].id),
		.kind = arena_at(&r->strings, r->rows[i].kind),
		.member = arena_at(&r->strings, r->rows[i].member),
	};
}

const char *relations_kind(const struct relations *r, const char *kind)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(arena_at(&r->strings, r->rows[i].kind), kind) == 0)
			return arena_at(&r->strings, r->rows[i].member);
	return NULL;
}
