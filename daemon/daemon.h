/*
 * daemon: what the files of the wiring share: the rooms, and how far up or down they are.  Loop thread only.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "core/config.h"
#include "core/mailbox.h"
#include "pipeline/pipeline.h"
#include "serve/server.h"
#include "watch/watch.h"

#include <uv.h>

enum { ROOTS_MAX = 256 };

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
	bool stopping, reloading, looking; /* looking: at programs */
	uv_poll_t programs;
	int programs_fd;
	bool programs_polled;
	bool watch_stopping, watch_over, pipeline_stopping, pipeline_over, abandoned; /* how far down it is */
	int64_t stop_began_ms;
	bool configured; /* everything is started */
	int exit_code;
};

/* settings.c */
/* Loads the configuration; a root that is missing is no error if it was indexed before.  As config_load. */
MUST_USE enum status settings_load(const struct options *o, struct config **out, struct buf *errors);
void settings_print(const struct buf *errors); /* one log line a fault */

/* reload.c */
MUST_USE enum status reload_begin(struct daemon *d); /* ST_AGAIN: one is under way, or the daemon is stopping */
void reload_from_signal(struct daemon *d);

/* programs.c */
void programs_watch(struct daemon *d); /* from now on */
void programs_close(struct daemon *d); /* nothing of it is on the pool */

/* stop.c */
void stop_begin(struct daemon *d); /* once is enough; returns at once */
void stop_rooms(struct daemon *d); /* the same where no server was built */
void stop_end_if_over(struct daemon *d);

#endif
