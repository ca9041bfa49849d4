/*
 * inotify: the kernel's events on directories, on a descriptor of our own.
 *
 * libuv's file-system events lose overflows, cookies and closes, so this is read
 * by uv_poll_t.  Watches are added on scan threads, everything else is the loop's.
 */
#ifndef WATCH_INOTIFY_H
#define WATCH_INOTIFY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MUST_USE enum status inotify_open(int *fd);
/* The watch descriptor for the directory open at `dir_fd`, or -1 with errno.  Any thread. */
int inotify_watch_fd(int fd, int dir_fd);
/* The same for events of one's own choice; O_PATH will do. */
int inotify_watch_as(int fd, int dir_fd, uint32_t events);
void inotify_unwatch(int fd, int wd);
/* The share of the user's watches that we may take, in percent of the kernel's limit. */
long inotify_watch_limit(int percent);

struct inotify_event;
/*
 * Reads what is there, at most `reads` buffers of it; calls `each` per event.  True: there may be more.  Loop thread.
 */
bool inotify_drain(
	int fd, int reads, void (*each)(void *arg, const struct inotify_event *e), void *arg);

#endif
