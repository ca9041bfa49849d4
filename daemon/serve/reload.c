/*
 * reload: rereading the configuration for clients; see reload.h.
 *
 *   asked ──(another is under way)──► asked again at the next tick
 *     └──(begun)──► answered when it has ended, with the faults if there were any
 */
#include "serve/reload.h"

#include "core/mem.h"
#include "serve/handlers.h"
#include "serve/request.h"

#include <string.h>

struct reload {
	struct reload *next;
	struct request *request;
	bool begun;
};

/* Each line as a string of an array. */
static void add_lines(struct buf *out, const char *text)
{
	const char *separator = "";

	buf_addc(out, '[');
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (n > 0) {
			buf_adds(out, separator);
			frame_add_string(out, line, n);
			separator = ",";
		}
		line += n + (line[n] == '\n');
	}
	buf_addc(out, ']');
}

static void answer(struct request *r, enum status st, const char *errors)
{
	AUTO_BUF out = BUF_INIT;

	if (st != ST_OK && st != ST_CONFIG) {
		request_status_error(r, st);
		return;
	}
	buf_addf(&out, "{\"reloaded\":%s,\"errors\":", st == ST_OK ? "true" : "false");
	add_lines(&out, errors);
	buf_addc(&out, '}');
	if (out.failed)
		request_status_error(r, ST_NOMEM);
	else
		request_result(r, out.data, out.len);
}

static void take_out(struct context *ctx, struct reload *l)
{
	struct reload **at = &ctx->reloads;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	mem_free(l);
}

static void end(struct reload *l, enum status st, const char *errors)
{
	struct request *r = l->request;

	r->abandon = NULL;
	take_out(r->context, l);
	answer(r, st, errors);
}

static void abandon(struct request *r)
{
	take_out(r->context, r->work);
}

/* Not under way yet: tries to begin it. */
static void begin(struct context *ctx, struct reload *l)
{
	enum status st = ctx->hooks.reload(ctx->hook_arg);

	l->begun = st == ST_OK;
	if (st != ST_OK && st != ST_AGAIN)
		end(l, st, "");
}

void serve_reload(struct request *r)
{
	struct context *ctx = r->context;
	struct reload *l = mem_zalloc(sizeof *l);

	if (!l) {
		request_status_error(r, ST_NOMEM);
		return;
	}
	l->request = r;
	l->next = ctx->reloads;
	ctx->reloads = l;
	request_wait(r, abandon, l);
	begin(ctx, l);
	context_wake(ctx);
}

void reload_ended(struct context *ctx, enum status st, const char *errors)
{
	struct reload *l = ctx->reloads, *next;

	for (; l; l = next) {
		next = l->next;
		if (l->begun)
			end(l, st, errors);
	}
}

bool reload_tick(struct context *ctx)
{
	struct reload *l = ctx->reloads, *next;
	bool waits = false;

	for (; l; l = next) {
		next = l->next;
		if (!l->begun) {
			waits = true;
			begin(ctx, l);
		}
	}
	return waits;
}
