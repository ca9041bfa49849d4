/* scope: the verdict on one name; see scope.h. */
#include "watch/scope.h"

#include "core/buf.h"
#include "core/mem.h"

#include <string.h>

static const char *const internals[] = {
	".git", ".hg", ".svn", ".bzr", "_darcs", "CVS", ".jj", ".fossil", "RCS", "SCCS",
};

void scope_finish(struct scope *s)
{
	for (size_t i = 0; i < s->count; i++)
		ignore_unref(s->levels[i].set);
	mem_free(s->levels);
	*s = (struct scope){0};
}

enum status scope_add(struct scope *s, struct ignore *set, size_t depth)
{
	if (ignore_is_empty(set))
		return ST_OK;
	struct scope_level *grown = mem_resize(s->levels, s->count + 1, sizeof *grown);
	if (!grown)
		return ST_NOMEM;
	s->levels = grown;
	grown[s->count++] = (struct scope_level){ignore_ref(set), depth};
	return ST_OK;
}

static bool is_internal(const char *name)
{
	for (size_t i = 0; i < sizeof internals / sizeof *internals; i++)
		if (!strcmp(internals[i], name))
			return true;
	return false;
}

struct scope_verdict scope_judge(const struct scope *s, const char *dir, const char *name, bool is_dir)
{
	AUTO_BUF path = BUF_INIT;
	enum ignore_answer answer = IGNORE_SILENT;
	struct scope_verdict v = {0};

	if (is_dir && is_internal(name))
		return (struct scope_verdict){true, "version-control internals", NULL, 0};
	if (s->count)
		buf_addf(&path, "%s%s%s", dir, *dir ? "/" : "", name);
	/* Without memory for the path no rule can be asked: then none hides the file. */
	for (size_t i = path.failed ? 0 : s->count; i-- > 0 && answer == IGNORE_SILENT;) {
		const struct scope_level *l = &s->levels[i];
		const char *below = path.data + l->depth + (l->depth ? 1 : 0);

		answer = ignore_match(l->set, below, is_dir, &v.line);
		v.rule = ignore_pattern(l->set, v.line);
		v.source = ignore_source(l->set);
	}
	if (answer == IGNORE_YES) {
		v.ignored = true;
		return v;
	}
	if (answer == IGNORE_SILENT && *name == '.' && !s->hidden)
		return (struct scope_verdict){true, "hidden files", NULL, 0};
	return (struct scope_verdict){0};
}
