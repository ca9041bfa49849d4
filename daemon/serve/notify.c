/* notify: sd_notify and socket activation; see notify.h. */
#include "serve/notify.h"

#include "core/log.h"
#include "core/now.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void tell(const char *state)
{
	int rc = sd_notify(0, state);

	if (rc < 0)
		log_warning("service manager: %s", strerror(-rc));
}

int64_t notify_watchdog_ms(void)
{
	uint64_t us;

	return sd_watchdog_enabled(0, &us) > 0 ? (int64_t)(us / 1000) : 0;
}

int notify_listen_fd(void)
{
	int n = sd_listen_fds(1);

	if (n < 1)
		return -1;
	if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0) {
		log_error("socket activation: exactly one listening unix stream socket is expected");
		return -1;
	}
	return SD_LISTEN_FDS_START;
}
#else
static void tell(const char *state)
{
	(void)state;
}

int64_t notify_watchdog_ms(void)
{
	return 0;
}

int notify_listen_fd(void)
{
	return -1;
}
#endif

void notify_ready(void)
{
	tell("READY=1");
}

void notify_reloading(void)
{
	tell("RELOADING=1");
}

void notify_stopping(void)
{
	tell("STOPPING=1\nSTATUS=committing what is converted");
}

void notify_alive(void)
{
	tell("WATCHDOG=1");
}

bool notify_status(const char *text)
{
	static char last[200];
	static int64_t last_ms;
	char line[220];
	int64_t now = now_mono_ms();

	if (!strcmp(text, last))
		return true;
	if (last_ms && now - last_ms < 1000)
		return false;
	last_ms = now;
	snprintf(last, sizeof last, "%s", text);
	snprintf(line, sizeof line, "STATUS=%s", last);
	tell(line);
	return true;
}
