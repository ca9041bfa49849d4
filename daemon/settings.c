/* settings: the configuration of this process, and what is forgiven of it. */
#include "core/log.h"
#include "daemon.h"
#include "store/tree.h"

#include <string.h>
#include <unistd.h>

void settings_print(const struct buf *errors)
{
	for (const char *line = errors->data; line && *line;) {
		size_t n = strcspn(line, "\n");

		log_error("%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

struct indexed_roots {
	const struct config *config;
	size_t found;
};

static bool count_known(void *arg, const struct root_row *row)
{
	struct indexed_roots *x = arg;

	for (size_t i = 0; i < x->config->root_count; i++)
		if (row->fsid_len && !strcmp(x->config->roots[i].path, row->path))
			x->found++;
	return true;
}

/* Whether every missing root was indexed before: then it is offline, and no error. */
static bool missing_were_indexed(const struct config *config)
{
	struct indexed_roots x = {.config = config};
	size_t present = 0;
	struct db *db;

	for (size_t i = 0; i < config->root_count; i++)
		present += access(config->roots[i].path, F_OK) == 0;
	if (db_open_reader(config->state_dir, &db) != ST_OK)
		return false;
	enum status st = db_begin(db);
	if (st == ST_OK) {
		st = tree_each_root(db, count_known, &x);
		db_rollback(db);
	}
	db_close(db);
	return st == ST_OK && x.found + present >= config->root_count;
}

enum status settings_load(const struct options *o, struct config **out, struct buf *errors)
{
	struct config_source lenient = o->source;
	AUTO_BUF ignored = BUF_INIT;
	enum status st = config_load(&o->source, out, errors);

	if (st != ST_CONFIG || o->check_only)
		return st;
	lenient.may_miss_roots = true;
	if (config_load(&lenient, out, &ignored) != ST_OK)
		return st;
	if (missing_were_indexed(*out)) {
		buf_clear(errors);
		return ST_OK;
	}
	config_unref(*out);
	*out = NULL;
	return ST_CONFIG;
}
