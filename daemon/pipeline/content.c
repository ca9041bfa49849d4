/* content: from results to documents and parts; see content.h. */
#include "pipeline/content.h"

#include "core/stats.h"
#include "store/parts.h"

#include <string.h>

static const char *text_of(const struct buf *b)
{
	return b->data ? b->data : "";
}

static enum status put_document(struct db *db, const struct result *r, int64_t *id)
{
	struct document d = {
		.converter = r->converter,
		.type = r->type.len ? r->type.data : "application/octet-stream",
		.title = text_of(&r->title),
		.author = text_of(&r->author),
		.lang = r->lang.len ? r->lang.data : NULL,
		.created = r->created,
		.meta = r->meta.len ? r->meta.data : NULL,
		.text = text_of(&r->text),
		.text_len = r->text.len,
		.packed = r->packed,
		.packed_len = r->packed_len,
		.truncated = r->truncated,
		.parts = r->parts,
	};

	memcpy(d.hash, r->hash, sizeof d.hash);
	stats_add(text_bytes, (long long)r->text.len);
	return documents_put(db, &d, id);
}

/* A file's twin is whatever its rule made of that content; a part's is known by its converter. */
static enum status find_twin(struct db *db, const struct result *r, int64_t *id)
{
	if (r->place)
		return documents_find(db, r->hash, r->converter, id);
	enum status st = documents_find(db, r->hash, r->rule, id);

	return st == ST_NOT_FOUND ? documents_find_by_rule(db, r->hash, r->rule, id) : st;
}

static enum status put(struct db *db, const struct result *r, int64_t *document)
{
	switch (r->kind) {
	case RESULT_TEXT:
		return r->of->parts == PARTS_SOUND ? put_document(db, r, document) : ST_NOT_FOUND;
	case RESULT_KNOWN:
		*document = r->known;
		return ST_OK;
	case RESULT_TWIN:
		return find_twin(db, r, document);
	case RESULT_STILL:
	case RESULT_STATE:
	case RESULT_NONE:
		return ST_OK;
	}
	return ST_OK;
}

enum status content_put(struct db *db, const struct result *r, int64_t *document)
{
	*document = 0;
	enum status st = put(db, r, document);

	if (r->builder && (st == ST_NOT_FOUND || (st == ST_OK && r->kind != RESULT_TEXT))) {
		enum status gone = parts_abandon(db, r->hash, r->builder);

		st = gone == ST_OK ? st : gone;
	}
	return st;
}

static enum status add_to(
	struct db *db, const struct result *r, const struct result_container *in, int64_t document)
{
	const char *path = r->place->path + in->path_at;
	const struct part p = {
		.path = path,
		.type = r->type.len ? r->type.data : NULL,
		.size = r->place->size,
		.mtime = r->place->mtime,
		.state = r->state,
		.rule = r->rule,
		.document = document,
		.converter = r->reason ? text_of(&r->who) : NULL,
		.reason = r->reason,
		.detail = r->reason ? text_of(&r->detail) : NULL,
	};
	int64_t container, copied = 0;
	enum status st = parts_begin(db, in->hash, in->converter, in->type, &container);

	if (st == ST_OK)
		st = parts_add(db, container, in->n, &p);
	if (st == ST_OK && r->place->copies)
		st = parts_copy(db, container, in->n + 1, path, document, &copied);
	return st == ST_OK && copied != r->place->copies ? ST_NOT_FOUND : st;
}

enum status content_put_part(struct db *db, const struct result *r)
{
	int64_t document;
	enum status st = content_put(db, r, &document);

	if (r->of->parts != PARTS_SOUND)
		return st == ST_NOT_FOUND ? ST_OK : st;
	for (size_t i = 0; i < r->place->depth && st == ST_OK; i++)
		st = add_to(db, r, &r->place->containers[i], document);
	if (st != ST_NOT_FOUND)
		return st;
	r->of->parts = PARTS_LOST;
	return ST_OK;
}
