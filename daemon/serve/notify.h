/*
 * notify: the service manager: readiness, status line, watchdog, sockets handed over.  Without libsystemd at build
 * time every call does nothing.  Loop thread.
 */
#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* followed by notify_ready */
void notify_stopping(void);
void notify_alive(void);
/* At most one a second is sent, and none that says the same again.  False: too early, to be told again in a second. */
bool notify_status(const char *text);
/* How often notify_alive is expected, in milliseconds; 0: no watchdog. */
int64_t notify_watchdog_ms(void);
/* A listening unix stream socket from socket activation, -1 if there is none.  Call once. */
int notify_listen_fd(void);

#endif
