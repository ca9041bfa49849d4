/* catchup: a request waiting for a sync; see catchup.h. */
#include "serve/catchup.h"

#include "core/mem.h"

struct catchup {
	struct request *request;
	catchup_then *then;
	void *arg;
	struct watch_sync *sync;
	bool starting; /* inside watch_sync: the end is only noted */
	bool ended;
	enum status st;
	struct buf beyond;
};

static void end(struct catchup *c)
{
	struct request *r = c->request;

	r->abandon = NULL;
	if (c->st == ST_OK)
		context_synced(r->context);
	if (c->beyond.len == 0 || c->beyond.failed)
		c->then(r, c->beyond.failed ? ST_NOMEM : c->st, "[]", c->arg);
	else
		c->then(r, c->st, c->beyond.data, c->arg);
	buf_finish(&c->beyond);
	mem_free(c);
}

static void on_synced(void *arg, enum status st, const cJSON *beyond)
{
	struct catchup *c = arg;

	c->ended = true;
	c->st = st;
	if (beyond)
		frame_add_json(&c->beyond, beyond);
	if (!c->starting)
		end(c);
}

static void abandon(struct request *r)
{
	struct catchup *c = r->work;

	watch_sync_cancel(c->sync);
	c->then(NULL, ST_CANCELED, "[]", c->arg);
	buf_finish(&c->beyond);
	mem_free(c);
}

void catchup_start(struct request *r, int64_t timeout_ms, catchup_then *then, void *arg)
{
	struct catchup *c = mem_zalloc(sizeof *c);

	if (!c) {
		then(r, ST_NOMEM, "[]", arg);
		return;
	}
	c->request = r;
	c->then = then;
	c->arg = arg;
	c->starting = true;
	request_wait(r, abandon, c);
	enum status st = watch_sync(r->context->watch, timeout_ms, on_synced, c, &c->sync);
	c->starting = false;
	if (st != ST_OK) {
		c->ended = true;
		c->st = st;
	}
	if (c->ended)
		end(c);
}

void catchup_refuse(struct request *r, enum status st)
{
	if (st == ST_CANCELED)
		request_trawl_error(r, RPC_CODE_PAUSED, "indexing is paused", -1);
	else
		request_status_error(r, st);
}
