/*
 * listener: the socket's place in the file system: made, and taken away again.
 */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include "core/config.h"

#include <sys/types.h>

struct listener {
	int fd;	    /* -1: none, or given away */
	char *path; /* NULL: not ours (socket activation) */
	dev_t dev;
	ino_t ino;
};

/*
 * Binds `path` for the mode's users: 0600 in a directory made 0700, or 0666 in 0755.  Not listening yet.  A stale socket
 * is replaced.  ST_LOCKED: somebody answers there; ST_EXISTS: no socket lies there; ST_TOO_LARGE: the path is too long;
 * ST_SYSTEM.  All logged.
 */
MUST_USE enum status listener_bind(const char *path, enum config_mode mode, struct listener *out);
/* Takes over a descriptor that the service manager bound; ST_INVALID (logged) unless it is a stream socket. */
MUST_USE enum status listener_adopt(int fd, struct listener *out);
/* Removes the path if it is still the socket made here; closes the descriptor if it was not given away. */
void listener_finish(struct listener *l);

#endif
