/* beneath: opening what lies below a directory, whatever its path is made of and however long it is.  Any thread. */
#ifndef CORE_BENEATH_H
#define CORE_BENEATH_H

/*
 * Opens `path` below `root` (absolute) with `flags`; no component of `path` may be a link or lead out of `root`.  The
 * descriptor, or -1 with errno (ELOOP: a link; EXDEV: led out).
 */
int beneath_open(const char *root, const char *path, int flags);

#endif
