/* serve_parts: the documents inside of one file, in their order. */
#include "core/mem.h"
#include "serve/converters.h"
#include "serve/handlers.h"
#include "serve/reading.h"
#include "serve/request_path.h"
#include "serve/sight.h"
#include "store/listing.h"
#include "store/tree_path.h"

#include <string.h>

enum { PARTS_LIMIT = 1000 };

struct parts_reading {
	struct reading reading;
	struct config *config;
	struct buf path;
	int64_t limit, offset;

	/* while it runs */
	struct buf *json;
	int64_t count;
};

static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, ",\"%s\":", key);
	frame_add_string(out, text, strlen(text));
}

static void add_failure(struct buf *out, const struct config *config, const struct part_row *p)
{
	const char *converter = p->converter ? p->converter : "";
	const char *package = converter_package(config, converter, p->reason);

	add_text(out, "converter", converter);
	add_text(out, "reason", p->reason);
	add_text(out, "detail", p->detail ? p->detail : "");
	if (package)
		add_text(out, "package", package);
}

static bool add_part(void *arg, const struct part_row *p)
{
	struct parts_reading *g = arg;
	struct buf *out = g->json;

	if (g->count++ == g->limit)
		return false; /* there are more */
	buf_adds(out, g->count > 1 ? ",{" : "{");
	part_add(out, p->path);
	add_text(out, "type", p->type);
	buf_addf(out, ",\"size\":%lld", (long long)p->size);
	if (p->mtime)
		buf_addf(out, ",\"mtime\":%lld", (long long)p->mtime);
	add_text(out, "state", file_state_text(p->state));
	if (p->reason)
		add_failure(out, g->config, p);
	buf_addc(out, '}');
	return !out->failed;
}

static enum status fill_parts(struct reading *g, struct db *db, struct buf *json)
{
	struct parts_reading *p = (struct parts_reading *)g;
	int64_t total = 0, failed = 0;
	struct tree_place place;

	p->json = json;
	g->why = "no such file in the index";
	enum status st = sight_file(db, g->caller, p->path.data, &place);
	if (st != ST_OK)
		return st;
	buf_addc(json, '{');
	frame_add_path(json, "path", p->path.data, p->path.len);
	buf_adds(json, ",\"parts\":[");
	st = parts_list(db, place.file.document, p->offset, p->limit + 1, add_part, p);
	if (st == ST_OK)
		st = parts_summary(db, place.file.document, &total, &failed);
	buf_addf(json, "],\"total\":%lld,\"failed\":%lld,\"more\":%s,\"clock\":\"",
		(long long)total, (long long)failed, p->count > p->limit ? "true" : "false");
	clock_add(json, g->instance, g->clock);
	buf_adds(json, "\"}");
	return st;
}

static void finish_parts(struct reading *g)
{
	struct parts_reading *p = (struct parts_reading *)g;

	buf_finish(&p->path);
	config_unref(p->config);
}

void serve_parts(struct request *r)
{
	AUTO_BUF path = BUF_INIT;

	if (!request_path(r, &path))
		return;
	struct parts_reading *p = mem_zalloc(sizeof *p);
	if (p) {
		p->reading.fill = fill_parts;
		p->reading.finish = finish_parts;
		p->config = config_ref(r->context->config);
		p->path = path;
		path = (struct buf)BUF_INIT;
		p->limit = param_integer(r->params, "limit", PARTS_LIMIT);
		p->offset = param_integer(r->params, "offset", 0);
	}
	reading_start(r, p ? &p->reading : NULL);
}
