/* test_record: the records of persistent converters, whole, in pieces and wrong. */
#include "convert/record.h"

#include "core/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct answer {
	struct record_reader reader;
	struct buf text, meta, last;
	enum record_state state;
	const struct record_sink *sink;
};

static void answer_finish(struct answer *a)
{
	record_finish(&a->reader);
	buf_finish(&a->text);
	buf_finish(&a->meta);
	buf_finish(&a->last);
}
#define AUTO_ANSWER __attribute__((cleanup(answer_finish))) struct answer

static void add(struct buf *b, char letter, const char *payload, size_t n)
{
	char head[RECORD_HEAD] = {letter, (char)(n & 0xff), (char)(n >> 8 & 0xff),
		(char)(n >> 16 & 0xff), (char)(n >> 24 & 0xff)};

	buf_add(b, head, sizeof head);
	buf_add(b, payload, n);
}

static void adds(struct buf *b, char letter, const char *payload)
{
	add(b, letter, payload, strlen(payload));
}

/* Feeds all of it in pieces of `step` bytes, until the answer has ended. */
static void feed(struct answer *a, const struct buf *in, size_t step, size_t limit)
{
	buf_clear(&a->text);
	buf_clear(&a->meta);
	buf_clear(&a->last);
	record_start(&a->reader, &a->text, &a->meta, &a->last, limit, a->sink);
	a->state = RECORD_MORE;
	for (size_t at = 0; at < in->len && a->state == RECORD_MORE; at += step) {
		size_t n = in->len - at < step ? in->len - at : step;
		/* A copy of exactly n bytes: the sanitizer sees a read behind it. */
		char *piece = test_malloc(n);

		memcpy(piece, in->data + at, n);
		a->state = record_feed(&a->reader, piece, n);
		test_free(piece);
	}
}

static void whole_answer(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;

	(void)state;
	adds(&in, 'M', "{\"title\":\"T\"}");
	adds(&in, 'T', "caf\xc3");
	adds(&in, 'T', "");
	adds(&in, 'T', "\xa9 noir");
	adds(&in, 'D', "{\"status\":0,\"detail\":\"\",\"truncated\":false}");
	for (size_t step = 1; step <= in.len; step++) {
		feed(&a, &in, step, 1000);
		assert_int_equal(a.state, RECORD_DONE);
		assert_string_equal(a.text.data, "caf\xc3\xa9 noir");
		assert_string_equal(a.meta.data, "{\"title\":\"T\"}");
		assert_int_equal(a.reader.status, 0);
		assert_false(a.reader.truncated);
	}
}

static void verdicts(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;

	(void)state;
	adds(&in, 'D', "{\"status\":65,\"detail\":\"no trailer\",\"truncated\":true}");
	feed(&a, &in, 7, 1000);
	assert_int_equal(a.state, RECORD_DONE);
	assert_int_equal(a.reader.status, 65);
	assert_true(a.reader.truncated);
	assert_string_equal(a.last.data, "no trailer");

	buf_clear(&in);
	adds(&in, 'R', "text/html");
	feed(&a, &in, 1, 1000);
	assert_int_equal(a.state, RECORD_REROUTE);
	assert_string_equal(a.last.data, "text/html");
}

static void text_is_bounded(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;

	(void)state;
	adds(&in, 'T', "0123456789");
	adds(&in, 'T', "0123456789");
	adds(&in, 'D', "{\"status\":0}");
	for (size_t step = 1; step <= in.len; step++) {
		feed(&a, &in, step, 13);
		assert_int_equal(a.state, RECORD_DONE);
		assert_string_equal(a.text.data, "0123456789012");
		assert_true(a.reader.truncated);
		assert_int_equal(a.reader.dropped, 7);
	}
	feed(&a, &in, 3, 20);
	assert_false(a.reader.truncated);
}

/* Text that is due may be read into place, past the reader. */
static void direct_text(void **state)
{
	AUTO_ANSWER a = {0};

	(void)state;
	record_start(&a.reader, &a.text, &a.meta, &a.last, 8, NULL);
	assert_int_equal(record_due(&a.reader), 0);
	assert_int_equal(record_feed(&a.reader, "T\x0a\0\0\0ab", 7), RECORD_MORE);
	/* Of 8 that are left, the limit has room for 6. */
	assert_int_equal(record_due(&a.reader), 6);
	assert_true(buf_reserve(&a.text, 6));
	memcpy(a.text.data + a.text.len, "cdefgh", 6);
	record_took(&a.reader, 6);
	assert_int_equal(record_due(&a.reader), 0);
	assert_int_equal(record_feed(&a.reader, "ijD\x0c\0\0\0{\"status\":0}", 19), RECORD_DONE);
	assert_string_equal(a.text.data, "abcdefgh");
	assert_true(a.reader.truncated);

	buf_clear(&a.text);
	record_start(&a.reader, &a.text, &a.meta, &a.last, 100, NULL);
	assert_int_equal(record_feed(&a.reader, "T\x02\0\0\0", 5), RECORD_MORE);
	assert_true(buf_reserve(&a.text, 2));
	memcpy(a.text.data, "xy", 2);
	record_took(&a.reader, 2);
	assert_int_equal(record_due(&a.reader), 0);
	assert_int_equal(record_feed(&a.reader, "D\x0c\0\0\0{\"status\":0}", 17), RECORD_DONE);
	assert_string_equal(a.text.data, "xy");
}

/* --- parts --- */

/* Writes down what it is told; stops at a part named `stop_at`. */
struct journal {
	struct buf text;
	const char *stop_at;
};

static enum record_state note_begin(void *arg, const struct part_head *head)
{
	struct journal *j = arg;

	buf_addf(&j->text, "<%s %s %lld %lld|", head->path.data, head->type.len ? head->type.data : "-",
		(long long)head->size, (long long)head->created);
	return j->stop_at && !strcmp(j->stop_at, head->path.data) ? RECORD_STOPPED : RECORD_MORE;
}

static enum record_state note_bytes(void *arg, const char *bytes, size_t n)
{
	struct journal *j = arg;

	buf_add(&j->text, bytes, n);
	return RECORD_MORE;
}

static enum record_state note_fail(void *arg, int status, const char *detail)
{
	struct journal *j = arg;

	buf_addf(&j->text, "|%d %s>", status, detail);
	return status == 99 ? RECORD_BAD : RECORD_MORE;
}

static enum record_state note_end(void *arg)
{
	struct journal *j = arg;

	buf_addc(&j->text, '>');
	return RECORD_MORE;
}

static struct record_sink sink_of(struct journal *j)
{
	return (struct record_sink){note_begin, note_bytes, note_fail, note_end, j};
}

static void parts(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;
	struct journal j = {0};
	const struct record_sink sink = sink_of(&j);

	(void)state;
	a.sink = &sink;
	adds(&in, 'T', "body");
	adds(&in, 'P', "{\"part\":\"a/b.txt\",\"type\":\"text/plain\",\"size\":6,\"created\":99}");
	adds(&in, 'B', "abc");
	adds(&in, 'T', " more");
	adds(&in, 'B', "def");
	adds(&in, 'P', "{\"part\":[\"c\",\"empty\"]}");
	adds(&in, 'P', "{\"part\":\"locked\"}");
	adds(&in, 'B', "???");
	adds(&in, 'F', "{\"status\":77,\"detail\":\"a password\"}");
	adds(&in, 'M', "{}");
	adds(&in, 'P', "{\"part\":\"last\",\"size\":-5,\"type\":\"nonsense\"}");
	adds(&in, 'B', "x");
	adds(&in, 'D', "{\"status\":0}");
	for (size_t step = 1; step <= in.len; step++) {
		buf_clear(&j.text);
		feed(&a, &in, step, 1000);
		assert_int_equal(a.state, RECORD_DONE);
		assert_string_equal(a.text.data, "body more");
		assert_string_equal(j.text.data, "<a/b.txt text/plain 6 99|abcdef><c/empty - -1 0|>"
						 "<locked - -1 0|???|77 a password><last - -1 0|x>");
	}
	a.sink = NULL;
	feed(&a, &in, in.len, 1000);
	assert_int_equal(a.state, RECORD_DONE);
	buf_finish(&j.text);
}

static void a_failed_container_does_not_end_its_last_part(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;
	struct journal j = {0};
	const struct record_sink sink = sink_of(&j);

	(void)state;
	a.sink = &sink;
	adds(&in, 'P', "{\"part\":\"a\"}");
	adds(&in, 'D', "{\"status\":65}");
	feed(&a, &in, in.len, 1000);
	assert_int_equal(a.state, RECORD_DONE);
	assert_string_equal(j.text.data, "<a - -1 0|");
	buf_finish(&j.text);
}

static void the_taker_may_stop(void **state)
{
	AUTO_ANSWER a = {0};
	AUTO_BUF in = BUF_INIT;
	struct journal j = {.stop_at = "b"};
	const struct record_sink sink = sink_of(&j);

	(void)state;
	a.sink = &sink;
	adds(&in, 'P', "{\"part\":\"a\"}");
	adds(&in, 'P', "{\"part\":\"b\"}");
	adds(&in, 'P', "{\"part\":\"c\"}");
	feed(&a, &in, in.len, 1000);
	assert_int_equal(a.state, RECORD_STOPPED);
	assert_string_equal(j.text.data, "<a - -1 0|><b - -1 0|");
	buf_finish(&j.text);
}

static void paths_stay_below(void **state)
{
	static const struct {
		const char *part, *path;
	} cases[] = {
		{"\"/etc/passwd\"", "etc/passwd"},
		{"\"../../x\"", "x"},
		{"\"a/../b/./c//d/\"", "a/b/c/d"},
		{"[\"..\", \"/a/\", \"b/c\"]", "a/b/c"},
		{"\"...\"", "..."},
		{"\"\"", "unnamed"},
		{"[]", "unnamed"},
		{"\"..\"", "unnamed"},
		{"\"a\\nb\\u00e4\"", "a\nb\xc3\xa4"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct part_head head = {0};
		AUTO_BUF json = BUF_INIT;
		const char *fault;

		buf_addf(&json, "{\"part\":%s}", cases[i].part);
		assert_int_equal(part_head_parse(&head, json.data, json.len, &fault), ST_OK);
		assert_string_equal(head.path.data, cases[i].path);
		part_head_finish(&head);
	}
}

/* Of what is too long or too deep the end stays. */
static void paths_are_bounded(void **state)
{
	struct part_head head = {0};
	AUTO_BUF json = BUF_INIT;
	const char *fault;

	(void)state;
	buf_adds(&json, "{\"part\":\"");
	for (int i = 0; i < 1000; i++)
		buf_addf(&json, "%d/", i);
	buf_adds(&json, "z.txt\"}");
	assert_int_equal(part_head_parse(&head, json.data, json.len, &fault), ST_OK);
	assert_memory_equal(head.path.data, "937/938/", 8);
	assert_string_equal(head.path.data + head.path.len - 10, "/999/z.txt");

	buf_clear(&json);
	buf_adds(&json, "{\"part\":\"a/");
	for (int i = 0; i < 5000; i++)
		buf_adds(&json, "\xc3\xa4");
	buf_adds(&json, ".txt\"}");
	assert_int_equal(part_head_parse(&head, json.data, json.len, &fault), ST_OK);
	assert_true(head.path.len <= PART_PATH_MAX && head.path.len > PART_PATH_MAX - 4);
	assert_true(utf8_valid(head.path.data, head.path.len));
	assert_int_equal(strlen(head.path.data), head.path.len);

	buf_clear(&json);
	buf_adds(&json, "{\"part\":\"");
	for (int i = 0; i < 50; i++) {
		for (int k = 0; k < 199; k++)
			buf_addc(&json, 'x');
		buf_addc(&json, '/');
	}
	buf_adds(&json, "end\"}");
	assert_int_equal(part_head_parse(&head, json.data, json.len, &fault), ST_OK);
	assert_int_equal(head.path.len, 20 * 200 + 3);
	part_head_finish(&head);
}

static void faults(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum record_state state;
		const char *fault;
	} cases[] = {
#define CASE(bytes, state, fault) {bytes, sizeof bytes - 1, state, fault}
#define PART "P\14\0\0\0{\"part\":\"p\"}"
		CASE("X\0\0\0\0", RECORD_BAD, "a record of unknown type"),
		CASE("\0\0\0\0\0", RECORD_BAD, "a record of unknown type"),
		CASE("HTTP/1.1 200 OK\r\n", RECORD_BAD, "a record of unknown type"),
		CASE("P\2\0\0\0{}", RECORD_BAD, "a part without a path"),
		CASE("P\12\0\0\0{\"part\":1}", RECORD_BAD, "a part without a path"),
		CASE("P\14\0\0\0{\"part\":[1]}", RECORD_BAD, "a part without a path"),
		CASE("P\2\0\0\0[]", RECORD_BAD, "a part's head is not a JSON object"),
		CASE("P\0\0\0\0", RECORD_BAD, "a part's head is not a JSON object"),
		CASE("P\1\0\0\0\377", RECORD_BAD, "a part's head is not UTF-8"),
		CASE("P\1\0\1\0", RECORD_BAD, "a record is too large"),
		CASE("B\2\0\0\0ab", RECORD_BAD, "bytes of no part"),
		CASE("F\15\0\0\0{\"status\":77}", RECORD_BAD, "a failure of no part"),
		CASE(PART "F\14\0\0\0{\"status\":0}", RECORD_BAD,
			"a part's failure has no status"),
		CASE(PART "F\15\0\0\0{\"status\":99}", RECORD_BAD,
			"a part failed with an unknown status"),
		CASE(PART "F\15\0\0\0{\"status\":77}B\1\0\0\0x", RECORD_BAD, "bytes of no part"),
		CASE(PART "F\15\0\0\0{\"status\":77}F\2\0\0\0{}", RECORD_BAD, "a failure of no part"),
		CASE(PART "R\3\0\0\0a/b", RECORD_BAD, "a reroute behind parts"),
		CASE("T\1\0\0\1", RECORD_BAD, "a record is too large"),
		CASE("T\377\377\377\377", RECORD_BAD, "a record is too large"),
		CASE("D\1\0\1\0", RECORD_BAD, "a record is too large"),
		CASE("M\1\0\1\0", RECORD_TOO_LARGE, "metadata without end"),
		CASE("M\2\0\0\0{}M\2\0\0\0{}", RECORD_BAD, "metadata came twice"),
		CASE("M\2\0\0\0[]", RECORD_BAD, "metadata is not a JSON object"),
		CASE("M\0\0\0\0", RECORD_BAD, "metadata is not a JSON object"),
		CASE("M\10\0\0\0{\"a\":\"\377\"", RECORD_BAD, "metadata is not UTF-8"),
		CASE("D\2\0\0\0{}", RECORD_BAD, "the last record has no status"),
		CASE("D\0\0\0\0", RECORD_BAD, "the last record has no status"),
		CASE("D\16\0\0\0{\"status\":\"0\"}", RECORD_BAD, "the last record has no status"),
		CASE("R\0\0\0\0", RECORD_BAD, "a reroute to what is not a MIME type"),
		CASE("R\4\0\0\0text", RECORD_BAD, "a reroute to what is not a MIME type"),
		CASE("R\5\0\0\0text/", RECORD_BAD, "a reroute to what is not a MIME type"),
		CASE("R\6\0\0\0t/\0tml", RECORD_BAD, "a reroute to what is not a MIME type"),
		CASE("R\3\0\0\0a/bT", RECORD_BAD, "bytes behind the end of the answer"),
		CASE("D\14\0\0\0{\"status\":0}D", RECORD_BAD, "bytes behind the end of the answer"),
#undef PART
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_ANSWER a = {0};
		AUTO_BUF in = BUF_INIT;
		struct journal j = {0};
		const struct record_sink sink = sink_of(&j);

		a.sink = &sink;
		buf_add(&in, cases[i].bytes, cases[i].n);
		feed(&a, &in, in.len, 1000);
		assert_int_equal(a.state, cases[i].state);
		assert_string_equal(a.reader.fault, cases[i].fault);
		buf_finish(&j.text);
	}
}

/* However garbage is cut, the verdict is the same, and nothing is read that was not given. */
static void garbage(void **state)
{
	uint32_t seed = 12345;
	AUTO_ANSWER a = {0}, b = {0};

	(void)state;
	for (int round = 0; round < 2000; round++) {
		AUTO_BUF in = BUF_INIT;

		for (int records = 0; records < 4; records++) {
			static const char letters[] = "TTTMDRPBFX";
			static const char *const payloads[] = {"{}", "{\"status\":0}", "a/b", "words",
				"\xc3", "", "{\"part\":\"p\"}"};

			seed = seed * 1664525 + 1013904223;
			adds(&in, letters[seed >> 24 & 7 ? (seed >> 16) % 9 : 9],
				payloads[(seed >> 8) % 7]);
		}
		seed = seed * 1664525 + 1013904223;
		in.len -= seed >> 8 & 7;
		feed(&a, &in, in.len, 12);
		feed(&b, &in, 1 + (seed >> 16) % 5, 12);
		/* Bytes behind the end are seen only by who gets them in one piece. */
		if (a.state == RECORD_BAD && b.state != RECORD_BAD)
			assert_string_equal(a.reader.fault, "bytes behind the end of the answer");
		else
			assert_int_equal(a.state, b.state);
		assert_int_equal(a.text.len, b.text.len);
		assert_true(a.text.len <= 12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_answer),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(text_is_bounded),
		cmocka_unit_test(direct_text),
		cmocka_unit_test(parts),
		cmocka_unit_test(a_failed_container_does_not_end_its_last_part),
		cmocka_unit_test(the_taker_may_stop),
		cmocka_unit_test(paths_stay_below),
		cmocka_unit_test(paths_are_bounded),
		cmocka_unit_test(faults),
		cmocka_unit_test(garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
