/* reload: requests that wait until the configuration was reread.  Loop thread; the handler is serve_reload. */
#ifndef SERVE_RELOAD_H
#define SERVE_RELOAD_H

#include "core/status.h"

#include <stdbool.h>

struct context;

/* The reload that was begun has ended, of ST_CONFIG with `errors`, one a line: answers those who wait for it. */
void reload_ended(struct context *ctx, enum status st, const char *errors);
/* Begins those that found another one under way.  True while there are any: call again. */
bool reload_tick(struct context *ctx);

#endif
