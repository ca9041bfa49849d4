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

/*
 * How much of `argument` names the file: all of it, but of "x.zip//inner/report.docx" only what stands before the two
 * slashes, if that is a file.
 */
size_t target_file_length(const char *argument);

#endif
