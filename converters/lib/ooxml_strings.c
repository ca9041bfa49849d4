/* ooxml_strings: the table of shared strings; see ooxml_cells.h. */
#include "alloc.h"
#include "arena.h"
#include "ooxml_cells.h"

#include <stdlib.h>
#include <string.h>

/* A table has to be whole before the first cell is read. */
enum { STRINGS_MOST = 256 * 1024 * 1024 };

struct strings {
	struct arena bytes;
	size_t *ends; /* of each */
	size_t count, room;
	int shown, skipped; /* elements open */
};

static void add(struct strings *s)
{
	if (s->count == s->room) {
		s->room = 2 * s->room + 1024;
		s->ends = alloc_resize(s->ends, s->room, sizeof *s->ends);
	}
	s->ends[s->count++] = arena_size(&s->bytes);
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct strings *s = ctx;
	const char *local = xml_local(name);

	(void)atts;
	if (strcmp(local, "t") == 0)
		s->shown++;
	else if (strcmp(local, "rPh") == 0) /* how to pronounce it */
		s->skipped++;
}

static void on_close(void *ctx, const char *name)
{
	struct strings *s = ctx;
	const char *local = xml_local(name);

	if (strcmp(local, "si") == 0)
		add(s);
	else if (strcmp(local, "t") == 0)
		s->shown--;
	else if (strcmp(local, "rPh") == 0)
		s->skipped--;
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct strings *s = ctx;

	if (s->shown && !s->skipped)
		arena_add(&s->bytes, utf8, n);
}

static bool too_many(void *ctx)
{
	const struct strings *s = ctx;

	return arena_size(&s->bytes) + s->count * sizeof *s->ends > STRINGS_MOST;
}

int strings_load(struct ooxml *x, const char *member, struct strings **out)
{
	static const struct xml_ops ops = {
		.open = on_open, .close = on_close, .text = on_text, .enough = too_many};
	struct strings *s = alloc_resize(NULL, 1, sizeof *s);
	int verdict = ANSWER_DONE;

	*s = (struct strings){0};
	if (member && package_find(x->package, member) >= 0)
		verdict = package_parse(x->package, member, &ops, s);
	if (verdict == ANSWER_DONE && too_many(s))
		verdict = answer_fail(x->out, ANSWER_LIMIT, "its table of strings is over 256 MiB");
	if (verdict != ANSWER_DONE) {
		strings_destroy(s);
		s = NULL;
	}
	*out = s;
	return verdict;
}

void strings_destroy(struct strings *s)
{
	if (!s)
		return;
	arena_finish(&s->bytes);
	free(s->ends);
	free(s);
}

const char *strings_at(const struct strings *s, size_t number, size_t *len)
{
	size_t from;

	*len = 0;
	if (number >= s->count)
		return "";
	from = number ? s->ends[number - 1] : 0;
	*len = s->ends[number] - from;
	return *len ? arena_at(&s->bytes, from) : "";
}
