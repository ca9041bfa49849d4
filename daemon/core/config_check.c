/*
 * config_check: the last step of loading: what was not said is filled in, what does not fit
 * together is faulted.
 */
#include "core/config_parts.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/where.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t count_cpus(void)
{
	cpu_set_t set;
	long online = 1;

	if (!sched_getaffinity(0, sizeof set, &set))
		online = CPU_COUNT(&set);
	else /* more than the set holds */
		online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? online : 1;
}

/* --- places --- */

static void complete_places(struct loader *l)
{
	struct config *c = l->config;
	struct origin at = {"trawld", 0};
	AUTO_BUF state = BUF_INIT;
	AUTO_BUF sock = BUF_INIT;

	if (!c->state_dir) {
		enum status st = where_state(c->mode, &state);

		if (st == ST_NOT_FOUND)
			loader_fault(l, &at, NULL, NULL,
				"no home directory is known, and neither state_dir nor --state is "
				"given");
		if (!loader_ok(l, st))
			return;
		c->state_dir = buf_take(&state);
	}
	if (!c->socket && c->state_dir && loader_ok(l, where_socket(c->mode, c->state_dir, &sock)))
		c->socket = buf_take(&sock);
	if (!c->state_dir || !c->socket) {
		l->nomem = true;
		return;
	}
	if (strlen(c->socket) > SOCKET_PATH_MAX)
		loader_fault(l, &at, NULL, NULL, "socket '%s': longer than %d bytes", c->socket,
			(int)SOCKET_PATH_MAX);
}

/* --- roots --- */

static void root_fault(struct loader *l, size_t i, const char *what)
{
	const struct config_root *r = &l->config->roots[i];
	const struct origin *at = &l->root_origins[i];
	AUTO_BUF section = BUF_INIT;

	buf_addf(&section, "root %s", r->name);
	if (!loader_ok(l, buf_status(&section)))
		return;
	if (at->line)
		loader_fault(l, at, section.data, "path", "'%s': %s", r->path, what);
	else
		loader_fault(l, at, NULL, NULL, "'%s': %s", r->path, what);
}

/* Replaces the path by its real one; a root that is missing is faulted unless it may be. */
static void resolve_root(struct loader *l, size_t i)
{
	struct config_root *r = &l->config->roots[i];
	struct stat st;

	if (!r->path)
		return; /* faulted when it was read */
	AUTO_FREE char *real = realpath(r->path, NULL);
	if (!real) {
		if (errno == ENOMEM)
			l->nomem = true;
		else if (!l->source->may_miss_roots)
			root_fault(l, i, strerrordesc_np(errno));
		return;
	}
	if (stat(real, &st) || !S_ISDIR(st.st_mode)) {
		root_fault(l, i, "not a directory");
		return;
	}
	char *copy = mem_strdup(real);
	if (!copy) {
		l->nomem = true;
		return;
	}
	mem_free(r->path);
	r->path = copy;
}

/* Two roots of one file would index it twice. */
static void check_overlap(struct loader *l, size_t i)
{
	const struct config_root *r = &l->config->roots[i];
	AUTO_BUF what = BUF_INIT;

	for (size_t j = 0; j < i; j++) {
		const struct config_root *other = &l->config->roots[j];

		if (!r->path || !other->path)
			continue;
		if (!strcmp(r->path, other->path))
			buf_addf(&what, "the same directory as root %s", other->name);
		else if (path_is_below(r->path, other->path))
			buf_addf(&what, "below root %s", other->name);
		else if (path_is_below(other->path, r->path))
			buf_addf(&what, "root %s is below it", other->name);
		else
			continue;
		if (loader_ok(l, buf_status(&what)))
			root_fault(l, i, what.data);
		return;
	}
}

static void check_roots(struct loader *l)
{
	struct origin at = {l->files.count ? l->files.items[0] : "trawld", 0};

	if (!l->config->root_count)
		loader_fault(l, &at, NULL, NULL, "no root is configured: nothing to index");
	for (size_t i = 0; i < l->config->root_count; i++) {
		resolve_root(l, i);
		check_overlap(l, i);
	}
}

/* --- converters --- */

/* Finds the program; one that is not there is not a fault: its documents wait for it. */
static void find_program(struct loader *l, struct config_converter *c)
{
	AUTO_BUF path = BUF_INIT;

	if (!c->argv.count)
		return; /* faulted when it was read */
	if (*c->argv.items[0] == '/') {
		c->missing = access(c->argv.items[0], X_OK) != 0;
		return;
	}
	enum status st = where_executable(c->argv.items[0], &path);
	c->missing = st == ST_NOT_FOUND;
	if (!loader_ok(l, st))
		return;
	char *found = buf_take(&path);
	if (!found) {
		l->nomem = true;
		return;
	}
	mem_free(c->argv.items[0]);
	c->argv.items[0] = found;
}

static void complete_converters(struct loader *l)
{
	struct config *c = l->config;

	for (size_t i = 0; i < c->converter_count; i++) {
		struct config_converter *v = &c->converters[i];

		if (!v->time_ms)
			v->time_ms = c->limits.convert_time_ms;
		if (!v->memory_bytes)
			v->memory_bytes = c->limits.convert_memory;
		find_program(l, v);
	}
}

/* Answers of several users in a place of which none of them knows who else reads it: not here. */
static void check_storage(struct loader *l)
{
	const char *storage = l->config->memo.storage;

	if (l->config->mode == MODE_SYSTEM && storage && strcmp(storage, "memory") != 0)
		loader_fault(l, &l->storage_origin, "memo", "storage", "'%s': not in system mode", storage);
}

void config_complete(struct loader *l)
{
	if (!l->config->workers)
		l->config->workers = count_cpus();
	complete_places(l);
	check_roots(l);
	check_storage(l);
	complete_converters(l);
}
