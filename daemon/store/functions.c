/* functions: trawl_inflate, trawl_fold and trawl_leaf; see functions.h. */
#include "store/functions.h"

#include "core/buf.h"
#include "core/path.h"
#include "store/parts.h"

#include <zstd.h>

static void fail_corrupt(sqlite3_context *ctx)
{
	sqlite3_result_error(ctx, "trawl_inflate: damaged zstd frame", -1);
	sqlite3_result_error_code(ctx, SQLITE_CORRUPT);
}

/* Of the frame whose pieces it was given.  User data: the connection's ZSTD_DCtx. */
static void inflate(sqlite3_context *ctx, const struct buf *frame)
{
	unsigned long long size = ZSTD_getFrameContentSize(frame->data, frame->len);
	int most = sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1);

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
		size > (unsigned long long)most) {
		fail_corrupt(ctx);
		return;
	}
	char *text = sqlite3_malloc64(size + 1);
	if (!text) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	size_t got = ZSTD_decompressDCtx(
		sqlite3_user_data(ctx), text, (size_t)size, frame->data, frame->len);
	if (ZSTD_isError(got) || got != size) {
		sqlite3_free(text);
		fail_corrupt(ctx);
		return;
	}
	text[size] = '\0';
	sqlite3_result_text64(ctx, text, size, sqlite3_free, SQLITE_UTF8);
}

/* SQLite zeroes what a group of rows has, which is an empty buf. */
static void inflate_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct buf *frame = sqlite3_aggregate_context(ctx, sizeof *frame);

	(void)argc;
	if (frame)
		buf_add(frame, sqlite3_value_blob(argv[0]), (size_t)sqlite3_value_bytes(argv[0]));
	else
		sqlite3_result_error_nomem(ctx);
}

static void inflate_final(sqlite3_context *ctx)
{
	struct buf *frame = sqlite3_aggregate_context(ctx, 0);

	if (!frame)
		return; /* of no rows: NULL */
	if (frame->failed)
		sqlite3_result_error_nomem(ctx);
	else
		inflate(ctx, frame);
	buf_finish(frame);
}

static void fold(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	const char *name = sqlite3_value_blob(argv[0]);
	size_t len = (size_t)sqlite3_value_bytes(argv[0]);
	AUTO_BUF folded = BUF_INIT;

	buf_reserve(&folded, len);
	utf8_add_folded(&folded, name ? name : "", len);
	if (buf_status(&folded) != ST_OK)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_text64(ctx, folded.data ? folded.data : "", folded.len,
			SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void leaf(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	const char *path = (const char *)sqlite3_value_text(argv[0]);

	if (!path)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_text(ctx, part_leaf(path), -1, SQLITE_TRANSIENT);
}

static void free_context(void *context)
{
	ZSTD_freeDCtx(context);
}

int functions_register(sqlite3 *raw)
{
	/* Innocuous: the views must be able to call them while trusted_schema is off. */
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (!context)
		return SQLITE_NOMEM;
	/* Takes the context, even when it fails. */
	int rc = sqlite3_create_function_v2(
		raw, "trawl_inflate", 1, flags, context, NULL, inflate_step, inflate_final, free_context);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(
			raw, "trawl_fold", 1, flags, NULL, fold, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(
			raw, "trawl_leaf", 1, flags, NULL, leaf, NULL, NULL, NULL);
	return rc;
}
