/* config_read: one file's sections and keys into the config; faults are noted, reading goes on. */
#include "core/config_parts.h"

#include "core/ini.h"
#include "core/log.h"
#include "core/mem.h"

#include <string.h>
#include <strings.h>

enum { SHOWN_BYTES = 200 }; /* of a bad value */

/* What a section's first word means: where it may stand, and whether a name follows. */
static const struct section {
	const char *kind;
	bool drop_in, named;
} sections[] = {
	{"daemon", false, false},
	{"root", false, true},
	{"limits", false, false},
	{"memo", false, false},
	{"index", false, false},
	{"converter", true, true},
};
static const struct section unknown = {"", false, false};

static const struct section *find_section(const char *text, const char **name)
{
	size_t n = strcspn(text, " \t");

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		if (strlen(sections[i].kind) != n || strncasecmp(sections[i].kind, text, n))
			continue;
		*name = text + n + strspn(text + n, " \t");
		return &sections[i];
	}
	return &unknown;
}

static const char *section_trouble(
	const struct loader *l, const struct section *s, const char *name)
{
	if (s == &unknown)
		return "unknown section";
	if (s->drop_in && !l->in_drop_in)
		return "converters are defined in the files of converters_dir, not here";
	if (!s->drop_in && l->in_drop_in)
		return "this file may define converters only";
	if (s->named && !*name)
		return "a name is missing";
	return !s->named && *name ? "unknown section" : NULL;
}

static void begin_section(struct loader *l, const struct ini_item *item)
{
	const char *name = "";
	const struct section *s = find_section(item->section, &name);
	const char *trouble = section_trouble(l, s, name);

	l->section.line = item->line;
	l->section_name = mem_strdup(item->section);
	l->nomem |= !l->section_name;
	memset(l->seen, 0, sizeof l->seen);
	if (trouble) {
		loader_fault(l, &l->section, item->section, NULL, "%s", trouble);
		return;
	}
	l->object = l->config;
	if (!strcmp(s->kind, "root"))
		l->object = loader_add_root(l, name, l->section);
	else if (!strcmp(s->kind, "converter"))
		l->object = loader_add_converter(l, name, l->section);
	if (l->object)
		l->kind = s->kind;
}

/* Whether the section being read has that key, well-formed or not. */
static bool has(const struct loader *l, const char *name)
{
	for (size_t i = 0; i < config_key_count; i++) {
		if (l->seen[i] && !strcmp(config_keys[i].name, name))
			return true;
	}
	return false;
}

static void end_section(struct loader *l)
{
	const char *kind = l->kind;

	if (kind && !strcmp(kind, "root") && !has(l, "path"))
		loader_fault(l, &l->section, l->section_name, NULL, "no path is given");
	if (kind && !strcmp(kind, "converter")) {
		if (!has(l, "run") && !has(l, "serve"))
			loader_fault(l, &l->section, l->section_name, NULL,
				"neither run nor serve is given");
		if (!has(l, "extensions") && !has(l, "mime"))
			loader_fault(l, &l->section, l->section_name, NULL,
				"neither extensions nor mime is given");
	}
	mem_free(l->section_name);
	l->section_name = NULL;
	l->object = NULL;
	l->kind = NULL;
}

/* Another key of this section that fills the same field and was seen; NULL if none. */
static const struct config_key *find_rival(const struct loader *l, const struct config_key *key)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *k = &config_keys[i];

		if (l->seen[i] && k != key && k->offset == key->offset &&
			!strcmp(k->section, key->section))
			return k;
	}
	return NULL;
}

static bool may_repeat(enum config_kind kind)
{
	return kind == KEY_PATHS || kind == KEY_WORDS || kind == KEY_EXTENSIONS ||
	       kind == KEY_TYPES || kind == KEY_TIMES || kind == KEY_LANGUAGES;
}

/* Remembers where each directory that was just added is named. */
static void note_dirs(struct loader *l, size_t before, struct origin at)
{
	size_t count = l->config->converters_dir.count;

	if (count == before)
		return;
	struct origin *more = mem_resize(l->dir_origins, count, sizeof *more);

	if (!more) {
		l->nomem = true;
		return;
	}
	l->dir_origins = more;
	while (before < count)
		more[before++] = at;
}

static void take_value(struct loader *l, const struct config_key *key, const struct ini_item *item)
{
	struct origin at = {l->section.file, item->line};
	unsigned *seen = &l->seen[key - config_keys];
	AUTO_BUF why = BUF_INIT;

	if (*seen && !may_repeat(key->kind)) {
		loader_fault(l, &at, item->section, key->name, "already given on line %u", *seen);
		return;
	}
	const struct config_key *rival = find_rival(l, key);
	*seen = item->line;
	if (rival) {
		loader_fault(l, &at, item->section, key->name,
			"%s is given on line %u; only one of them may be", rival->name,
			l->seen[rival - config_keys]);
		return;
	}
	size_t dirs = l->config->converters_dir.count;
	enum status st = config_set(key, l->object, item->value, &why);
	if (st == ST_INVALID)
		loader_fault(l, &at, item->section, key->name, "'%.*s': %s", SHOWN_BYTES,
			item->value, why.data);
	if (!loader_ok(l, st))
		return;
	if (key->kind == KEY_STORAGE)
		l->storage_origin = at;
	if (key->kind == KEY_PATHS)
		note_dirs(l, dirs, at);
	if (key->kind == KEY_PATH && !strcmp(key->section, "root"))
		l->root_origins[l->config->root_count - 1] = at;
}

static void take_item(void *arg, const struct ini_item *item)
{
	struct loader *l = arg;
	struct origin at = {l->section.file, item->line};

	if (!item->key) {
		end_section(l);
		begin_section(l, item);
		return;
	}
	if (!l->kind)
		return;
	for (size_t i = 0; i < config_key_count; i++) {
		if (!strcmp(config_keys[i].section, l->kind) &&
			!strcasecmp(config_keys[i].name, item->key)) {
			take_value(l, &config_keys[i], item);
			return;
		}
	}
	loader_fault(l, &at, item->section, item->key, "unknown key");
}

static void take_fault(void *arg, unsigned line, const char *what)
{
	struct loader *l = arg;
	struct origin at = {l->section.file, line};

	loader_fault(l, &at, NULL, NULL, "%s", what);
}

enum status config_read(struct loader *l, const char *file, bool drop_in)
{
	struct ini_reader reader = {take_item, take_fault, l};

	BUG_UNLESS(config_key_count <= CONFIG_KEYS_MAX);
	if (config_list_add(&l->files, file, strlen(file)))
		return ST_NOMEM;
	l->section = (struct origin){l->files.items[l->files.count - 1], 0};
	l->in_drop_in = drop_in;
	enum status st = ini_read(file, drop_in, &reader);
	end_section(l);
	return st;
}
