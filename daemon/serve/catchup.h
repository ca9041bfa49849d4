/*
 * catchup: a request that waits until the index has caught up with the disk.  Loop thread.
 */
#ifndef SERVE_CATCHUP_H
#define SERVE_CATCHUP_H

#include "serve/request.h"

/*
 * Begins a sync for a request that has not been answered; `then` is called exactly once, perhaps at once.  request NULL:
 * it was abandoned, only `arg` is to be released.  `beyond` is a JSON array as text, of paths that events do not cover;
 * it lives for the call.  After ST_OK nothing older is served from the memo any more.
 */
typedef void catchup_then(struct request *request, enum status st, const char *beyond, void *arg);
void catchup_start(struct request *r, int64_t timeout_ms, catchup_then *then, void *arg);

/* The error for a sync that did not end well: paused and full are codes of their own. */
void catchup_refuse(struct request *r, enum status st);

#endif
