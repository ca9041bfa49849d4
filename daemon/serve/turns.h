/*
 * turns: who is next at the readers: each user in turn, each asker of a user in turn, and first come first served
 * within one.
 *
 * An asker has a lane.  No lane, and where it is asked for no user, has all readers at once: the last one is kept for
 * others, so that nobody's long searches keep them waiting.  What nobody waits for (low) runs when nobody waits, one at a
 * time.  Not locked: the readers' lock protects it.
 */
#ifndef SERVE_TURNS_H
#define SERVE_TURNS_H

#include "core/list.h"
#include "core/status.h"

#include <stdint.h>

struct turns;
struct turns_lane;

/* Embedded in what waits. */
struct turn {
	struct link link;
	struct turns_lane *lane; /* while it waits or runs */
	int64_t deadline_ms;
	bool waiting;
};

/* At most `most` of one lane run at once, and, if by_user, of one user. */
MUST_USE enum status turns_create(int most, bool by_user, struct turns **out);
void turns_destroy(struct turns *t); /* with nothing in it, and every lane let go; NULL is fine */

MUST_USE enum status turns_lane_create(struct turns *t, uint32_t uid, struct turns_lane **out);
/* Lets go of it; it ends when the last of its turns did.  NULL is fine. */
void turns_lane_release(struct turns_lane *l);
/* The daemon's own, and the one for what nobody waits for. */
struct turns_lane *turns_house(struct turns *t);
struct turns_lane *turns_low(struct turns *t);

/* ST_AGAIN: too many wait; but a lane in which few do is always taken, so that nobody fills it for all. */
MUST_USE enum status turns_add(struct turns *t, struct turns_lane *lane, struct turn *w);
/* The next that may run, NULL: none.  It counts as running until turns_end. */
struct turn *turns_take(struct turns *t);
void turns_end(struct turn *w);
/* Takes out one that waits; false: it does not. */
bool turns_remove(struct turns *t, struct turn *w);
/* One of those that wait whose deadline has passed, taken out; NULL: none. */
struct turn *turns_take_late(struct turns *t, int64_t now_ms);
/* One that waits is waited for by the asker of that lane as well: it goes there, if it is sooner its turn there. */
void turns_promote(struct turns *t, struct turn *w, struct turns_lane *lane);
size_t turns_waiting(const struct turns *t);

#endif
