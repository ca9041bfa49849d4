/*
 * hold: the state directory and the lock that says whose it is.
 *
 * An OFD lock: it belongs to the open file, so that no other descriptor of the process can drop it, and the kernel
 * drops it when the process ends however it ends.
 */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "core/status.h"

/* Makes the directory (0700, parents too) if missing, and takes its lock.  ST_LOCKED: another daemon has it. */
MUST_USE enum status hold_take(const char *dir, int *fd);
/* Makes an empty file that only its owner may read, unless it is there. */
MUST_USE enum status hold_make(const char *file);
void hold_drop(int fd); /* -1 is fine */

#endif
