/*
 * warm: the hottest searches are asked again ahead of whoever asks next.
 *
 *   resting ──commit──► due ──(the index came to rest, or one time to live passed)──► a round ──► resting
 *      └──────────────────────(a time of day of warm_at)───────────────────────────────┘
 *
 * A round runs them one after the other, hottest first, behind all that somebody waits for, each for the caller that it
 * belongs to; what is exact still is passed over.  With nothing changed nothing is done, and no timer runs.
 */
#ifndef SERVE_WARM_H
#define SERVE_WARM_H

#include "core/config.h"
#include "serve/asked.h"

#include <uv.h>

struct context;
struct warm;

MUST_USE enum status warm_create(struct context *ctx, struct warm **out);
void warm_destroy(struct warm *w); /* after its handles are closed, or if it was never started; NULL is fine */
/* Opens its handles; how many, which warm_close closes, each with `closed` and its data set to `data`. */
int warm_start(struct warm *w);
void warm_close(struct warm *w, uv_close_cb closed, void *data);

/* After a reload or with a new store: forgets what was asked; takes up what context->config says. */
void warm_configure(struct warm *w);
/* Somebody asked. */
void warm_asked(struct warm *w, const struct buf *key, struct asked *a);
/* The index committed: what is kept may be stale. */
void warm_committed(struct warm *w);

/* The next moment after `now_s` at which the local clock shows one of `times` ("HH:MM"); 0: none. */
int64_t warm_next_time(const struct config_list *times, int64_t now_s);

#endif
