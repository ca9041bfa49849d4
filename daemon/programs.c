/*
 * programs: whether a converter's program has appeared, gone or changed; then the configuration is read again.
 *
 * The directories where programs are, or would be found, are watched: an idle daemon is not woken to look.  What makes no
 * event (the far end of a link, another machine's file system) is looked for by the clock, seldom.  All of it on the pool,
 * for their device may not answer.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/thread.h"
#include "core/where.h"
#include "daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	FIRST_LOOK_MS = 1000,
	LOOK_AFTER_EVENT_MS = 500, /* who installs one program installs several */
	LOOK_BY_CLOCK_MS = 10 * 60 * 1000,
	LOOK_BLIND_MS = 5000 /* a program is missing, and there are no events */
};

static const uint32_t mask =
	IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR;

/* On the pool; the daemon's `looking` is set meanwhile. */
struct look {
	uv_work_t work;
	struct daemon *daemon;
	struct rules *rules;
	int fd;
	bool stale, blind;
};

static void watch_dir(void *arg, const char *dir)
{
	struct look *l = arg;

	/* Known ones stay as they are. */
	if (inotify_add_watch(l->fd, dir, mask) < 0 && errno != ENOENT && errno != ENOTDIR)
		l->blind = true;
}

/* The directory that it is in, or the nearest one above that is there. */
static enum status watch_above(struct look *l, const char *path)
{
	AUTO_FREE char *dir = mem_strdup(path);

	if (!dir)
		return ST_NOMEM;
	for (char *slash = strrchr(dir, '/'); slash; slash = strrchr(dir, '/')) {
		slash[slash == dir] = '\0';
		if (slash == dir || access(dir, F_OK) == 0)
			break;
	}
	watch_dir(l, dir);
	return ST_OK;
}

static enum status watch_program(void *arg, const char *path)
{
	struct look *l = arg;

	return *path == '/' ? watch_above(l, path) : where_each_program_dir(watch_dir, l);
}

/* Watched first: what changes after the look makes an event. */
static void look(uv_work_t *work)
{
	struct look *l = work->data;

	thread_become(ROLE_SCAN);
	l->blind = l->fd < 0;
	if (!l->blind && rules_each_program(l->rules, watch_program, l) != ST_OK)
		l->blind = true;
	l->stale = rules_stale(l->rules);
}

static void on_timer(uv_timer_t *timer);

static void look_in(struct daemon *d, uint64_t ms)
{
	uv_timer_start(&d->stale, on_timer, ms, 0);
}

static bool any_missing(const struct rules *rules)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (rules_at(rules, i)->missing)
			return true;
	return false;
}

static void looked(uv_work_t *work, int status)
{
	struct look *l = work->data;
	struct daemon *d = l->daemon;
	bool stale = l->stale, blind = l->blind && any_missing(l->rules);

	(void)status;
	rules_unref(l->rules);
	mem_free(l);
	d->looking = false;
	if (d->stopping) {
		stop_end_if_over(d);
		return;
	}
	if (!uv_is_active((uv_handle_t *)&d->stale)) /* else something happened meanwhile */
		look_in(d, stale || blind ? LOOK_BLIND_MS : LOOK_BY_CLOCK_MS);
	if (stale && !d->reloading) {
		log_notice("a converter's program appeared, went or changed");
		reload_from_signal(d);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (d->stopping)
		return;
	struct look *l = d->looking ? NULL : mem_zalloc(sizeof *l);
	if (!l) {
		look_in(d, LOOK_BLIND_MS);
		return;
	}
	d->looking = true;
	l->daemon = d;
	l->fd = d->programs_fd;
	l->rules = rules_ref(d->rules);
	l->work.data = l;
	int err = uv_queue_work(&d->loop, &l->work, look, looked);
	BUG_UNLESS(err == 0);
}

/* What goes on happening does not put the look off. */
static void on_events(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	uv_timer_t *timer = &d->stale;
	char bytes[4096];

	(void)status;
	(void)events;
	while (read(d->programs_fd, bytes, sizeof bytes) > 0)
		;
	if (!d->stopping &&
		(!uv_is_active((uv_handle_t *)timer) || uv_timer_get_due_in(timer) > LOOK_AFTER_EVENT_MS))
		look_in(d, LOOK_AFTER_EVENT_MS);
}

void programs_watch(struct daemon *d)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	d->programs_fd = -1;
	look_in(d, FIRST_LOOK_MS);
	if (fd < 0 || uv_poll_init(&d->loop, &d->programs, fd)) {
		log_warning("converters' programs are looked at by the clock: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	d->programs_fd = fd;
	d->programs_polled = true;
	d->programs.data = d;
	(void)uv_poll_start(&d->programs, UV_READABLE, on_events); /* cannot fail for a handle that was just made */
}

/* After the last work on the pool. */
static void on_closed(uv_handle_t *handle)
{
	struct daemon *d = handle->data;

	close(d->programs_fd);
}

void programs_close(struct daemon *d)
{
	if (!d->programs_polled)
		return;
	d->programs_polled = false;
	uv_close((uv_handle_t *)&d->programs, on_closed);
}
