/*
 * config: loading a configuration; see config.h.
 *
 * main and every reload call config_load: defaults, the file, its drop-ins, then the options, each
 * over what was before.
 */
#include "core/config_parts.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/where.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct counted {
	struct config config;
	atomic_int refs;
};

/* --- the object --- */

static void root_finish(struct config_root *r)
{
	mem_free(r->name);
	mem_free(r->path);
	config_list_finish(&r->ignore);
}

static void converter_finish(struct config_converter *c)
{
	mem_free(c->name);
	config_list_finish(&c->extensions);
	config_list_finish(&c->mime);
	config_list_finish(&c->argv);
	mem_free(c->package);
}

static void drop_roots(struct config *c)
{
	while (c->root_count)
		root_finish(&c->roots[--c->root_count]);
}

struct config *config_ref(struct config *c)
{
	atomic_fetch_add_explicit(&((struct counted *)c)->refs, 1, memory_order_relaxed);
	return c;
}

void config_unref(struct config *c)
{
	struct counted *counted = (struct counted *)c;

	if (!c || atomic_fetch_sub_explicit(&counted->refs, 1, memory_order_acq_rel) > 1)
		return;
	drop_roots(c);
	mem_free(c->roots);
	while (c->converter_count)
		converter_finish(&c->converters[--c->converter_count]);
	mem_free(c->converters);
	mem_free(c->state_dir);
	mem_free(c->socket);
	mem_free(c->memo.storage);
	config_list_finish(&c->converters_dir);
	config_list_finish(&c->memo.warm_at);
	config_list_finish(&c->languages);
	mem_free(counted);
}

/* --- the loader --- */

bool loader_ok(struct loader *l, enum status st)
{
	l->nomem |= st == ST_NOMEM;
	return st == ST_OK;
}

void loader_fault(struct loader *l, const struct origin *at, const char *section, const char *key,
	const char *fmt, ...)
{
	va_list ap;

	l->faults++;
	buf_adds(l->errors, at->file);
	if (at->line)
		buf_addf(l->errors, ":%u", at->line);
	buf_adds(l->errors, ": ");
	if (section)
		buf_addf(l->errors, "section [%s]%s", section, key ? ", " : ": ");
	if (key)
		buf_addf(l->errors, "key %s: ", key);
	va_start(ap, fmt);
	buf_vaddf(l->errors, fmt, ap);
	va_end(ap);
	buf_addc(l->errors, '\n');
}

/* Makes room for one element more and clears it. */
static enum status grow(void **array, size_t count, size_t size)
{
	char *grown = mem_resize(*array, count + 1, size);

	if (!grown)
		return ST_NOMEM;
	memset(grown + count * size, 0, size);
	*array = grown;
	return ST_OK;
}

/* Both of a pair of parallel arrays. */
static bool grow_pair(
	struct loader *l, void **array, size_t size, struct origin **origins, size_t count)
{
	void *more = *origins;
	enum status st = grow(array, count, size);

	if (!st)
		st = grow(&more, count, sizeof **origins);
	*origins = more;
	return loader_ok(l, st);
}

struct config_root *loader_add_root(struct loader *l, const char *name, struct origin at)
{
	struct config *c = l->config;
	void *roots = c->roots;
	bool ok = grow_pair(l, &roots, sizeof *c->roots, &l->root_origins, c->root_count);

	c->roots = roots;
	if (!ok)
		return NULL;
	struct config_root *r = &c->roots[c->root_count];
	r->name = mem_strdup(name);
	if (!r->name) {
		l->nomem = true;
		return NULL;
	}
	l->root_origins[c->root_count++] = at;
	return loader_ok(l, config_set_defaults("root", r)) ? r : NULL;
}

struct config_converter *loader_add_converter(struct loader *l, const char *name, struct origin at)
{
	struct config *c = l->config;
	size_t i = 0;

	while (i < c->converter_count && strcasecmp(c->converters[i].name, name))
		i++;
	if (i == c->converter_count) {
		void *converters = c->converters;
		bool ok =
			grow_pair(l, &converters, sizeof *c->converters, &l->converter_origins, i);

		c->converters = converters;
		if (!ok)
			return NULL;
	} else if (l->converter_origins[i].file == at.file) {
		loader_fault(l, &at, l->section_name, NULL, "already defined on line %u",
			l->converter_origins[i].line);
	}
	char *copy = mem_strdup(name);
	if (!copy) {
		l->nomem = true;
		return NULL;
	}
	struct config_converter *v = &c->converters[i];
	converter_finish(v);
	*v = (struct config_converter){.name = copy};
	l->converter_origins[i] = at;
	c->converter_count += i == c->converter_count;
	return loader_ok(l, config_set_defaults("converter", v)) ? v : NULL;
}

/* --- files --- */

static void load_main_file(struct loader *l, struct buf *path)
{
	const char *named = l->source->file;
	struct origin at = {named, 0};

	if (named)
		buf_adds(path, named);
	else if (!loader_ok(l, where_config(path)))
		return; /* no home, no file: as if it were absent */
	if (!loader_ok(l, buf_status(path)))
		return;
	enum status st = config_read(l, path->data, false);
	if (!loader_ok(l, st) && st == ST_NOT_FOUND && named)
		loader_fault(l, &at, NULL, NULL, "no such file");
}

static int is_drop_in(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads every *.conf of a directory, in byte order. */
static void load_drop_ins(struct loader *l, size_t i)
{
	const char *dir = l->config->converters_dir.items[i];
	struct origin at = {dir, 0};
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_drop_in, by_bytes);

	if (count < 0 && errno == ENOMEM)
		l->nomem = true;
	else if (count < 0 && l->dir_origins)
		loader_fault(l, &l->dir_origins[i], "daemon", "converters_dir", "'%s': %s", dir,
			strerrordesc_np(errno));
	else if (count < 0)
		loader_fault(l, &at, NULL, NULL, "cannot be read: %s", strerrordesc_np(errno));
	for (int n = 0; n < count; n++) {
		AUTO_BUF path = BUF_INIT;

		path_join(&path, dir, entries[n]->d_name);
		if (loader_ok(l, buf_status(&path)))
			loader_ok(l, config_read(l, path.data, true));
		free(entries[n]); /* scandir's, as is the list */
	}
	free(entries);
}

/* The definitions that come with the program, then those beside the configuration. */
static void default_dirs(struct loader *l, const char *file)
{
	AUTO_BUF path = BUF_INIT;
	struct config_list *dirs = &l->config->converters_dir;

	if (loader_ok(l, where_converters(&path)))
		loader_ok(l, config_list_add(dirs, path.data, path.len));
	if (!file)
		return;
	AUTO_FREE char *real = realpath(file, NULL);
	if (!real)
		return;
	buf_clear(&path);
	buf_add(&path, real, (size_t)(path_base(real) - real));
	buf_adds(&path, "converters.d");
	if (!loader_ok(l, buf_status(&path)))
		return;
	bool same = dirs->count && !strcmp(dirs->items[0], path.data);
	if (!same && !access(path.data, F_OK))
		loader_ok(l, config_list_add(dirs, path.data, path.len));
}

/* --- options --- */

/* An option's path is relative to the current directory. */
static enum status option_path(const char *text, struct buf *out)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);

	if (!cwd && *text != '/')
		return ST_SYSTEM;
	path_normalize(out, cwd ? cwd : "/", text);
	return buf_status(out);
}

static void override_path(struct loader *l, const char *option, const char *text, char **field)
{
	AUTO_BUF path = BUF_INIT;
	struct origin at = {option, 0};

	if (!text)
		return;
	enum status st = *text ? option_path(text, &path) : ST_SYSTEM;
	if (!loader_ok(l, st)) {
		if (st != ST_NOMEM)
			loader_fault(l, &at, NULL, NULL, "'%s': no such directory", text);
		return;
	}
	mem_free(*field);
	*field = buf_take(&path);
	l->nomem |= !*field;
}

static void override_roots(struct loader *l)
{
	struct origin at = {"--root", 0};
	char name[32];

	if (l->source->root_count)
		drop_roots(l->config);
	for (size_t i = 0; i < l->source->root_count; i++) {
		snprintf(name, sizeof name, "root%zu", i + 1);
		struct config_root *r = loader_add_root(l, name, at);
		if (r)
			override_path(l, "--root", l->source->roots[i], &r->path);
	}
}

/* --- all of it --- */

static void load_all(struct loader *l)
{
	struct config *c = l->config;
	AUTO_BUF file = BUF_INIT;

	bool ok = loader_ok(l, config_set_defaults("daemon", c)) &&
		  loader_ok(l, config_set_defaults("limits", c)) &&
		  loader_ok(l, config_set_defaults("memo", c)) &&
		  loader_ok(l, config_set_defaults("index", c));
	if (!ok)
		return;
	load_main_file(l, &file);
	if (!c->converters_dir.count)
		default_dirs(l, file.data);
	for (size_t i = 0; i < c->converters_dir.count; i++)
		load_drop_ins(l, i);
	override_path(l, "--state", l->source->state_dir, &c->state_dir);
	override_path(l, "--socket", l->source->socket, &c->socket);
	override_roots(l);
	if (!l->nomem)
		config_complete(l);
}

enum status config_load(const struct config_source *src, struct config **out, struct buf *errors)
{
	struct counted *counted = mem_zalloc(sizeof *counted);
	struct loader l = {.source = src, .errors = errors};

	*out = NULL;
	if (!counted)
		return ST_NOMEM;
	atomic_init(&counted->refs, 1);
	l.config = &counted->config;
	load_all(&l);
	mem_free(l.root_origins);
	mem_free(l.converter_origins);
	mem_free(l.dir_origins);
	config_list_finish(&l.files);
	if (!l.nomem && !l.faults && !buf_status(errors)) {
		*out = l.config;
		return ST_OK;
	}
	config_unref(l.config);
	return l.nomem || buf_status(errors) ? ST_NOMEM : ST_CONFIG;
}
