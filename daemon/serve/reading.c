/* reading: from a request to a reader and back; see reading.h. */
#include "serve/reading.h"

#include "core/mem.h"
#include "store/meta.h"

static enum status run(struct reader_task *t, struct db *db)
{
	struct reading *g = (struct reading *)t;

	enum status st = db_begin(db);
	if (st != ST_OK)
		return st;
	st = meta_clock(db, &g->clock);
	g->instance = db_instance(db);
	if (st == ST_OK)
		st = g->fill(g, db, &g->json);
	db_rollback(db);
	return st == ST_OK ? buf_status(&g->json) : st;
}

static void destroy(struct reading *g)
{
	if (g->finish)
		g->finish(g);
	buf_finish(&g->json);
	peer_unref(g->peer);
	mem_free(g);
}

static void done(struct reader_task *t)
{
	struct reading *g = (struct reading *)t;
	struct request *r = g->request;

	if (r) {
		r->abandon = NULL;
		if (t->st == ST_OK)
			request_result(r, g->json.data, g->json.len);
		else if (t->st == ST_NOT_FOUND && g->why)
			request_trawl_error(r, RPC_CODE_NOT_FOUND, g->why, -1);
		else if (t->st == ST_INVALID && g->why)
			request_error(r, RPC_INVALID_PARAMS, g->why);
		else
			request_status_error(r, t->st);
	}
	destroy(g);
}

static void abandon(struct request *r)
{
	struct reading *g = r->work;

	g->request = NULL;
	readers_cancel(&g->task);
}

void reading_start(struct request *r, struct reading *g)
{
	if (!g) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	g->task.run = run;
	g->task.done = done;
	g->task.lane = client_lane(r->client);
	g->task.deadline_ms = r->deadline_ms;
	g->request = r;
	g->peer = peer_ref(r->peer);
	g->caller = peer_caller(g->peer);
	enum status st = readers_submit(r->context->readers, &g->task);
	if (st == ST_OK) {
		request_wait(r, abandon, g);
		request_expire_late(r);
		return;
	}
	destroy(g);
	request_status_error(r, st);
}
