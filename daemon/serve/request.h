/*
 * request: one call in flight, from the handler that took it to the one line that answers it.  Loop thread.
 *
 *   made ──► handler ──► answered (request_result, request_error, …: exactly one, which frees it)
 *              │ request_wait
 *              ▼
 *           waiting ──► answered
 *              └──────► abandoned: client gone, canceled, out of time: `abandon` lets go of the work, then it is freed
 */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include "serve/call.h"
#include "serve/client.h"
#include "serve/context.h"
#include "serve/frame.h"
#include "serve/peer.h"

enum { REQUEST_TIMEOUT_MS = 2000 };

struct request {
	/* read by the handlers */
	struct context *context;
	struct peer *peer;
	const struct method *method;
	const cJSON *params; /* NULL: none */
	int64_t started_us, deadline_ms; /* monotonic */

	/* request.c's and client.c's */
	struct request *next, **link; /* among the requests of its client */
	struct client *client;
	struct batch *batch; /* NULL: alone in its line */
	cJSON *call;	     /* owns id and params */
	const cJSON *id;
	bool notification;
	int64_t expires_ms; /* then it is answered with `timeout`, whatever it waits for; 0: never */
	void (*abandon)(struct request *r);
	void *work;
};

/* Runs the call's handler; takes *value, which the call points into, and a share of the batch. */
void request_run(struct client *client, const struct call *call, cJSON **value, struct batch *batch);

/* The handler returns without an answer: `abandon` must see that `work` does not touch the request any more. */
void request_wait(struct request *r, void (*abandon)(struct request *r), void *work);
/* Of a waiting one: as above, but for work that cannot be stopped: returns a slot that holds the request. */
struct request_slot;
struct request_slot *request_wait_slot(struct request *r); /* NULL: no memory; the request was answered so */
/* When the work ends: frees the slot; NULL if the request was abandoned meanwhile. */
struct request *request_slot_take(struct request_slot *slot);
/* Whoever may wait longer than the deadline is answered then. */
void request_expire_at_deadline(struct request *r);
/* Of one whose work ends at the deadline by itself: it is answered soon after, should it not. */
void request_expire_late(struct request *r);

/* The answers; each frees the request.  JSON text of the whole result; ~_value takes the tree, NULL: no memory. */
void request_result(struct request *r, const char *json, size_t n);
void request_result_value(struct request *r, cJSON *value);
/* `line` is the whole reply with its newline, begun with frame_add_head(line, r->id); taken from the buf. */
void request_line(struct request *r, struct buf *line);
void request_error(struct request *r, int code, const char *message);
void request_trawl_error(struct request *r, enum rpc_code code, const char *message, long position);
/* The error that stands for a status other than ST_OK; ST_AGAIN is `busy`.  What is our fault is logged. */
void request_status_error(struct request *r, enum status st);
/* Ends it from outside: `abandon`, then the error (canceled, timeout), which goes nowhere if the client is gone. */
void request_abandon(struct request *r, enum status why);

#endif
