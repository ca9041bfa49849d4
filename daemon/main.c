/*
 * main: the wiring of trawld: builds the rooms in their order, hears the signals, takes everything down again.
 *
 *   up:    configuration ► store ► rules ► pipeline ► watch ► server
 *   down:  server (replies end) ► watch (nothing new is found) ► pipeline (what is converted is committed)
 *
 * A thread that waits for a device which answers nothing cannot be ended, nor can the way down wait for it: each step
 * has a time, after which the next one is taken without it, and the last is the end of the process.
 */
#include "core/config.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"
#include "pipeline/pipeline.h"
#include "search/search.h"
#include "serve/notify.h"
#include "serve/server.h"
#include "store/tree.h"
#include "watch/watch.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

enum { STALE_CHECK_MS = 5000, ROOTS_MAX = 256 };

/* The way down, in milliseconds since its beginning: a service is out within ten seconds. */
enum {
	STOP_REPLIES_MS = 1500,	    /* requests in flight end */
	STOP_SCANS_MS = 3000,	    /* so do scans; the pipeline is stopped whether they have or not */
	STOP_CONVERSIONS_MS = 8000, /* so do conversions */
	STOP_WORKERS_MS = 8500,	    /* workers are not waited for any longer */
	STOP_LAST_MS = 9500,	    /* nor is anything */
	STOP_POOL_MS = 1000	    /* since the pipeline's end: the pool is not waited for any longer */
};

struct options {
	struct config_source source;
	const char *roots[ROOTS_MAX];
	bool once, check_only, verbose;
};

struct daemon {
	uv_loop_t loop;
	struct options options;
	struct config *config;
	struct rules *rules;
	struct mailbox *mailbox;
	struct pipeline *pipeline;
	struct watch *watch;
	struct server *server;
	struct buf jail, sandbox;
	struct pipeline_callbacks watch_calls;
	uv_signal_t signals[3];
	uv_timer_t watchdog, stale, status, stop;
	bool stopping, reloading;
	bool watch_stopping, watch_over, pipeline_stopping, pipeline_over, abandoned; /* how far down it is */
	int64_t stop_began_ms;
	bool configured; /* everything is started */
	int exit_code;
};

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

/* --- command line ----------------------------------------------------------------------------------- */

static void usage(FILE *to)
{
	fputs("usage: trawld [--config FILE] [--root DIR]... [--state DIR] [--socket PATH] [--once]\n"
	      "              [--check-config] [--verbose] [--version] [--help]\n",
		to);
}

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"root", required_argument, NULL, 'r'},
	{"state", required_argument, NULL, 's'},
	{"socket", required_argument, NULL, 'S'},
	{"once", no_argument, NULL, '1'},
	{"check-config", no_argument, NULL, 'C'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:r:s:vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->source.file = optarg;
			break;
		case 'r':
			if (o->source.root_count == ROOTS_MAX) {
				fprintf(stderr, "trawld: at most %d --root\n", ROOTS_MAX);
				return EX_USAGE;
			}
			o->roots[o->source.root_count++] = optarg;
			break;
		case 's':
			o->source.state_dir = optarg;
			break;
		case 'S':
			o->source.socket = optarg;
			break;
		case '1':
			o->once = true;
			break;
		case 'C':
			o->check_only = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'V':
			puts("trawld " TRAWL_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "trawld: %s: not an option\n", argv[optind]);
		usage(stderr);
		return EX_USAGE;
	}
	o->source.roots = o->roots;
	return -1;
}

/* --- configuration ------------------------------------------------------------------------------------ */

static void print_errors(const struct buf *errors)
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

static enum status load_config(const struct options *o, struct config **out, struct buf *errors)
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

/* --- what the rooms tell each other ------------------------------------------------------------------- */

static void on_job_done(void *arg, struct job *j)
{
	struct daemon *d = arg;

	d->watch_calls.job_done(d->watch, j);
}

static void on_tree_done(void *arg, struct tree_change *c)
{
	struct daemon *d = arg;

	d->watch_calls.tree_done(d->watch, c);
}

static void on_room(void *arg)
{
	struct daemon *d = arg;

	d->watch_calls.room(d->watch);
}

static void on_links(void *arg, int64_t dir, const char *name)
{
	struct daemon *d = arg;

	d->watch_calls.links(d->watch, dir, name);
}

static void on_committed(void *arg, int64_t clock, bool permissions)
{
	struct daemon *d = arg;

	if (d->server)
		server_committed(d->server, clock, permissions);
}

static void on_rebuilt(void *arg)
{
	struct daemon *d = arg;

	if (!d->configured) /* the start has failed: the next one finds the new store */
		return;
	server_store_rebuilt(d->server);
	d->watch_calls.store_rebuilt(d->watch);
}

static void begin_stop(struct daemon *d);

static void on_status_timer(uv_timer_t *timer);

static void tell_status(struct daemon *d)
{
	struct watch_progress p;
	char line[160];

	watch_progress(d->watch, &p);
	if (watch_state(d->watch) == WATCH_SCANNING)
		snprintf(line, sizeof line, "scanning: %lld of %lld documents", (long long)p.done,
			(long long)p.total);
	else
		snprintf(line, sizeof line, "%s: %lld documents indexed", watch_state_word(watch_state(d->watch)),
			stats_get(files_indexed));
	if (!notify_status(line) && !uv_is_active((uv_handle_t *)&d->status))
		uv_timer_start(&d->status, on_status_timer, 1000, 0);
}

static void on_status_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (!d->stopping)
		tell_status(d);
}

static void on_changed(void *arg)
{
	struct daemon *d = arg;

	tell_status(d);
	if (d->options.once && watch_state(d->watch) != WATCH_SCANNING && watch_is_quiet(d->watch))
		begin_stop(d);
}

/* --- down ------------------------------------------------------------------------------------------------ */

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

/* While anything runs on the pool, the loop and what it holds must stay. */
static void end_if_over(struct daemon *d)
{
	if (!d->watch_over || !d->pipeline_over || d->reloading)
		return;
	mailbox_close(d->mailbox);
	for (size_t i = 0; i < sizeof d->signals / sizeof *d->signals; i++)
		close_handle((uv_handle_t *)&d->signals[i], NULL);
	close_handle((uv_handle_t *)&d->watchdog, NULL);
	close_handle((uv_handle_t *)&d->stale, NULL);
	close_handle((uv_handle_t *)&d->status, NULL);
	close_handle((uv_handle_t *)&d->stop, NULL);
}

static void log_stuck_workers(const struct daemon *d)
{
	cJSON *workers = pipeline_workers_json(d->pipeline);
	const cJSON *worker;

	cJSON_ArrayForEach(worker, workers)
	{
		const cJSON *path = cJSON_GetObjectItemCaseSensitive(worker, "path");
		const cJSON *state = cJSON_GetObjectItemCaseSensitive(worker, "state");

		if (cJSON_IsString(path) && cJSON_IsString(state))
			log_warning("%s: a worker is stuck: %s", path->valuestring, state->valuestring);
	}
	cJSON_Delete(workers);
}

/* Threads that do not end are left to the kernel; in order all the same, if the writer has ended. */
static _Noreturn void leave(const struct daemon *d)
{
	if (!d->watch_over)
		log_warning("stop: a comparison or a look at the disk is stuck; it is not waited for");
	if (d->reloading)
		log_warning("stop: reading the configuration is stuck; it is not waited for");
	if (!d->pipeline_over)
		log_error("stop: the writer has not ended; what it had not committed is found again");
	_exit(d->pipeline_over ? d->exit_code : EX_OSERR);
}

static void on_stop_timer(uv_timer_t *timer);

/* Wakes at `ms` since the beginning of the stop. */
static void set_stop_timer(struct daemon *d, int64_t ms)
{
	int64_t left = d->stop_began_ms + ms - now_mono_ms();

	uv_timer_start(&d->stop, on_stop_timer, left > 0 ? (uint64_t)left : 0, 0);
}

static void on_pipeline_stopped(void *arg)
{
	struct daemon *d = arg;

	d->pipeline_over = true;
	if (d->abandoned)
		leave(d);
	set_stop_timer(d, now_mono_ms() - d->stop_began_ms + STOP_POOL_MS);
	end_if_over(d);
}

static void stop_pipeline(struct daemon *d)
{
	if (d->pipeline_stopping)
		return;
	d->pipeline_stopping = true;
	pipeline_stop(d->pipeline, d->stop_began_ms + STOP_CONVERSIONS_MS, on_pipeline_stopped);
}

static void on_watch_stopped(void *arg)
{
	struct daemon *d = arg;

	d->watch_over = true;
	stop_pipeline(d);
	end_if_over(d);
}

static void stop_watch(struct daemon *d)
{
	if (d->watch_stopping)
		return;
	d->watch_stopping = true;
	watch_stop(d->watch, on_watch_stopped, d);
}

static void on_server_stopped(void *arg)
{
	stop_watch(arg);
}

/* A step took too long: the next one is taken without it. */
static void on_stop_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->pipeline_over || d->abandoned)
		leave(d);
	if (now_mono_ms() - d->stop_began_ms < STOP_WORKERS_MS) {
		set_stop_timer(d, STOP_WORKERS_MS);
		stop_watch(d);
		stop_pipeline(d);
		return;
	}
	log_stuck_workers(d);
	d->abandoned = true;
	set_stop_timer(d, STOP_LAST_MS);
	pipeline_abandon(d->pipeline);
}

static void begin_stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	d->stop_began_ms = now_mono_ms();
	notify_stopping();
	set_stop_timer(d, STOP_SCANS_MS);
	server_stop(d->server, d->stop_began_ms + STOP_REPLIES_MS, on_server_stopped, d);
}

/* --- reload ---------------------------------------------------------------------------------------------- */

static void end_reload(struct reload *r, enum status st)
{
	struct daemon *d = r->daemon;

	if (st != ST_OK) {
		print_errors(&r->errors);
		log_error("reload: %s; the old configuration stays", status_text(st));
		server_reload_failed(d->server, st, r->errors.data ? r->errors.data : "");
	}
	d->reloading = false;
	config_unref(r->config);
	rules_unref(r->rules);
	buf_finish(&r->errors);
	mem_free(r);
	if (d->stopping)
		end_if_over(d);
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
	r->status = load_config(&r->daemon->options, &r->config, &r->errors);
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

static enum status begin_reload(struct daemon *d)
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

static enum status on_reload(void *arg)
{
	return begin_reload(arg);
}

static void reload(struct daemon *d)
{
	enum status st = begin_reload(d);

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
		end_if_over(d);
	} else if (stale) {
		log_notice("a converter's program appeared, went or changed");
		reload(d);
	}
}

/* Only while documents wait for a converter that is not installed. */
static void on_stale_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->reloading || d->stopping || !stats_get(files_unavailable))
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

/* --- up -------------------------------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP) {
		reload(d);
		return;
	}
	log_notice("%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
	begin_stop(d);
}

static void on_shutdown(void *arg)
{
	log_notice("asked to shut down");
	begin_stop(arg);
}

static void on_watchdog(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	/* That this runs proves the loop; the others must prove themselves. */
	if (pipeline_is_alive(d->pipeline, notify_watchdog_ms()))
		notify_alive();
	else
		log_error("watchdog: the writer or a worker has stopped making progress");
}

static void open_handles(struct daemon *d)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int64_t watchdog_ms = notify_watchdog_ms();

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&d->loop, &d->watchdog);
	d->watchdog.data = d;
	if (watchdog_ms)
		uv_timer_start(&d->watchdog, on_watchdog, (uint64_t)watchdog_ms / 3, (uint64_t)watchdog_ms / 3);
	uv_timer_init(&d->loop, &d->status);
	d->status.data = d;
	uv_timer_init(&d->loop, &d->stale);
	d->stale.data = d;
	uv_timer_init(&d->loop, &d->stop);
	d->stop.data = d;
}

static bool any_missing(const struct rules *rules)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (rules_at(rules, i)->missing)
			return true;
	return false;
}

/* The writer has numbered the converters: from here on documents can flow. */
static void on_configured(void *arg, enum status st)
{
	struct daemon *d = arg;

	if (d->stopping)
		return;
	if (st == ST_OK)
		st = watch_start(d->watch, d->pipeline);
	if (st == ST_OK && any_missing(d->rules))
		uv_timer_start(&d->stale, on_stale_timer, STALE_CHECK_MS, STALE_CHECK_MS);
	if (st == ST_OK)
		st = server_start(d->server);
	if (st == ST_OK) {
		d->configured = true;
		notify_ready();
		return;
	}
	log_error("start: %s", status_text(st));
	d->exit_code = EX_OSERR;
	begin_stop(d);
}

static int exit_code_of(enum status st)
{
	return st == ST_LOCKED ? EX_TEMPFAIL : st == ST_CONFIG || st == ST_EXISTS ? EX_CONFIG : EX_OSERR;
}

static enum status open_store(struct daemon *d, struct db **db)
{
	bool unclean;
	enum status st = db_open_writer(d->config->state_dir, db, &unclean);

	if (st == ST_CORRUPT) {
		log_warning("%s: the store is damaged; it is set aside and made anew", d->config->state_dir);
		stats_add(store_rebuilds, 1);
		st = db_set_aside(db);
	} else if (st == ST_OK && unclean) {
		log_notice("%s: the last daemon did not end in order; everything is compared", d->config->state_dir);
	}
	if (st == ST_LOCKED)
		log_error("%s: another daemon holds it", d->config->state_dir);
	if (st != ST_OK)
		return st;
	st = db_begin(*db);
	if (st == ST_OK)
		st = tree_sweep_detached(*db);
	if (st == ST_OK)
		st = db_commit(*db);
	if (st != ST_OK) {
		db_close(*db);
		*db = NULL;
	}
	return st;
}

static enum status build_pipeline(struct daemon *d, struct db *db)
{
	struct pipeline_options o = {
		.config = d->config,
		.jail = d->jail.data,
		.mailbox = d->mailbox,
		.writer_db = db,
		.callbacks = {on_job_done, on_tree_done, on_room, on_links, on_committed, on_rebuilt},
		.arg = d,
	};

	d->watch_calls = watch_pipeline_callbacks();
	return pipeline_create(&o, &d->pipeline);
}

static enum status build_watch(struct daemon *d)
{
	struct watch_options o = {
		.loop = &d->loop,
		.config = d->config,
		.rules = d->rules,
		.state_dir = d->config->state_dir,
		.changed = on_changed,
		.arg = d,
	};

	return watch_create(&o, &d->watch);
}

static enum status build_server(struct daemon *d)
{
	struct server_options o = {
		.loop = &d->loop,
		.config = d->config,
		.mailbox = d->mailbox,
		.watch = d->watch,
		.pipeline = d->pipeline,
		.state_dir = d->config->state_dir,
		.listen_fd = notify_listen_fd(),
		.hooks = {on_reload, on_shutdown},
		.arg = d,
		.sandbox_json = d->sandbox.data,
	};

	return server_create(&o, &d->server);
}

static enum status prepare(struct daemon *d)
{
	enum status st = rules_create(d->config, &d->rules);

	if (st == ST_OK)
		st = convert_find_jail(&d->jail);
	if (st == ST_OK)
		st = convert_probe_sandbox(d->jail.data, d->config, &d->sandbox);
	if (st == ST_OK)
		st = mailbox_create(&d->loop, &d->mailbox);
	return st;
}

/* Everything up to the running loop.  What fails before threads run unwinds; after that only the orderly stop does. */
static enum status build(struct daemon *d)
{
	struct db *db = NULL;
	enum status st = open_store(d, &db);

	if (st != ST_OK)
		return st;
	st = prepare(d);
	if (st == ST_OK)
		st = build_watch(d);
	if (st != ST_OK) {
		db_close(db);
		return st;
	}
	st = build_pipeline(d, db); /* takes db */
	if (st != ST_OK)
		return st;
	open_handles(d);
	st = build_server(d);
	if (st == ST_OK)
		st = pipeline_configure(d->pipeline, d->config, d->rules, on_configured, d);
	if (st != ST_OK) {
		d->exit_code = exit_code_of(st);
		d->stopping = true;
		d->stop_began_ms = now_mono_ms();
		on_watch_stopped(d);
	}
	return ST_OK;
}

static void take_down(struct daemon *d)
{
	server_destroy(d->server);
	pipeline_destroy(d->pipeline);
	watch_destroy(d->watch);
	mailbox_destroy(d->mailbox);
	rules_unref(d->rules);
	buf_finish(&d->jail);
	buf_finish(&d->sandbox);
	config_unref(d->config);
}

static int run(struct daemon *d)
{
	AUTO_BUF errors = BUF_INIT;
	enum status st = load_config(&d->options, &d->config, &errors);

	if (st != ST_OK) {
		print_errors(&errors);
		if (!errors.len)
			log_error("configuration: %s", status_text(st));
		return exit_code_of(st);
	}
	if (d->options.check_only) {
		config_unref(d->config);
		return 0;
	}
	int err = uv_loop_init(&d->loop);
	if (err) {
		log_error("loop: %s", uv_strerror(err));
		return EX_OSERR;
	}
	thread_become(ROLE_LOOP);
	st = build(d);
	if (st != ST_OK) {
		d->exit_code = exit_code_of(st);
		if (d->mailbox)
			mailbox_close(d->mailbox);
	}
	uv_run(&d->loop, UV_RUN_DEFAULT);
	take_down(d);
	err = uv_loop_close(&d->loop);
	if (err)
		log_error("loop: %s", uv_strerror(err));
	return d->exit_code;
}

int main(int argc, char **argv)
{
	struct daemon d = {.jail = BUF_INIT, .sandbox = BUF_INIT};
	int code = parse_options(argc, argv, &d.options);

	if (code >= 0)
		return code;
	log_init(d.options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	/* The pool serves comparisons, and look-ups beside them. */
	setenv("UV_THREADPOOL_SIZE", "6", 0);
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0) {
		log_error("libsodium: cannot be initialized");
		return EX_OSERR;
	}
	db_on_open(search_register);
	if (db_global_init() != ST_OK) {
		log_error("SQLite: cannot be initialized");
		return EX_OSERR;
	}
	return run(&d);
}
