/*
 * above: the directories from `/` down to the parent of a root.  Nothing of them is indexed, but who may not pass through
 * them sees nothing below.
 *
 * Read on a scan thread, upwards from the open root, so that the real path counts whatever links its name goes through;
 * watched by a descriptor of their own, because a root may lie inside another one, whose watches want other events.
 * System mode only.
 */
#ifndef WATCH_ABOVE_H
#define WATCH_ABOVE_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct watch;
struct watch_root;

enum { ABOVE_MOST = 256 }; /* directories above a root; of a deeper one nobody is told but root */

struct above {
	bool known;
	struct buf chain; /* core/guard.h */
	int wds[ABOVE_MOST];
	size_t wd_count;
	int watch_error; /* errno of the first that could not be watched */
};
struct above *above_create(void);
void above_destroy(struct above *a); /* NULL is fine */

/* Scan thread.  `fd` is the root's own directory; `inotify` watches first, so that no change falls between. */
void above_read(struct above *a, int fd, int inotify);

/* Loop thread, as all below.  Takes what was read, and tells the writer if it is another chain than before. */
struct epoch;
void above_seen(struct watch *w, struct watch_root *r, struct above **now, struct epoch *epoch);
/* Reads the kernel's events to their end; every root whose chain may be another is looked at again. */
void above_events(struct watch *w);
MUST_USE enum status above_start(struct watch *w);

#endif
