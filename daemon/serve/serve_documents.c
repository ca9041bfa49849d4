/* serve_documents: what the store knows of files: document, failures. */
#include "core/mem.h"
#include "search/visible.h"
#include "serve/converters.h"
#include "serve/handlers.h"
#include "serve/reading.h"
#include "serve/request_path.h"
#include "serve/sight.h"
#include "store/documents.h"
#include "store/listing.h"
#include "store/parts.h"
#include "store/tree_path.h"

#include <string.h>

enum { DOCUMENT_LIMIT = 1 << 20, FAILURES_LIMIT = 100 };

static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, ",\"%s\":", key);
	frame_add_string(out, text, strlen(text));
}

/* Seconds, where 0 stands for none. */
static void add_time(struct buf *out, const char *key, int64_t seconds)
{
	if (seconds)
		buf_addf(out, ",\"%s\":%lld", key, (long long)seconds);
	else
		buf_addf(out, ",\"%s\":null", key);
}

/* --- document ----------------------------------------------------------------------------------- */

struct document_reading {
	struct reading reading;
	struct buf path, part; /* part: empty for the file itself */
	int64_t offset, limit;
};

/* The converter's own words are parsed and written anew: a line of ours stays one line. */
static void add_meta(struct buf *out, const char *meta)
{
	const char *why = NULL;
	size_t n = meta ? strlen(meta) : 0;
	cJSON *value = n > 0 && frame_check(meta, n, &why) ? frame_parse(meta, n) : NULL;

	buf_adds(out, ",\"meta\":");
	if (cJSON_IsObject(value))
		frame_add_json(out, value);
	else
		buf_adds(out, "{}");
	cJSON_Delete(value);
}

static void add_info(void *arg, const struct document_info *d)
{
	struct buf *out = arg;

	add_text(out, "type", d->type);
	add_text(out, "title", d->title);
	add_text(out, "author", d->author);
	add_time(out, "created", d->created);
	if (d->lang)
		add_text(out, "lang", d->lang);
	else
		buf_adds(out, ",\"lang\":null");
	buf_addf(out, ",\"size\":%lld,\"truncated\":%s", (long long)d->size,
		d->truncated ? "true" : "false");
	add_text(out, "converter", d->converter);
	add_meta(out, d->meta);
}

/* The beginning of the character that the byte at `at` belongs to. */
static size_t character_at(const struct buf *text, size_t at)
{
	while (at > 0 && at < text->len && ((unsigned char)text->data[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* At least one character, lest who pages by bytes stands still. */
static size_t slice_end(const struct buf *text, size_t begin, size_t limit)
{
	if (limit >= text->len - begin)
		return text->len;
	size_t end = character_at(text, begin + limit);
	if (end <= begin && limit > 0)
		for (end = begin + 1;
			end < text->len && ((unsigned char)text->data[end] & 0xc0) == 0x80;)
			end++;
	return end;
}

static void add_slice(struct buf *out, const struct buf *text, int64_t offset, int64_t limit)
{
	size_t begin = (size_t)offset < text->len ? character_at(text, (size_t)offset) : text->len;
	size_t end = slice_end(text, begin, (size_t)limit);

	buf_adds(out, ",\"text\":");
	frame_add_string(out, text->data ? text->data + begin : "", end - begin);
	buf_addf(out, ",\"offset\":%zu,\"more\":%s", begin, end < text->len ? "true" : "false");
}

static void note_document(void *arg, const struct part_row *p)
{
	*(int64_t *)arg = p->document;
}

/* Which document is asked for; ST_NOT_FOUND with its reason. */
static enum status find_document(
	struct document_reading *d, struct db *db, struct tree_place *place, int64_t *document)
{
	struct reading *g = &d->reading;

	g->why = "no such file in the index";
	enum status st = sight_file(db, g->caller, d->path.data, place);
	if (st != ST_OK)
		return st;
	g->why = "the file has no text in the index; explain tells why";
	*document = place->file.document;
	if (*document && d->part.len) {
		g->why = "no such part";
		st = part_find(db, place->file.document, d->part.data, note_document, document);
		if (st != ST_OK)
			return st;
		g->why = "the part has no text in the index; explain tells why";
	}
	return *document ? ST_OK : ST_NOT_FOUND;
}

static void add_names(struct buf *json, const struct document_reading *d, const char *name)
{
	if (d->part.len)
		name = part_leaf(d->part.data);
	buf_addc(json, '{');
	frame_add_path(json, "path", d->path.data, d->path.len);
	buf_addc(json, ',');
	part_add(json, d->part.len ? d->part.data : "");
	buf_addc(json, ',');
	frame_add_path(json, "name", name, strlen(name));
}

static enum status fill_document(struct reading *g, struct db *db, struct buf *json)
{
	struct document_reading *d = (struct document_reading *)g;
	struct tree_place place;
	int64_t document, parts = 0, failed;
	AUTO_BUF text = BUF_INIT;
	enum status st = find_document(d, db, &place, &document);

	if (st != ST_OK)
		return st;
	add_names(json, d, place.name);
	st = document_info(db, document, add_info, json);
	if (st == ST_OK)
		st = documents_text(db, document, &text);
	if (st == ST_OK)
		st = parts_summary(db, document, &parts, &failed);
	if (st != ST_OK)
		return st;
	buf_addf(json, ",\"parts\":%lld", (long long)parts);
	add_slice(json, &text, d->offset, d->limit);
	buf_adds(json, ",\"clock\":\"");
	clock_add(json, g->instance, g->clock);
	buf_adds(json, "\"}");
	return ST_OK;
}

static void finish_document(struct reading *g)
{
	struct document_reading *d = (struct document_reading *)g;

	buf_finish(&d->path);
	buf_finish(&d->part);
}

void serve_document(struct request *r)
{
	AUTO_BUF path = BUF_INIT, part = BUF_INIT;

	if (!request_path(r, &path))
		return;
	request_part(r, &part);
	struct document_reading *d = part.failed ? NULL : mem_zalloc(sizeof *d);
	if (d) {
		d->reading.fill = fill_document;
		d->reading.finish = finish_document;
		d->path = path;
		d->part = part;
		path = part = (struct buf)BUF_INIT;
		d->offset = param_integer(r->params, "offset", 0);
		d->limit = param_integer(r->params, "limit", DOCUMENT_LIMIT);
	}
	reading_start(r, d ? &d->reading : NULL);
}

/* --- failures ----------------------------------------------------------------------------------- */

struct failures_reading {
	struct reading reading;
	struct config *config;
	int64_t limit, offset;

	/* while it runs */
	struct buf *json;
	struct visible *visible; /* NULL: the caller sees all, and the store counts */
	enum status judged;
};

static void write_failure(const struct failures_reading *g, const struct failure_row *f)
{
	const char *package = converter_package(g->config, f->converter, f->reason);
	struct buf *out = g->json;

	buf_adds(out, out->len > 1 ? ",{" : "{");
	frame_add_path(out, "path", f->path, strlen(f->path));
	if (f->part) {
		buf_addc(out, ',');
		part_add(out, f->part);
	}
	if (package)
		add_text(out, "package", package);
	add_text(out, "converter", f->converter);
	add_text(out, "reason", f->reason);
	add_text(out, "detail", f->detail);
	add_text(out, "output", f->output);
	buf_addf(out, ",\"attempts\":%lld", (long long)f->attempts);
	add_time(out, "next_try", f->next_try);
	add_time(out, "at", f->at);
	buf_addc(out, '}');
}

static bool add_failure(void *arg, const struct failure_row *f)
{
	struct failures_reading *g = arg;

	write_failure(g, f);
	return !g->json->failed;
}

/* Pages are counted in failures that the caller may see. */
static bool add_visible_failure(void *arg, const struct failure_row *f)
{
	struct failures_reading *g = arg;
	bool visible;

	if (visible_file(g->visible, f->file, &visible) != SQLITE_OK) {
		g->judged = ST_IO;
		return false;
	}
	if (!visible || g->offset-- > 0)
		return true;
	write_failure(g, f);
	return --g->limit > 0 && !g->json->failed;
}

static enum status list_visible_failures(struct failures_reading *f, struct db *db)
{
	enum status st = visible_create(db_raw(db), f->reading.caller, &f->visible);

	if (st != ST_OK)
		return st;
	st = failures_list(db, INT64_MAX, 0, add_visible_failure, f);
	visible_destroy(f->visible);
	return st == ST_OK ? f->judged : st;
}

static enum status fill_failures(struct reading *g, struct db *db, struct buf *json)
{
	struct failures_reading *f = (struct failures_reading *)g;

	f->json = json;
	buf_addc(json, '[');
	enum status st = caller_sees_all(g->caller)
				 ? failures_list(db, f->limit, f->offset, add_failure, f)
				 : list_visible_failures(f, db);
	buf_addc(json, ']');
	return st;
}

static void finish_failures(struct reading *g)
{
	config_unref(((struct failures_reading *)g)->config);
}

void serve_failures(struct request *r)
{
	struct failures_reading *f = mem_zalloc(sizeof *f);

	if (f) {
		f->reading.fill = fill_failures;
		f->reading.finish = finish_failures;
		f->config = config_ref(r->context->config);
		f->limit = param_integer(r->params, "limit", FAILURES_LIMIT);
		f->offset = param_integer(r->params, "offset", 0);
	}
	reading_start(r, f ? &f->reading : NULL);
}
