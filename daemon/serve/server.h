/*
 * server: the unix socket and everything that is answered through it.
 *
 * Loop thread, all of it.  Owns the listening socket, the connections, the memo
 * and the reader threads; borrows the watch and the pipeline.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "core/buf.h"
#include "core/config.h"
#include "core/mailbox.h"
#include "pipeline/pipeline.h"
#include "watch/watch.h"

#include <stdbool.h>
#include <uv.h>

struct server;

/* What only the one who wired the rooms can do. */
struct server_hooks {
	/*
	 * Begins to reread the configuration, which ends later with server_configure or server_reload_failed.
	 * ST_AGAIN: another one is under way.
	 */
	enum status (*reload)(void *arg);
	/* Begins the end of the daemon; returns at once. */
	void (*shutdown)(void *arg);
};

struct server_options {
	uv_loop_t *loop;
	struct config *config; /* the server takes a reference */
	struct mailbox *mailbox;
	struct watch *watch;
	struct pipeline *pipeline;
	const char *state_dir; /* where the readers find the store */
	int listen_fd;	       /* from socket activation, taken; -1: bind config->socket */
	struct server_hooks hooks;
	void *arg;		  /* of the hooks */
	const char *sandbox_json; /* an object for `status`; NULL: {} */
};

/*
 * Opens the readers' connections and binds the socket, so the store must exist.  SIGPIPE is ignored from here on.
 * ST_LOCKED: a living server answers at that path; ST_EXISTS: something else than a socket lies there.  Both logged.
 */
MUST_USE enum status server_create(const struct server_options *o, struct server **out);
/* Accepts from now on.  Even if it fails, server_stop and its `stopped` come before server_destroy. */
MUST_USE enum status server_start(struct server *s);
/* After a reload: new limits; clears the memo.  The socket stays where it is. */
void server_configure(struct server *s, struct config *config);

/* A reload that was begun came to nothing.  ST_CONFIG: with one fault a line in `errors`, which is "" otherwise. */
void server_reload_failed(struct server *s, enum status st, const char *errors);

/* From the pipeline's callbacks.  committed: the clock advanced; a change of permissions makes older answers void. */
void server_committed(struct server *s, int64_t clock, bool permissions);
/* The store was set aside and is new: connections are opened again, the memo is cleared. */
void server_store_rebuilt(struct server *s);

/*
 * Accepts and reads nothing more; requests in flight may end until `deadline_ms` (monotonic), then they are canceled;
 * then `stopped` is called: at once, if it was never started.  Call it once, while mailbox, watch and pipeline still live.
 */
void server_stop(struct server *s, int64_t deadline_ms, void (*stopped)(void *arg), void *arg);
void server_destroy(struct server *s); /* after stopped, or if never started; NULL is fine */

#endif
