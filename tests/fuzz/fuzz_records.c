/*
 * fuzz_records: the reader of converters' records, fed in pieces whose sizes the input chooses.
 *
 * clang -fsanitize=fuzzer,address,undefined; the text limit is small, so that its edge is met
 * often.  Whoever takes the parts checks that they come in order and stay below their container.
 */
#include "convert/record.h"

#include "core/log.h"
#include "core/path.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_LIMIT = 200 };

/* --- the taker of parts --- */

struct taker {
	bool open;
	uint64_t bytes, parts;
};

static bool is_step(const char *s, size_t n)
{
	return n && !(n <= 2 && strspn(s, ".") >= n);
}

static void check_path(const struct buf *path)
{
	size_t steps = 0;

	BUG_UNLESS(path->len && path->len <= PART_PATH_MAX && utf8_valid(path->data, path->len));
	for (const char *s = path->data;; s++) {
		size_t n = strcspn(s, "/");

		BUG_UNLESS(is_step(s, n));
		steps++;
		s += n;
		if (!*s)
			break;
	}
	BUG_UNLESS(steps <= PART_STEPS_MAX);
}

static enum record_state part_begin(void *arg, const struct part_head *head)
{
	struct taker *t = arg;

	BUG_UNLESS(!t->open);
	check_path(&head->path);
	BUG_UNLESS(!head->type.len || part_type_is_valid(head->type.data, head->type.len));
	BUG_UNLESS(head->size >= -1);
	t->open = true;
	return ++t->parts == 100 ? RECORD_STOPPED : RECORD_MORE;
}

static enum record_state part_bytes(void *arg, const char *bytes, size_t n)
{
	struct taker *t = arg;

	BUG_UNLESS(t->open && bytes && n);
	t->bytes += n;
	return t->bytes > 10000 ? RECORD_STOPPED : RECORD_MORE;
}

static enum record_state part_fail(void *arg, int status, const char *detail)
{
	struct taker *t = arg;

	BUG_UNLESS(t->open && status && utf8_valid(detail, strlen(detail)));
	t->open = false;
	return status < 0 ? RECORD_BAD : RECORD_MORE;
}

static enum record_state part_end(void *arg)
{
	struct taker *t = arg;

	BUG_UNLESS(t->open);
	t->open = false;
	return RECORD_MORE;
}

/* --- the reader --- */

/* Takes one piece as the transport does: text that is due into its place, the rest by feed. */
static enum record_state take(struct record_reader *r, const char *bytes, size_t n)
{
	size_t due = record_due(r);
	size_t direct = due < n ? due : n;

	if (direct && buf_reserve(r->text, direct)) {
		memcpy(r->text->data + r->text->len, bytes, direct);
		record_took(r, direct);
		bytes += direct;
		n -= direct;
	}
	return record_feed(r, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_reader reader = {0};
	struct taker taker = {0};
	const struct record_sink sink = {part_begin, part_bytes, part_fail, part_end, &taker};
	AUTO_BUF text = BUF_INIT;
	AUTO_BUF meta = BUF_INIT;
	AUTO_BUF last = BUF_INIT;
	enum record_state state = RECORD_MORE;
	const char *bytes = (const char *)data;

	if (size == 0)
		return 0;
	size_t step = (size_t)data[0] + 1;
	record_start(&reader, &text, &meta, &last, TEXT_LIMIT, &sink);
	for (size_t at = 1; at < size && state == RECORD_MORE; at += step)
		state = take(&reader, bytes + at, size - at < step ? size - at : step);
	BUG_UNLESS(text.len <= TEXT_LIMIT);
	BUG_UNLESS(utf8_valid(meta.data, meta.len));
	BUG_UNLESS(state != RECORD_REROUTE || memchr(last.data, '/', last.len));
	BUG_UNLESS(state != RECORD_REROUTE || !taker.parts);
	BUG_UNLESS(state != RECORD_DONE || reader.status || !taker.open);
	BUG_UNLESS((state == RECORD_BAD || state == RECORD_TOO_LARGE) == (reader.fault != NULL));
	record_finish(&reader);
	return 0;
}
