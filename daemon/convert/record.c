/* record: incremental reader of reply records; see record.h. */
#include "convert/record.h"

#include "core/log.h"
#include "core/path.h"

#include <cjson/cJSON.h>
#include <string.h>

enum kind { KIND_META, KIND_TEXT, KIND_REROUTE, KIND_DONE, KIND_PART };

static const struct {
	char letter;
	enum kind kind;
	uint32_t max;
} kinds[] = {
	{'T', KIND_TEXT, RECORD_MAX},
	{'M', KIND_META, RECORD_SMALL_MAX},
	{'D', KIND_DONE, RECORD_SMALL_MAX},
	{'R', KIND_REROUTE, RECORD_SMALL_MAX},
	{'P', KIND_PART, RECORD_MAX},
	{'B', KIND_PART, RECORD_MAX},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

void record_start(struct record_reader *r, struct buf *text, struct buf *meta, struct buf *last,
	size_t text_limit)
{
	struct buf payload = r->payload;

	buf_clear(&payload);
	*r = (struct record_reader){
		.text = text,
		.meta = meta,
		.last = last,
		.text_limit = text_limit,
		.payload = payload,
	};
}

void record_finish(struct record_reader *r)
{
	buf_finish(&r->payload);
}

static enum record_state bad(struct record_reader *r, const char *fault)
{
	r->fault = fault;
	return RECORD_BAD;
}

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The row of the record that has begun; its letter was checked by begin. */
static size_t row_of(const struct record_reader *r)
{
	size_t i = 0;

	while (i < KIND_COUNT && kinds[i].letter != (char)r->head[0])
		i++;
	return i;
}

static enum kind kind_of(const struct record_reader *r)
{
	size_t row = row_of(r);

	BUG_UNLESS(row < KIND_COUNT);
	return kinds[row].kind;
}

/* The head is whole: may such a record come now, and be so long? */
static enum record_state begin(struct record_reader *r)
{
	size_t row = row_of(r);

	if (row == KIND_COUNT)
		return bad(r, "a record of unknown type");
	if (kinds[row].kind == KIND_PART)
		return bad(r, "parts are not supported");
	if (kinds[row].kind == KIND_META && r->has_meta)
		return bad(r, "metadata came twice");
	r->left = get_u32(r->head + 1);
	if (r->left > kinds[row].max && kinds[row].kind == KIND_META) {
		r->fault = "metadata without end";
		return RECORD_TOO_LARGE;
	}
	if (r->left > kinds[row].max)
		return bad(r, "a record is too large");
	buf_clear(&r->payload);
	return RECORD_MORE;
}

static void add_text(struct record_reader *r, const char *bytes, size_t n)
{
	size_t room = r->text_limit > r->text->len ? r->text_limit - r->text->len : 0;
	size_t kept = n < room ? n : room;

	buf_add(r->text, bytes, kept);
	if (kept < n) {
		r->truncated = true;
		r->dropped += n - kept;
	}
}

static enum record_state end_meta(struct record_reader *r)
{
	if (!utf8_valid(r->payload.data, r->payload.len))
		return bad(r, "metadata is not UTF-8");
	cJSON *json = cJSON_ParseWithLength(r->payload.data, r->payload.len);
	bool object = cJSON_IsObject(json);
	cJSON_Delete(json);
	if (!object)
		return bad(r, "metadata is not a JSON object");
	r->has_meta = true;
	buf_add(r->meta, r->payload.data, r->payload.len);
	return r->meta->failed ? RECORD_NOMEM : RECORD_MORE;
}

static enum record_state end_done(struct record_reader *r)
{
	cJSON *json = cJSON_ParseWithLength(r->payload.data, r->payload.len);
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status");
	const char *detail = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "detail"));
	enum record_state state = RECORD_DONE;

	/* Cut, it may end in half a character, which is replaced. */
	if (cJSON_IsNumber(status)) {
		r->status = status->valueint;
		r->truncated |= cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "truncated"));
		if (detail)
			utf8_add_lossy(r->last, detail, strnlen(detail, RECORD_DETAIL_MAX));
		if (r->last->failed)
			state = RECORD_NOMEM;
	} else {
		state = bad(r, "the last record has no status");
	}
	cJSON_Delete(json);
	return state;
}

static enum record_state end_reroute(struct record_reader *r)
{
	const struct buf *p = &r->payload;
	const char *slash = p->len ? memchr(p->data, '/', p->len) : NULL;

	if (p->len > RECORD_TYPE_MAX)
		return bad(r, "a reroute to what is not a MIME type");
	for (size_t i = 0; i < p->len; i++)
		if (p->data[i] <= ' ' || p->data[i] > '~')
			return bad(r, "a reroute to what is not a MIME type");
	if (!slash || slash == p->data || slash == p->data + p->len - 1)
		return bad(r, "a reroute to what is not a MIME type");
	buf_add(r->last, p->data, p->len);
	return r->last->failed ? RECORD_NOMEM : RECORD_REROUTE;
}

/* The payload is whole. */
static enum record_state end(struct record_reader *r)
{
	enum kind kind = kind_of(r);

	r->have = 0;
	if (r->payload.failed || r->text->failed)
		return RECORD_NOMEM;
	switch (kind) {
	case KIND_TEXT:
		return RECORD_MORE;
	case KIND_META:
		return end_meta(r);
	case KIND_DONE:
		return end_done(r);
	case KIND_REROUTE:
		return end_reroute(r);
	case KIND_PART:
		break;
	}
	BUG("a part was begun");
}

enum record_state record_feed(struct record_reader *r, const char *bytes, size_t n)
{
	r->any |= n > 0;
	while (n) {
		enum record_state state = RECORD_MORE;

		if (r->have < RECORD_HEAD) {
			r->head[r->have++] = (unsigned char)*bytes++;
			n--;
			if (r->have < RECORD_HEAD)
				continue;
			state = begin(r);
		} else {
			size_t take = n < r->left ? n : r->left;

			if (kind_of(r) == KIND_TEXT)
				add_text(r, bytes, take);
			else
				buf_add(&r->payload, bytes, take);
			bytes += take;
			n -= take;
			r->left -= (uint32_t)take;
		}
		if (state == RECORD_MORE && r->left == 0)
			state = end(r);
		if (state != RECORD_MORE)
			return n && (state == RECORD_DONE || state == RECORD_REROUTE)
				       ? bad(r, "bytes behind the end of the answer")
				       : state;
	}
	return RECORD_MORE;
}

size_t record_due(const struct record_reader *r)
{
	if (r->have < RECORD_HEAD || kind_of(r) != KIND_TEXT || r->text->len >= r->text_limit)
		return 0;
	size_t room = r->text_limit - r->text->len;
	return r->left < room ? r->left : room;
}

void record_took(struct record_reader *r, size_t n)
{
	BUG_UNLESS(n <= record_due(r));
	r->text->len += n;
	r->text->data[r->text->len] = '\0';
	r->left -= (uint32_t)n;
	if (r->left == 0)
		r->have = 0;
}
