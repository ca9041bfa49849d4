/*
 * epoch: who still works on what happened before a moment.
 *
 * Every hint, dirty directory, batch, flight and tree change holds the epoch in
 * which it was caused, and hands it on to whatever follows from it.  Closing the
 * current epoch draws a line: when no epoch up to it is held any more, everything
 * that was caused before the line is committed.
 */
#ifndef WATCH_EPOCH_H
#define WATCH_EPOCH_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

struct epoch {
	struct epoch *next;
	uint64_t n;
	long held;
};

struct epochs {
	struct epoch *oldest, *current;
	long held; /* in all */
};

MUST_USE enum status epochs_init(struct epochs *e);
void epochs_finish(struct epochs *e);
/* Holds it once more; NULL is fine. */
struct epoch *epoch_hold(struct epochs *e, struct epoch *x);
void epoch_let(struct epochs *e, struct epoch *x); /* NULL is fine */
/* The older of two, both held: the other is let go of.  Either may be NULL. */
struct epoch *epoch_older(struct epochs *e, struct epoch *a, struct epoch *b);
/* Draws the line; *n is the last epoch before it. */
MUST_USE enum status epochs_close(struct epochs *e, uint64_t *n);
/* Whether all epochs up to n are through; forgets them. */
bool epochs_are_done(struct epochs *e, uint64_t n);

#endif
