/* mailbox: letters to the loop; see mailbox.h. */
#include "core/mailbox.h"

#include "core/lock.h"
#include "core/mem.h"

struct mailbox {
	uv_async_t async;

	/* protected by lock */
	struct lock lock;
	struct letter *first;
	struct letter **end;
};

static void deliver(uv_async_t *async)
{
	struct mailbox *m = async->data;
	struct letter *l;

	lock_take(&m->lock);
	l = m->first;
	m->first = NULL;
	m->end = &m->first;
	lock_drop(&m->lock);
	while (l) {
		struct letter *next = l->next;

		l->open(l);
		l = next;
	}
}

enum status mailbox_create(uv_loop_t *loop, struct mailbox **out)
{
	struct mailbox *m = mem_zalloc(sizeof *m);

	if (!m)
		return ST_NOMEM;
	if (uv_async_init(loop, &m->async, deliver)) {
		mem_free(m);
		return ST_SYSTEM;
	}
	m->async.data = m;
	lock_init(&m->lock);
	m->end = &m->first;
	*out = m;
	return ST_OK;
}

void mailbox_send(struct mailbox *m, struct letter *l)
{
	l->next = NULL;
	lock_take(&m->lock);
	*m->end = l;
	m->end = &l->next;
	lock_drop(&m->lock);
	uv_async_send(&m->async);
}

void mailbox_close(struct mailbox *m)
{
	deliver(&m->async);
	uv_close((uv_handle_t *)&m->async, NULL);
}

void mailbox_destroy(struct mailbox *m)
{
	if (!m)
		return;
	lock_finish(&m->lock);
	mem_free(m);
}
