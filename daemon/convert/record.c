/* record: incremental reader of reply records; see record.h. */
#include "convert/record.h"

#include "core/log.h"
#include "core/path.h"

#include <cjson/cJSON.h>
#include <string.h>

enum kind {
	KIND_META,
	KIND_TEXT,
	KIND_REROUTE,
	KIND_DONE,
	KIND_PART,
	KIND_PART_BYTES,
	KIND_PART_FAIL
};

static const struct {
	char letter;
	enum kind kind;
	uint32_t max;
} kinds[] = {
	{'T', KIND_TEXT, RECORD_MAX},
	{'M', KIND_META, RECORD_SMALL_MAX},
	{'D', KIND_DONE, RECORD_SMALL_MAX},
	{'R', KIND_REROUTE, RECORD_SMALL_MAX},
	{'P', KIND_PART, RECORD_SMALL_MAX},
	{'B', KIND_PART_BYTES, RECORD_MAX},
	{'F', KIND_PART_FAIL, RECORD_SMALL_MAX},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

void record_start(struct record_reader *r, struct buf *text, struct buf *meta, struct buf *last,
	size_t text_limit, const struct record_sink *sink)
{
	struct buf payload = r->payload;
	struct part_head part_head = r->part_head;

	buf_clear(&payload);
	part_head_clear(&part_head);
	*r = (struct record_reader){
		.text = text,
		.meta = meta,
		.last = last,
		.text_limit = text_limit,
		.sink = sink,
		.payload = payload,
		.part_head = part_head,
	};
}

void record_finish(struct record_reader *r)
{
	buf_finish(&r->payload);
	part_head_finish(&r->part_head);
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
	if (kinds[row].kind == KIND_META && r->has_meta)
		return bad(r, "metadata came twice");
	if (kinds[row].kind == KIND_PART_BYTES && r->part != PART_OPEN)
		return bad(r, "bytes of no part");
	if (kinds[row].kind == KIND_PART_FAIL && r->part != PART_OPEN)
		return bad(r, "a failure of no part");
	if (kinds[row].kind == KIND_REROUTE && r->part != PART_NONE)
		return bad(r, "a reroute behind parts");
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

/* --- parts --- */

/* What came is the whole of it. */
static enum record_state end_part(struct record_reader *r)
{
	bool open = r->part == PART_OPEN;

	if (open)
		r->part = PART_FAILED; /* nothing more of it can come */
	return open && r->sink ? r->sink->end(r->sink->arg) : RECORD_MORE;
}

static enum record_state begin_part(struct record_reader *r)
{
	const char *fault = NULL;
	enum record_state state = end_part(r);

	if (state != RECORD_MORE)
		return state;
	enum status st = part_head_parse(&r->part_head, r->payload.data, r->payload.len, &fault);
	if (st == ST_INVALID)
		return bad(r, fault);
	if (st != ST_OK)
		return RECORD_NOMEM;
	r->part = PART_OPEN;
	return r->sink ? r->sink->begin(r->sink->arg, &r->part_head) : RECORD_MORE;
}

static enum record_state add_part_bytes(struct record_reader *r, const char *bytes, size_t n)
{
	return r->sink && n ? r->sink->bytes(r->sink->arg, bytes, n) : RECORD_MORE;
}

/* Status and detail of D or F; the detail is appended to `out`, cut and made valid.  False: there
 * is no status. */
static bool read_verdict(const cJSON *json, int *status, struct buf *out)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, "status");
	const char *detail = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "detail"));

	if (!cJSON_IsNumber(number))
		return false;
	*status = number->valueint;
	if (detail) /* cut, it may end in half a character, which is replaced */
		utf8_add_lossy(out, detail, strnlen(detail, RECORD_DETAIL_MAX));
	return true;
}

static enum record_state fail_part(struct record_reader *r)
{
	AUTO_BUF detail = BUF_INIT;
	enum record_state state = RECORD_MORE;
	int status;

	cJSON *json = cJSON_ParseWithLength(r->payload.data, r->payload.len);
	bool ok = read_verdict(json, &status, &detail);
	cJSON_Delete(json);
	if (detail.failed)
		return RECORD_NOMEM;
	if (!ok || status == 0)
		return bad(r, "a part's failure has no status");
	r->part = PART_FAILED;
	if (r->sink)
		state = r->sink->fail(r->sink->arg, status, detail.data ? detail.data : "");
	return state == RECORD_BAD ? bad(r, "a part failed with an unknown status") : state;
}

/* --- the ends of records --- */

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
	bool ok = read_verdict(json, &r->status, r->last);

	r->truncated |= cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "truncated"));
	cJSON_Delete(json);
	if (r->last->failed)
		return RECORD_NOMEM;
	if (!ok)
		return bad(r, "the last record has no status");
	/* Parts of a container that failed go with it. */
	enum record_state state = r->status == 0 ? end_part(r) : RECORD_MORE;
	return state == RECORD_MORE ? RECORD_DONE : state;
}

static enum record_state end_reroute(struct record_reader *r)
{
	const struct buf *p = &r->payload;

	if (!part_type_is_valid(p->data, p->len))
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
	case KIND_PART_BYTES:
		return RECORD_MORE;
	case KIND_META:
		return end_meta(r);
	case KIND_DONE:
		return end_done(r);
	case KIND_REROUTE:
		return end_reroute(r);
	case KIND_PART:
		return begin_part(r);
	case KIND_PART_FAIL:
		return fail_part(r);
	}
	BUG("a record of unknown kind was begun");
}

/* Some bytes of the record that has begun. */
static enum record_state take_payload(struct record_reader *r, const char *bytes, size_t n)
{
	enum record_state state = RECORD_MORE;
	enum kind kind = kind_of(r);

	if (kind == KIND_TEXT)
		add_text(r, bytes, n);
	else if (kind == KIND_PART_BYTES)
		state = add_part_bytes(r, bytes, n);
	else
		buf_add(&r->payload, bytes, n);
	r->left -= (uint32_t)n;
	return state;
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

			state = take_payload(r, bytes, take);
			bytes += take;
			n -= take;
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
