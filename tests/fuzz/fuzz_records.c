/*
 * fuzz_records: the reader of converters' records, fed in pieces whose sizes the input chooses.
 *
 * clang -fsanitize=fuzzer,address,undefined; the text limit is small, so that its edge is met
 * often.
 */
#include "convert/record.h"

#include "core/log.h"
#include "core/path.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_LIMIT = 200 };

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
	AUTO_BUF text = BUF_INIT;
	AUTO_BUF meta = BUF_INIT;
	AUTO_BUF last = BUF_INIT;
	enum record_state state = RECORD_MORE;
	const char *bytes = (const char *)data;

	if (size == 0)
		return 0;
	size_t step = (size_t)data[0] + 1;
	record_start(&reader, &text, &meta, &last, TEXT_LIMIT);
	for (size_t at = 1; at < size && state == RECORD_MORE; at += step)
		state = take(&reader, bytes + at, size - at < step ? size - at : step);
	BUG_UNLESS(text.len <= TEXT_LIMIT);
	BUG_UNLESS(utf8_valid(meta.data, meta.len));
	BUG_UNLESS(state != RECORD_REROUTE || memchr(last.data, '/', last.len));
	BUG_UNLESS((state == RECORD_BAD || state == RECORD_TOO_LARGE) == (reader.fault != NULL));
	record_finish(&reader);
	return 0;
}
