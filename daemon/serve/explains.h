/*
 * explains: requests for verdicts on paths, each user in turn.  Loop thread.
 *
 * A verdict may have to look at the disk, which may take its time, so a few are made at once; where there are several
 * users, one of them alone never has all of these.
 */
#ifndef SERVE_EXPLAINS_H
#define SERVE_EXPLAINS_H

#include "core/status.h"

#include <stdbool.h>

struct explains;

MUST_USE enum status explains_create(bool by_user, struct explains **out);
void explains_destroy(struct explains *x); /* with no request left, and not busy; NULL is fine */
/* Some verdict is being made; its request may be gone. */
bool explains_are_busy(const struct explains *x);

#endif
