/* above: see above.h. */
#include "watch/above.h"

#include "core/guard.h"
#include "core/ident.h"
#include "core/log.h"
#include "core/mem.h"
#include "watch/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const uint32_t mask = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
/* What says that a chain may be another; names in these directories are nobody's business here. */
static const uint32_t telling = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW;

struct above *above_create(void)
{
	return mem_zalloc(sizeof(struct above));
}

void above_destroy(struct above *a)
{
	if (a)
		buf_finish(&a->chain);
	mem_free(a);
}

/* --- on a scan thread ----------------------------------------------------------------------------- */

/* False: it cannot be looked at. */
static bool add_guard(struct above *a, int fd, int inotify, struct ident *id)
{
	AUTO_BUF acl = BUF_INIT;

	int wd = inotify < 0 ? -1 : inotify_watch_as(inotify, fd, mask);
	if (wd >= 0)
		a->wds[a->wd_count++] = wd;
	else if (inotify >= 0 && !a->watch_error)
		a->watch_error = errno;
	if (ident_fd(fd, id) || acl_read_fd(fd, &acl) != ST_OK)
		return false;
	chain_add_above(&a->chain, &(struct guard){id->mode, id->uid, id->gid, acl.data, acl.len});
	return true;
}

void above_read(struct above *a, int fd, int inotify)
{
	struct ident below, here;
	int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	bool top = false, ok = at >= 0 && !ident_fd(at, &below);

	for (int depth = 0; ok && !top; depth++) {
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		close(at);
		at = up;
		ok = at >= 0 && !ident_fd(at, &here);
		top = ok && here.dev == below.dev && here.ino == below.ino;
		if (ok && !top)
			ok = depth < ABOVE_MOST && add_guard(a, at, inotify, &below);
	}
	if (at >= 0)
		close(at);
	if (!ok) /* what cannot be looked at lets nobody through */
		chain_add_above(&a->chain, &guard_closed);
	a->known = !a->chain.failed;
}

/* --- on the loop ---------------------------------------------------------------------------------- */

static bool has_watch(const struct above *a, int wd)
{
	for (size_t i = 0; a && i < a->wd_count; i++)
		if (a->wds[i] == wd)
			return true;
	return false;
}

/* Watches that no root needs any more; one that a scan under way has just found again must not go. */
static void drop_watches(struct watch *w, const struct above *old)
{
	for (size_t i = 0; !w->batches && i < old->wd_count; i++) {
		bool needed = false;

		for (const struct watch_root *r = w->roots; r && !needed; r = r->next)
			needed = has_watch(r->above, old->wds[i]);
		if (!needed)
			inotify_unwatch(w->above_inotify, old->wds[i]);
	}
}

static void tell_writer(struct watch *w, struct watch_root *r, struct epoch *epoch)
{
	struct tree_change *c = change_create(w, TREE_ROOT_ABOVE, epoch);

	r->above->known = false; /* until it is on its way */
	if (!c)
		return;
	c->root = r->id;
	buf_add(&c->acl, r->above->chain.data ? r->above->chain.data : "", r->above->chain.len);
	if (c->acl.failed) {
		change_drop(w, c);
		return;
	}
	r->above->known = true;
	change_send(w, c);
}

static bool same_chain(const struct above *a, const struct above *b)
{
	return a && a->known && a->chain.len == b->chain.len &&
	       (a->chain.len == 0 || !memcmp(a->chain.data, b->chain.data, a->chain.len));
}

void above_seen(struct watch *w, struct watch_root *r, struct above **now, struct epoch *epoch)
{
	struct above *old = r->above;

	if (!*now || !(*now)->known)
		return;
	bool same = same_chain(old, *now);
	if ((*now)->watch_error && (!old || !old->watch_error))
		log_warning("root %s: a directory above it cannot be watched: %s; changes of its permissions "
			    "count from the next comparison on",
			r->path, strerror((*now)->watch_error));
	r->above = *now;
	*now = NULL;
	if (!same)
		tell_writer(w, r, epoch);
	if (old)
		drop_watches(w, old);
	above_destroy(old);
}

static void note_event(void *arg, const struct inotify_event *e)
{
	if (!e->len && (e->mask & telling))
		*(bool *)arg = true;
}

void above_events(struct watch *w)
{
	bool told = false;

	if (w->above_inotify < 0)
		return;
	while (inotify_drain(w->above_inotify, 1, note_event, &told))
		;
	/* They are few, and such events are rare: all are looked at. */
	for (struct watch_root *r = w->roots; told && r; r = r->next)
		if (r->node)
			hint_now(w, r->node, SCOPE_FILE);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)events;
	if (status) {
		log_error("inotify: %s", uv_strerror(status));
		return;
	}
	above_events(w);
	crawl_kick(w);
}

enum status above_start(struct watch *w)
{
	if (w->above_inotify < 0)
		return ST_OK;
	w->above_poll.data = w;
	if (uv_poll_init(w->loop, &w->above_poll, w->above_inotify))
		return ST_SYSTEM;
	w->handles++;
	return uv_poll_start(&w->above_poll, UV_READABLE, on_readable) ? ST_SYSTEM : ST_OK;
}
