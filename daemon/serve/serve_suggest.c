/* serve_suggest: completing what somebody types. */
#include "search/suggest.h"

#include "core/mem.h"
#include "serve/handlers.h"
#include "serve/reading.h"

#include <string.h>

struct suggest_reading {
	struct reading reading;
	struct peer *peer;
	char *text;
	struct suggest_request request;
};

static enum status fill(struct reading *g, struct db *db, struct buf *json)
{
	struct suggest_reading *s = (struct suggest_reading *)g;
	const struct search_stop stop = {g->task.deadline_ms, &g->task.canceled};

	buf_addc(json, '{');
	enum status st = suggest_run(db, &s->request, peer_caller(s->peer), &stop, json);
	if (st != ST_OK)
		return st;
	buf_adds(json, ",\"clock\":\"");
	clock_add(json, g->instance, g->clock);
	buf_adds(json, "\"}");
	return ST_OK;
}

static void finish(struct reading *g)
{
	struct suggest_reading *s = (struct suggest_reading *)g;

	peer_unref(s->peer);
	mem_free(s->text);
}

void serve_suggest(struct request *r)
{
	char *text = mem_strdup(param_text(r->params, "prefix"));
	struct suggest_reading *s = text ? mem_zalloc(sizeof *s) : NULL;

	if (!s) {
		mem_free(text);
		reading_start(r, NULL);
		return;
	}
	s->reading.fill = fill;
	s->reading.finish = finish;
	s->peer = peer_ref(r->peer);
	s->text = text;
	s->request = (struct suggest_request){
		.text = text,
		.len = strlen(text),
		.limit = param_integer(r->params, "limit", SUGGEST_LIMIT),
		.names = param_integer(r->params, "names", 0),
	};
	reading_start(r, &s->reading);
}
