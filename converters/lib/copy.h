/*
 * copy: bytes of a document under a name of its own in the private directory, for libraries and
 * programs that want one.
 *
 * One at a time.  Where the jail does not let a file be removed, it is emptied
 * and used again.
 */
#ifndef CONVERT_COPY_H
#define CONVERT_COPY_H

#include "serve.h"

/* `n` bytes from `from` on, or as many as there are.  The path is good until copy_drop; NULL after
 * an error (errno).  *fd, which may be read, is the copy's own. */
const char *copy_make(const struct document *doc, uint64_t from, uint64_t n, int *fd);
void copy_drop(void); /* nothing there is fine */

#endif
