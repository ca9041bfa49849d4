/* target: the file that a verb is about: an argument made into the absolute path by which the daemon knows it. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "core/buf.h"
#include "core/status.h"

/*
 * Resolves `argument` against the current directory: links are followed in the directory above, never in the last
 * component, which need not exist.  ST_INVALID if it is empty, ST_SYSTEM with errno, ST_NOMEM.
 */
MUST_USE enum status target_resolve(const char *argument, struct buf *out);

#endif
