/*
 * mailbox: how every thread talks to the loop.
 *
 * A letter is a function and its argument; letters run on the loop thread in the
 * order they were sent.  Built on a locked list and uv_async_send, the one libuv
 * call that is safe on other threads.
 */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include "core/status.h"

#include <uv.h>

struct mailbox;

/* Embedded at the start of the sender's own struct; the receiver owns it once it runs. */
struct letter {
	struct letter *next;
	void (*open)(struct letter *self);
};

MUST_USE enum status mailbox_create(uv_loop_t *loop, struct mailbox **out); /* loop thread */
/* Any thread; takes the letter.  Never fails, never blocks beyond the lock. */
void mailbox_send(struct mailbox *m, struct letter *l);
/* Loop thread, before the loop ends: runs what has arrived, then closes the handle. */
void mailbox_close(struct mailbox *m);
void mailbox_destroy(struct mailbox *m); /* after the loop ran the close */

#endif
