/*
 * where: the places that are looked at when nobody names one: by the environment, the user, the
 * running program.
 *
 * Each appends one absolute path.  They read the environment and the file system: any thread, as
 * long as none sets the environment.
 */
#ifndef CORE_WHERE_H
#define CORE_WHERE_H

#include "core/buf.h"
#include "core/config.h"
#include "core/status.h"

/* $HOME if absolute, else the passwd entry's; ST_NOT_FOUND. */
MUST_USE enum status where_home(struct buf *out);
/* $XDG_CONFIG_HOME/trawl/trawld.conf; ST_NOT_FOUND without a home. */
MUST_USE enum status where_config(struct buf *out);
/* $XDG_STATE_HOME/trawl or /var/lib/trawl; ST_NOT_FOUND without a home. */
MUST_USE enum status where_state(enum config_mode mode, struct buf *out);
/* In $XDG_RUNTIME_DIR/trawl, /run/user/UID/trawl or the state directory; system: in /run/trawl. */
MUST_USE enum status where_socket(enum config_mode mode, const char *state_dir, struct buf *out);
/* The directory of the running program; ST_NOT_FOUND. */
MUST_USE enum status where_program_dir(struct buf *out);
/*
 * The converters that come with the running program: of its source tree if it was built in one,
 * else the installed ones; ST_NOT_FOUND.
 */
MUST_USE enum status where_converters(struct buf *out);
/* Where where_executable looks, in its order; some may not exist.  ST_NOMEM. */
MUST_USE enum status where_each_program_dir(void (*each)(void *arg, const char *dir), void *arg);
/* An executable of that name (no slash) beside the program, in libexec, in $PATH; ST_NOT_FOUND. */
MUST_USE enum status where_executable(const char *name, struct buf *out);

#endif
