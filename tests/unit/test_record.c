/* test_record: the records of persistent converters, whole, in pieces and wrong. */
#include "convert/record.h"

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
	record_start(&a->reader, &a->text, &a->meta, &a->last, limit);
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
	record_start(&a.reader, &a.text, &a.meta, &a.last, 8);
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
	record_start(&a.reader, &a.text, &a.meta, &a.last, 100);
	assert_int_equal(record_feed(&a.reader, "T\x02\0\0\0", 5), RECORD_MORE);
	assert_true(buf_reserve(&a.text, 2));
	memcpy(a.text.data, "xy", 2);
	record_took(&a.reader, 2);
	assert_int_equal(record_due(&a.reader), 0);
	assert_int_equal(record_feed(&a.reader, "D\x0c\0\0\0{\"status\":0}", 17), RECORD_DONE);
	assert_string_equal(a.text.data, "xy");
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
		CASE("X\0\0\0\0", RECORD_BAD, "a record of unknown type"),
		CASE("\0\0\0\0\0", RECORD_BAD, "a record of unknown type"),
		CASE("HTTP/1.1 200 OK\r\n", RECORD_BAD, "a record of unknown type"),
		CASE("P\2\0\0\0{}", RECORD_BAD, "parts are not supported"),
		CASE("B\2\0\0\0ab", RECORD_BAD, "parts are not supported"),
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
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_ANSWER a = {0};
		AUTO_BUF in = BUF_INIT;

		buf_add(&in, cases[i].bytes, cases[i].n);
		feed(&a, &in, in.len, 1000);
		assert_int_equal(a.state, cases[i].state);
		assert_string_equal(a.reader.fault, cases[i].fault);
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
			static const char letters[] = "TTTMDRX";
			static const char *const payloads[] = {
				"{}", "{\"status\":0}", "a/b", "words", "\xc3", ""};

			seed = seed * 1664525 + 1013904223;
			adds(&in, letters[seed >> 24 & 7 ? (seed >> 16) % 6 : 6],
				payloads[(seed >> 8) % 6]);
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
		cmocka_unit_test(faults),
		cmocka_unit_test(garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
