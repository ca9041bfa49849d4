/*
 * subscribe: who is told of what changes: all subscriptions, and one pass after another that brings them up to date.
 *
 * Loop thread.  Nothing is kept for a subscriber but a clock, for the store remembers what changed: one whose
 * connection takes no more stands where it is, and is caught up from there.  Passes run on a thread of their own, one at
 * a time, so that queries never wait for them; what commits meanwhile is in the next.
 */
#ifndef SERVE_SUBSCRIBE_H
#define SERVE_SUBSCRIBE_H

#include "core/mailbox.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SUBSCRIPTIONS_OF_CLIENT = 1024,
	SUBSCRIPTIONS_MOST = 10000,
	SUBSCRIBE_QUEUE_MOST = 256 << 10 /* bytes that wait for a client: its subscriptions make no more */
};

struct client;
struct context;
struct subscribe;
struct subscription;

/* Embedded in a client. */
struct client_subscriptions {
	struct subscription *first;
	size_t count;
	struct subscription *turn; /* the next to be taken into a pass, while one is made up */
	bool held_up; /* some of them wait until it has taken more of what was sent */
};

/* Opens a connection to the store and starts a thread. */
MUST_USE enum status subscribe_create(struct context *ctx, const char *state_dir, struct subscribe **out);
/* Ends the thread; a pass under way comes back through the mailbox. */
void subscribe_stop(struct subscribe *s);
bool subscribe_is_busy(const struct subscribe *s);
void subscribe_destroy(struct subscribe *s); /* stopped, not busy, without clients; NULL is fine */

/*
 * Takes *one, and gives it its number; its clock, and what it wants, are set.  ST_TOO_LARGE: the client has too many;
 * ST_AGAIN: all together have.
 */
MUST_USE enum status subscribe_add(struct subscribe *s, struct client *c, struct subscription **one);
/* When the client knows that number: from now on it is told.  `fresh`: its clock says nothing here. */
void subscribe_begin(struct subscribe *s, struct subscription *one, bool fresh);
/* False: it has none of that number. */
bool subscribe_remove(struct subscribe *s, struct client *c, int64_t id);
/* It is gone, and all of its subscriptions with it. */
void subscribe_forget(struct subscribe *s, struct client *c);

/* The languages may be others. */
void subscribe_configure(struct subscribe *s);
/* The index committed; or a client took what was sent. */
void subscribe_wake(struct subscribe *s);
/* The store is a new one, whose clock is not known yet; then it is.  All start over. */
void subscribe_suspend(struct subscribe *s);
void subscribe_resume(struct subscribe *s);
/* What time brings; true: call again. */
bool subscribe_tick(struct subscribe *s, int64_t now_ms);

#endif
