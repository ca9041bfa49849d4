/*
 * main: the wiring of trawld: builds the rooms in their order and hears the signals.
 *
 *   up:    configuration ► store ► rules ► pipeline ► watch ► server
 *   down:  stop.c
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"
#include "core/thread.h"
#include "daemon.h"
#include "search/search.h"
#include "serve/notify.h"
#include "serve/openrpc.h"
#include "store/tree.h"

#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* --- command line ----------------------------------------------------------------------------------- */

static void usage(FILE *to)
{
	fputs("usage: trawld [--config FILE] [--root DIR]... [--state DIR] [--socket PATH] [--once]\n"
	      "              [--check-config] [--describe] [--verbose] [--version] [--help]\n",
		to);
}

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"root", required_argument, NULL, 'r'},
	{"state", required_argument, NULL, 's'},
	{"socket", required_argument, NULL, 'S'},
	{"once", no_argument, NULL, '1'},
	{"check-config", no_argument, NULL, 'C'},
	{"describe", no_argument, NULL, 'D'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The protocol, for programs. */
static int describe(void)
{
	AUTO_BUF out = BUF_INIT;

	openrpc_add(&out);
	cJSON *tree = out.failed ? NULL : cJSON_Parse(out.data);
	char *text = tree ? cJSON_Print(tree) : NULL;
	int code = text && puts(text) >= 0 && fflush(stdout) == 0 ? 0 : EX_OSERR;
	cJSON_free(text);
	cJSON_Delete(tree);
	return code;
}

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
		case 'D':
			return describe();
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
		stop_begin(d);
}

/* --- up -------------------------------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP) {
		reload_from_signal(d);
		return;
	}
	log_notice("%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
	stop_begin(d);
}

static enum status on_reload(void *arg)
{
	return reload_begin(arg);
}

static void on_shutdown(void *arg)
{
	log_notice("asked to shut down");
	stop_begin(arg);
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

/* The writer has numbered the converters: from here on documents can flow. */
static void on_configured(void *arg, enum status st)
{
	struct daemon *d = arg;

	if (d->stopping)
		return;
	if (st == ST_OK)
		st = watch_start(d->watch, d->pipeline);
	if (st == ST_OK)
		programs_watch(d);
	if (st == ST_OK)
		st = server_start(d->server);
	if (st == ST_OK) {
		d->configured = true;
		notify_ready();
		return;
	}
	log_error("start: %s", status_text(st));
	d->exit_code = EX_OSERR;
	stop_begin(d);
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

	if (st == ST_OK) {
		st = convert_find_jail(&d->jail);
		if (st != ST_OK)
			log_error("trawl-jail: %s", status_text(st));
	}
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
		stop_rooms(d);
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
	enum status st = settings_load(&d->options, &d->config, &errors);

	if (st != ST_OK) {
		settings_print(&errors);
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
	mem_start();
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
