/* frame: splitting, checking, parsing and making lines of JSON-RPC. */
#include "core/wire.h"
#include "serve/frame.h"

#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SMALL = 16 }; /* the longest line of most tests */

/* What the splitter delivered, as text: "[line]" each, "!" for one too long. */
struct seen {
	struct buf text;
	int stop_after; /* lines; 0: never */
	int lines;
};

static bool see_line(void *arg, const char *bytes, size_t n)
{
	struct seen *s = arg;

	buf_addc(&s->text, '[');
	buf_add(&s->text, bytes, n);
	buf_addc(&s->text, ']');
	s->lines++;
	return s->stop_after == 0 || s->lines < s->stop_after;
}

static bool see_too_long(void *arg)
{
	struct seen *s = arg;

	buf_addc(&s->text, '!');
	return true;
}

/* In pieces of `step` bytes. */
static void expect_split(const char *input, size_t n, size_t step, const char *expected)
{
	struct frame_splitter splitter = FRAME_SPLITTER_INIT;
	struct seen seen = {.text = BUF_INIT};

	buf_adds(&seen.text, "");
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;

		assert_int_equal(
			frame_feed(&splitter, input + at, piece, SMALL, see_line, see_too_long, &seen), ST_OK);
	}
	assert_string_equal(seen.text.data, expected);
	buf_finish(&seen.text);
	frame_splitter_finish(&splitter);
}

static void test_split(void **state)
{
	static const struct {
		const char *input, *expected;
	} cases[] = {
		{"one\ntwo\n", "[one][two]"},
		{"one\r\ntwo\r\n", "[one][two]"},
		{"\n\r\n\none\n\n", "[one]"},
		{"one\ntw", "[one]"},
		{"a\rb\n", "[a\rb]"},
		{"0123456789abcdef\n", "[0123456789abcdef]"},
		{"0123456789abcdef\r\nx\n", "[0123456789abcdef][x]"},
		{"0123456789abcdefg\nx\n", "![x]"},
		{"0123456789abcdefgh\r\nx\n", "![x]"},
		{"0123456789abcdefghijklmnopqrstuvwxyz0123456789\n\nx\n", "![x]"},
		{"0123456789abcdefghijklmnopqrstuvwxyz", "!"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step <= strlen(cases[i].input); step++)
			expect_split(cases[i].input, strlen(cases[i].input), step, cases[i].expected);
}

static void test_split_stops(void **state)
{
	struct frame_splitter splitter = FRAME_SPLITTER_INIT;
	struct seen seen = {.text = BUF_INIT, .stop_after = 2};
	static const char input[] = "a\nb\nc\nrest";

	(void)state;
	assert_int_equal(frame_feed(&splitter, input, strlen(input), SMALL, see_line, see_too_long, &seen),
		ST_OK);
	assert_string_equal(seen.text.data, "[a][b]");
	assert_int_equal(splitter.pending.len, 0);
	buf_finish(&seen.text);
	frame_splitter_finish(&splitter);
}

static void test_split_without_memory(void **state)
{
	struct frame_splitter splitter = FRAME_SPLITTER_INIT;
	struct seen seen = {.text = BUF_INIT};

	(void)state;
	mem_fail_at(1, 0);
	assert_int_equal(frame_feed(&splitter, "half", 4, SMALL, see_line, see_too_long, &seen), ST_NOMEM);
	mem_fail_at(0, 0);
	assert_int_equal(frame_feed(&splitter, "x\n", 2, SMALL, see_line, see_too_long, &seen), ST_OK);
	assert_string_equal(seen.text.data, "[x]");
	buf_finish(&seen.text);
	frame_splitter_finish(&splitter);
}

static bool is_fine(const char *bytes, size_t n)
{
	const char *why = NULL;
	bool fine = frame_check(bytes, n, &why);

	assert_true(fine == !why);
	return fine;
}

static void test_check(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool fine;
	} cases[] = {
		{"{}", 2, true}, {"", 0, true}, {"\xc3\xa4", 2, true}, {"\xc3", 1, false},
		{"\"\xff\"", 3, false}, {"\"\xed\xa0\x80\"", 5, false}, {"\"\xc0\xaf\"", 4, false},
		{"{\0}", 3, false}, {"{\1}", 3, false}, {"\"\1\"", 3, false}, {"\"\t\"", 3, false}, {" \t\r{}", 5, true},
		{"{\x7f}", 3, true}, {"\"a\\", 3, true}, {"\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", 40, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(is_fine(cases[i].bytes, cases[i].n) == cases[i].fine);
}

static void test_check_depth(void **state)
{
	char nested[2 * (FRAME_DEPTH_MAX + 1)];

	(void)state;
	for (size_t depth = FRAME_DEPTH_MAX - 1; depth <= FRAME_DEPTH_MAX + 1; depth++) {
		memset(nested, '[', depth);
		memset(nested + depth, ']', depth);
		assert_true(is_fine(nested, 2 * depth) == (depth <= FRAME_DEPTH_MAX));
	}
	assert_true(is_fine("[][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][]", 68));
}

static void test_escaped_nul(void **state)
{
	static const char *const with[] = {"\"\\u0000\"", "\"a\\\\\\u0000\"", "{\"\\u0000\":1}", "\"\\u00001\""};
	static const char *const without[] = {"", "\"\"", "\"\\\\u0000\"", "\"\\u000\"", "\\"};

	(void)state;
	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++)
		assert_true(frame_has_escaped_nul(with[i], strlen(with[i])));
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
		assert_false(frame_has_escaped_nul(without[i], strlen(without[i])));
}

static bool parses(const char *bytes, size_t n)
{
	/* exactly n bytes, so that a sanitizer sees one too many */
	AUTO_FREE char *exact = mem_alloc(n ? n : 1);
	cJSON *value;

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	value = frame_parse(exact, n);
	cJSON_Delete(value);
	return value != NULL;
}

static void test_parse(void **state)
{
	static const char *const good[] = {"{}", " {} ", "1", "\"a\"", "[1,2]", "null", "{\"a\":{\"b\":[]}}"};
	static const char *const bad[] = {"", " ", "{", "}", "{}x", "{} {}", "{}]", "nul", "'a'", "{\"1\":1,", "\"a",
		"[1,]", "{\"a\":1,}", "\"\\", "\"\\u12", "-", "\"\\ud800\""};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(parses(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(parses(bad[i], strlen(bad[i])));
}

static void expect_line(struct buf *line, const char *expected)
{
	assert_false(line->failed);
	assert_string_equal(line->data, expected);
	buf_finish(line);
}

static void test_make(void **state)
{
	struct buf line = BUF_INIT;
	cJSON *one = cJSON_CreateNumber(1), *text = cJSON_CreateString("\xc3\xa4\n\""), *data = cJSON_CreateObject();

	(void)state;
	assert_true(one && text && data && cJSON_AddTrueToObject(data, "yes"));
	frame_add_result(&line, one, "{\"a\":2}", 7);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":2}}\n");
	frame_add_result(&line, text, "[]", 2);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\xa4\\n\\\"\",\"result\":[]}\n");
	frame_add_error(&line, NULL, RPC_PARSE_ERROR, "not \"JSON\"", NULL);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not "
			   "\\\"JSON\\\"\"}}\n");
	frame_add_error(&line, one, RPC_INTERNAL, "cut \xc3", data);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,\"message\":\"cut "
			   "\xef\xbf\xbd\",\"data\":{\"yes\":true}}}\n");
	frame_add_trawl_error(&line, one, RPC_CODE_BAD_QUERY, "no", 7);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\","
			   "\"data\":{\"code\":\"bad_query\",\"retryable\":false,\"position\":7}}}\n");
	frame_add_trawl_error(&line, one, RPC_CODE_BUSY, "no", -1);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\","
			   "\"data\":{\"code\":\"busy\",\"retryable\":true}}}\n");
	frame_add_request(&line, one, "status", NULL);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n");
	frame_add_request(&line, NULL, "match", data);
	expect_line(&line, "{\"jsonrpc\":\"2.0\",\"method\":\"match\",\"params\":{\"yes\":true}}\n");
	cJSON_Delete(one);
	cJSON_Delete(text);
	cJSON_Delete(data);
}

static void test_numbers_come_back(void **state)
{
	static const char *const numbers[] = {"0", "-1", "9007199254740992", "-9007199254740991", "1.5", "0.1", "1e+300"};

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct buf line = BUF_INIT;
		cJSON *value = frame_parse(numbers[i], strlen(numbers[i])), *back;

		frame_add_json(&line, value);
		back = frame_parse(line.data, line.len);
		assert_true(cJSON_IsNumber(back) && cJSON_IsNumber(value));
		assert_true(back->valuedouble == value->valuedouble);
		if (i < 5)
			assert_string_equal(line.data, numbers[i]);
		cJSON_Delete(value);
		cJSON_Delete(back);
		buf_finish(&line);
	}
}

static void test_make_string(void **state)
{
	struct buf line = BUF_INIT;
	char all[128];

	(void)state;
	for (int i = 0; i < 128; i++)
		all[i] = (char)i;
	frame_add_string(&line, all, sizeof all);
	for (size_t i = 0; i < line.len; i++)
		assert_true((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
	cJSON *back = frame_parse(line.data, line.len);
	assert_true(cJSON_IsString(back));
	cJSON_Delete(back);
	buf_finish(&line);
}

static void test_paths(void **state)
{
	struct buf line = BUF_INIT;
	cJSON *object = cJSON_CreateObject();

	(void)state;
	assert_true(wire_put_path(object, "path", "/a\n", 3));
	assert_true(wire_put_path(object, "from", "/\xff", 2));
	frame_add_json(&line, object);
	expect_line(&line, "{\"path\":\"/a\\n\",\"from\":\"/\xef\xbf\xbd\",\"from_b64\":\"L/8=\"}");
	frame_add_path(&line, "path", "/\xff", 2);
	expect_line(&line, "\"path\":\"/\xef\xbf\xbd\",\"path_b64\":\"L/8=\"");
	cJSON_Delete(object);
}

/* With no memory for the Nth allocation each maker says so, and none writes half a line that looks whole. */
static void test_make_without_memory(void **state)
{
	bool failed = true;

	(void)state;
	for (unsigned long nth = 1; failed; nth++) {
		struct buf line = BUF_INIT;

		mem_fail_at(nth, 0);
		frame_add_error(&line, NULL, RPC_INTERNAL, "some text with \xff in it", NULL);
		mem_fail_at(0, 0);
		failed = line.failed;
		assert_true(failed || line.data[line.len - 1] == '\n');
		assert_true(nth < 20);
		buf_finish(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),	      cmocka_unit_test(test_split_stops),
		cmocka_unit_test(test_split_without_memory), cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_depth),   cmocka_unit_test(test_escaped_nul),
		cmocka_unit_test(test_parse),	      cmocka_unit_test(test_make),
		cmocka_unit_test(test_make_string),   cmocka_unit_test(test_numbers_come_back),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_make_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
