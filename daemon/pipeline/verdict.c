/* verdict: outcomes, metadata and text; see verdict.h. */
#include "pipeline/verdict.h"

#include "core/log.h"
#include "core/mem.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { ZSTD_LEVEL = 3 };

static const struct {
	enum file_state state;
	bool transient, failure;
} outcome_table[] = {
	[CONVERT_DONE] = {FILE_INDEXED, false, false},
	[CONVERT_BINARY] = {FILE_BINARY, false, false},
	[CONVERT_DAMAGED] = {FILE_FAILED, false, true},
	[CONVERT_ENCRYPTED] = {FILE_FAILED, false, true},
	[CONVERT_UNAVAILABLE] = {FILE_UNAVAILABLE, false, true},
	[CONVERT_RETRY] = {FILE_FAILED, true, true},
	[CONVERT_CRASHED] = {FILE_FAILED, true, true},
	[CONVERT_TIMED_OUT] = {FILE_FAILED, true, true},
	[CONVERT_OUTPUT_LIMIT] = {FILE_FAILED, true, true},
	[CONVERT_PROTOCOL] = {FILE_FAILED, true, true},
	[CONVERT_LIMIT] = {FILE_FAILED, false, true},
	[CONVERT_NO_CONVERTER] = {FILE_NO_CONVERTER, false, false},
};

static bool pack(struct result *r, ZSTD_CCtx *compressor)
{
	size_t room = ZSTD_compressBound(r->text.len);

	r->packed = mem_alloc(room);
	if (!r->packed)
		return false;
	size_t n = ZSTD_compressCCtx(compressor, r->packed, room, r->text.len ? r->text.data : "",
		r->text.len, ZSTD_LEVEL);
	if (ZSTD_isError(n)) {
		log_error("compressing: %s", ZSTD_getErrorName(n));
		return false;
	}
	r->packed_len = n;
	void *fit = mem_resize(r->packed, n, 1);
	if (fit)
		r->packed = fit;
	return true;
}

static void take_string(const cJSON *meta, const char *key, struct buf *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(meta, key);

	if (cJSON_IsString(item))
		buf_adds(out, item->valuestring);
}

/* The metadata record is the converter's word: what is not as agreed is passed over. */
static void take_meta(struct result *r, struct buf *json)
{
	cJSON *meta = json->len ? cJSON_ParseWithLength(json->data, json->len) : NULL;

	if (!cJSON_IsObject(meta)) {
		cJSON_Delete(meta);
		return;
	}
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(meta, "type");
	if (cJSON_IsString(type) && strchr(type->valuestring, '/')) {
		buf_clear(&r->type);
		buf_adds(&r->type, type->valuestring);
	}
	take_string(meta, "title", &r->title);
	take_string(meta, "author", &r->author);
	take_string(meta, "lang", &r->lang);
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(meta, "created");
	if (cJSON_IsNumber(created) && created->valuedouble > -1e11 && created->valuedouble < 1e11)
		r->created = (int64_t)created->valuedouble;
	cJSON_Delete(meta);
	r->meta = *json;
	*json = (struct buf)BUF_INIT;
}

static void move_buf(struct buf *to, struct buf *from)
{
	buf_finish(to);
	*to = *from;
	*from = (struct buf)BUF_INIT;
}

static void set_state(struct result *r, enum convert_outcome o, const struct converter *who)
{
	r->kind = RESULT_STATE;
	r->state = outcome_table[o].state;
	r->converter = who ? who->row_id : 0;
	if (!outcome_table[o].failure)
		return;
	r->reason = convert_outcome_word(o);
	r->transient = outcome_table[o].transient;
	r->charged = convert_outcome_charged(o);
	buf_adds(&r->who, who ? who->name : "");
}

void verdict_fail(struct result *r, enum convert_outcome o, const struct converter *who, const char *detail)
{
	set_state(r, o, who);
	if (r->reason)
		buf_adds(&r->detail, detail);
}

bool verdict_take(struct result *r, struct convert_result *c, ZSTD_CCtx *compressor)
{
	if (c->outcome == CONVERT_LAUNCH_FAILED || c->outcome == CONVERT_CANCELED)
		return false;
	set_state(r, c->outcome, c->converter);
	if (r->reason) {
		move_buf(&r->detail, &c->detail);
		move_buf(&r->output, &c->output);
	}
	if (r->state != FILE_INDEXED)
		return true;
	r->kind = RESULT_TEXT;
	move_buf(&r->text, &c->text);
	move_buf(&r->type, &c->type);
	take_meta(r, &c->meta);
	r->truncated = c->truncated;
	return pack(r, compressor);
}
