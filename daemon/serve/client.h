/*
 * client: one connection: its lines in, its requests in flight, its replies out.  Loop thread.
 */
#ifndef SERVE_CLIENT_H
#define SERVE_CLIENT_H

#include "core/buf.h"
#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct client;
struct client_subscriptions;
struct context;
struct peer;
struct request;
struct turns_lane;

enum {
	CLIENT_MOST = 1024,	  /* connections of one server */
	CLIENT_ADMIN_SHARE = 16,  /* one of so many is kept for administrators */
	CLIENT_REQUESTS_MOST = 256, /* in flight on one connection, then it is not read */
	CLIENT_QUEUE_PAUSE = 4 << 20, /* bytes of replies that wait: nothing more is read */
	CLIENT_QUEUE_MOST = 64 << 20, /* and here it is dropped */
	CLIENT_STALL_MS = 30 * 1000   /* as when nothing could be written for so long */
};

/* Accepts the connection that waits at the listening handle. */
void client_accept(struct context *ctx, uv_stream_t *listener);
/* Stops reading: requests in flight go on, and the connection is closed behind the last reply. */
void client_drain(struct client *c);
/* Closes; what is in flight is canceled when the loop comes round. */
void client_close(struct client *c);
bool client_is_closing(const struct client *c);
/* The same for a fault of the client's, which is logged. */
void client_drop(struct client *c, const char *why);
struct client *client_next(const struct client *c);
/* Takes lines that had to wait, and reads again, as far as it may. */
void client_pump(struct client *c);

/* What time brings: deadlines of waiting requests, stalled and vanished clients.  True: call again. */
bool client_tick(struct client *c, int64_t now_ms);

/* Among the requests of the client, for request.c. */
void client_add(struct client *c, struct request *r);
void client_remove(struct client *c, struct request *r);
/* After a reply: there may be room to read again, or it was the last one of a client that sends no more. */
void client_settle(struct client *c);
/* Cancels all that have this id; how many. */
int client_cancel(struct client *c, const cJSON *id, const struct request *but);
struct context *client_context(const struct client *c);
struct peer *client_peer(const struct client *c);
struct client_subscriptions *client_subscriptions(struct client *c);
/* Bytes that wait until it takes them. */
size_t client_queued(const struct client *c);
/* The turns of its requests at the readers. */
struct turns_lane *client_lane(const struct client *c);
/* Writes, at once as far as the socket takes it; takes the bytes or leaves them in the buf, which is then empty. */
void client_send(struct client *c, struct buf *bytes);

#endif
