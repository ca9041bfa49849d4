/*
 * fuzz_rpc: what a client may send, up to the handler: split in pieces whose sizes the input chooses, checked, parsed,
 * and held against the methods; what is refused is made into a reply, which must be one good line.
 *
 * clang -fsanitize=fuzzer,address,undefined
 */
#include "core/log.h"
#include "serve/call.h"
#include "serve/frame.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 300 }; /* small, so that its edge is met often */

static void check_reply(const struct buf *line)
{
	const char *why = NULL;

	BUG_UNLESS(!line->failed && line->len > 0);
	BUG_UNLESS(memchr(line->data, '\n', line->len) == line->data + line->len - 1);
	BUG_UNLESS(frame_check(line->data, line->len - 1, &why));
	cJSON *value = frame_parse(line->data, line->len - 1);
	BUG_UNLESS(cJSON_IsObject(value));
	cJSON_Delete(value);
}

static void take(const cJSON *value)
{
	struct call call;
	struct call_error error;
	AUTO_BUF line = BUF_INIT;

	if (call_parse(value, &call, &error) == ST_OK) {
		BUG_UNLESS(call.method && (!call.params || cJSON_IsObject(call.params)));
		BUG_UNLESS(call.notification == !call.id);
		frame_add_request(&line, call.id, call.method->name, call.params);
	} else {
		BUG_UNLESS(error.code != 0 && strlen(error.message) > 0);
		frame_add_error(&line, call.id, error.code, error.message, NULL);
	}
	check_reply(&line);
}

static bool on_line(void *arg, const char *bytes, size_t n)
{
	const char *why = NULL;

	(void)arg;
	BUG_UNLESS(n > 0 && n <= LONGEST && !memchr(bytes, '\n', n));
	if (!frame_check(bytes, n, &why))
		return true;
	cJSON *value = frame_parse(bytes, n);
	if (value && !frame_has_escaped_nul(bytes, n))
		take(value);
	cJSON_Delete(value);
	return true;
}

static bool on_too_long(void *arg)
{
	AUTO_BUF line = BUF_INIT;

	(void)arg;
	frame_add_too_long(&line);
	check_reply(&line);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_splitter splitter = FRAME_SPLITTER_INIT;
	const char *bytes = (const char *)data;

	if (size == 0)
		return 0;
	size_t step = (size_t)data[0] + 1;
	for (size_t at = 1; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;

		BUG_UNLESS(frame_feed(&splitter, bytes + at, n, LONGEST, on_line, on_too_long, NULL) == ST_OK);
	}
	frame_splitter_finish(&splitter);
	return 0;
}
