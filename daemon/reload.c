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

enum { LOOK_FOR_MISSING_MS = 5000, LOOK_AFTER_ALL_MS = 60000 };

/* A reload, or a look whether the converters are still what they were: on the pool, for it reads programs. */
struct reload {
	uv_work_t work;
	struct daemon *daemon;
	struct config *config;
	struct rules *rules;
	struct buf errors; /* of the configuration, one a line */
	bool stale;
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

static void look_if_stale(uv_work_t *work)
{
	struct reload *r = work->data;

	thread_become(ROLE_SCAN);
	r->stale = rules_stale(r->rules);
}

static void looked_if_stale(uv_work_t *work, int status)
{
	struct reload *r = work->data;
	struct daemon *d = r->daemon;
	bool stale = r->stale;

	(void)status;
	rules_unref(r->rules);
	mem_free(r);
	d->reloading = false;
	if (d->stopping) {
		stop_end_if_over(d);
	} else if (stale) {
		log_notice("a converter's program appeared, went or changed");
		reload_from_signal(d);
	}
}

/* One that is missing is looked for more often than whether those that are there still are. */
static uint64_t look_every_ms(const struct rules *rules)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (rules_at(rules, i)->missing)
			return LOOK_FOR_MISSING_MS;
	return LOOK_AFTER_ALL_MS;
}

static void on_look_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	uv_timer_set_repeat(timer, look_every_ms(d->rules));
	if (d->reloading || d->stopping)
		return;
	struct reload *r = mem_zalloc(sizeof *r);
	if (!r)
		return;
	d->reloading = true;
	r->daemon = d;
	r->rules = rules_ref(d->rules);
	r->work.data = r;
	int err = uv_queue_work(&d->loop, &r->work, look_if_stale, looked_if_stale);
	BUG_UNLESS(err == 0);
}

void reload_watch_programs(struct daemon *d)
{
	uv_timer_start(&d->stale, on_look_timer, LOOK_FOR_MISSING_MS, LOOK_FOR_MISSING_MS);
}
