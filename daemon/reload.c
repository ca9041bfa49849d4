/*
 * reload: another configuration while everything runs: read on the pool, numbered by the writer, then in force.
 *
 * Until then the old one is; and if anything is wrong with the new one, it stays.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/thread.h"
#include "daemon.h"
#include "serve/notify.h"

/* On the pool, for it reads programs. */
struct reload {
	uv_work_t work;
	struct daemon *daemon;
	struct config *config;
	struct rules *rules;
	struct buf errors; /* of the configuration, one a line */
	enum status status;
};

static void end_reload(struct reload *r, enum status st)
{
	struct daemon *d = r->daemon;

	if (st != ST_OK) {
		settings_print(&r->errors);
		log_error("reload: %s; the old configuration stays", status_text(st));
		server_reload_failed(d->server, st, r->errors.data ? r->errors.data : "");
	}
	d->reloading = false;
	config_unref(r->config);
	rules_unref(r->rules);
	buf_finish(&r->errors);
	mem_free(r);
	if (d->stopping)
		stop_end_if_over(d);
	else
		notify_ready();
}

static void on_reconfigured(void *arg, enum status st)
{
	struct reload *r = arg;
	struct daemon *d = r->daemon;

	if (d->stopping)
		st = ST_CLOSED;
	if (st == ST_OK) {
		struct config *old_config = d->config;
		struct rules *old_rules = d->rules;

		d->config = config_ref(r->config);
		d->rules = rules_ref(r->rules);
		config_unref(old_config);
		rules_unref(old_rules);
		st = watch_reconfigure(d->watch, d->config, d->rules);
		server_configure(d->server, d->config);
	}
	if (st == ST_OK)
		log_notice("configuration reloaded");
	end_reload(r, st);
}

/* On the pool: roots and programs are looked at, and their device may not answer. */
static void read_again(uv_work_t *work)
{
	struct reload *r = work->data;

	thread_become(ROLE_SCAN);
	r->status = settings_load(&r->daemon->options, &r->config, &r->errors);
	if (r->status == ST_OK)
		r->status = rules_create(r->config, &r->rules);
}

static void on_read_again(uv_work_t *work, int status)
{
	struct reload *r = work->data;
	struct daemon *d = r->daemon;

	(void)status;
	if (r->status == ST_OK && d->stopping)
		r->status = ST_CLOSED;
	if (r->status == ST_OK)
		r->status = pipeline_configure(d->pipeline, r->config, r->rules, on_reconfigured, r);
	if (r->status != ST_OK)
		end_reload(r, r->status);
}

enum status reload_begin(struct daemon *d)
{
	if (d->reloading || d->stopping)
		return ST_AGAIN;
	struct reload *r = mem_zalloc(sizeof *r);
	if (!r)
		return ST_NOMEM;
	notify_reloading();
	d->reloading = true;
	r->daemon = d;
	r->errors = (struct buf)BUF_INIT;
	r->work.data = r;
	int err = uv_queue_work(&d->loop, &r->work, read_again, on_read_again);
	BUG_UNLESS(err == 0);
	return ST_OK;
}

void reload_from_signal(struct daemon *d)
{
	enum status st = reload_begin(d);

	if (st != ST_OK)
		log_error("reload: %s; the old configuration stays", status_text(st));
}
