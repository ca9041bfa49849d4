/*
 * events: what the kernel says becomes hints.  Nothing is looked at here: an event only tells where to look.
 *
 * A close or a rename acts at once; writes without a close settle; a new name
 * waits a moment for the close that mostly follows.  An event of a watch that is
 * not mapped yet (its scan is on its way back) is remembered by descriptor.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"
#include "watch/internal.h"

#include <string.h>
#include <sys/inotify.h>

enum { READS_A_TURN = 8, READS_ALL = 1 << 16, EARLY_MAX = 4096 };

static struct early_wd *find_early(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->early.count; i++)
		if (w->early.items[i].wd == wd)
			return &w->early.items[i];
	return NULL;
}

static void overflow(struct watch *w)
{
	stats_add(overflows, 1);
	log_notice("the kernel's event queue overflowed: every directory is compared again");
	for (struct watch_root *r = w->roots; r; r = r->next)
		if (r->node)
			node_mark_below(w, r->node, 0, w->epochs.current);
}

/* Not known yet, or not any more: only the first matters, and only while a scan is under way. */
static void note_early(struct watch *w, int wd, bool dead)
{
	struct early_wd *known = find_early(w, wd);

	if (known)
		known->dead |= dead;
	if (known || (!w->batches && !w->applying))
		return;
	if (w->early.count == w->early.room) {
		size_t room = w->early.room ? w->early.room * 2 : 64;
		struct early_wd *grown =
			room > EARLY_MAX ? NULL : mem_resize(w->early.items, room, sizeof *grown);

		if (!grown) {
			overflow(w);
			return;
		}
		w->early.items = grown;
		w->early.room = room;
	}
	w->early.items[w->early.count++] =
		(struct early_wd){wd, dead, epoch_hold(&w->epochs, w->epochs.current)};
}

static void lose_watch(struct watch *w, struct node *n)
{
	int wd = n->wd;
	enum status st = nodes_set_wd(&w->nodes, n, -1);

	BUG_UNLESS(st == ST_OK);
	if (!nodes_by_wd(&w->nodes, wd))
		w->watch_count--;
}

void events_mapped(struct watch *w, struct node *n, struct epoch *epoch)
{
	struct early_wd *x = find_early(w, n->wd);

	if (!x)
		return;
	if (x->dead)
		lose_watch(w, n);
	node_mark(w, n, true, epoch ? epoch : x->epoch);
	epoch_let(&w->epochs, x->epoch);
	*x = w->early.items[--w->early.count];
}

void events_forget_early(struct watch *w)
{
	while (w->early.count)
		epoch_let(&w->epochs, w->early.items[--w->early.count].epoch);
}

/* The directory itself: its parent's comparison tells what became of it. */
static void on_self(struct watch *w, struct node *n, uint32_t mask)
{
	if (mask & IN_IGNORED) {
		lose_watch(w, n);
		node_mark(w, n, true, w->epochs.current);
	}
	if (n->parent)
		hint_now(w, node_parent(n), node_name(n));
	else
		node_mark(w, n, true, w->epochs.current);
}

static void on_name(struct watch *w, struct node *n, uint32_t mask, const char *name)
{
	struct hint_ask ask = {.epoch = w->epochs.current};

	if (mask & IN_ISDIR) {
		hint_add(w, n, name, &ask);
		return;
	}
	if (!strcmp(name, SCOPE_FILE))
		node_mark(w, n, true, w->epochs.current);
	if (mask & IN_CLOSE_WRITE) {
		/* Bytes may be new though no stamp is: a second store to a page that was dirty already. */
		ask.force = true;
		ask.reason = JOB_CLOSED;
	} else if (mask & (IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB)) {
		ask.delay_ms = 0;
	} else if (mask & IN_CREATE) {
		ask.delay_ms = CREATE_SETTLE_MS;
	} else {
		ask.delay_ms = w->config->settle_ms;
		ask.writing = true;
	}
	hint_add(w, n, name, &ask);
}

static void on_event(void *arg, const struct inotify_event *e)
{
	struct watch *w = arg;

	if (e->mask & IN_Q_OVERFLOW) {
		overflow(w);
		return;
	}
	struct node *n = nodes_by_wd(&w->nodes, e->wd);
	if (!n)
		note_early(w, e->wd, e->mask & IN_IGNORED);
	for (struct node *next; n; n = next) {
		next = node_wd_next(n);
		if (e->len)
			on_name(w, n, e->mask, e->name);
		else
			on_self(w, n, e->mask);
	}
}

void events_read(struct watch *w, bool all)
{
	inotify_drain(w->inotify, all ? READS_ALL : READS_A_TURN, on_event, w);
	above_events(w);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)events;
	if (status) {
		log_error("inotify: %s", uv_strerror(status));
		return;
	}
	events_read(w, false);
	crawl_kick(w);
}

enum status events_start(struct watch *w)
{
	w->poll.data = w;
	if (uv_poll_init(w->loop, &w->poll, w->inotify))
		return ST_SYSTEM;
	w->handles++;
	return uv_poll_start(&w->poll, UV_READABLE, on_readable) ? ST_SYSTEM : ST_OK;
}
