/* test_convert_media: trawl-convert-media as a worker sees it, on FLAC and WAV made by hand. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { ROOM = 64 * 1024 };

static struct child media;

struct file {
	size_t len;
	unsigned char bytes[ROOM];
};

static void put(struct file *f, const void *bytes, size_t n)
{
	assert_true(f->len + n <= sizeof f->bytes);
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
}

static void put_u32(struct file *f, size_t value)
{
	for (int i = 0; i < 4; i++)
		put(f, &(unsigned char){(unsigned char)(value >> (8 * i))}, 1);
}

static struct reply ask(const struct file *f, const char *type)
{
	struct reply r;

	child_ask(&media,
		&(struct question){.name = "a", .type = type, .bytes = f->bytes, .len = f->len},
		&r);
	return r;
}

/* Two seconds of 44,100 Hz, as far as the header says; there are no frames. */
static void flac(struct file *f, const char *const *comments, size_t count)
{
	unsigned char info[34] = {
		0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x40, 0xf0, 0, 0x01, 0x58, 0x88};
	size_t n = 8;

	f->len = 0;
	put(f, "fLaC\0\0\0\x22", 8);
	put(f, info, sizeof info);
	for (size_t i = 0; i < count; i++)
		n += 4 + strlen(comments[i]);
	put(f, (unsigned char[]){0x84, 0, (unsigned char)(n >> 8), (unsigned char)n}, 4);
	put_u32(f, 0);
	put_u32(f, count);
	for (size_t i = 0; i < count; i++) {
		put_u32(f, strlen(comments[i]));
		put(f, comments[i], strlen(comments[i]));
	}
	put(f, "\xff\xf8\xc9\x18\0\0\0\0", 8);
}

static void test_tags(void **state)
{
	static const char *const comments[] = {
		"TITLE=The Häring",
		"ARTIST=Anna",
		"ALBUM=Sea",
		"GENRE=Folk",
		"DATE=2020-02-03",
		"LYRICS=over the waves\nand under",
		"COMMENT=Sea",
		"REPLAYGAIN_TRACK_GAIN=-3.2 dB",
		"LANGUAGE=deu",
		"X=",
	};
	struct file f;

	(void)state;
	flac(&f, comments, sizeof comments / sizeof comments[0]);
	struct reply r = ask(&f, "audio/flac");
	assert_int_equal(r.status, 0);
	assert_string_equal(
		r.text, "The Häring\nAnna\nSea\nFolk\n2020-02-03\nover the waves\nand under\n");
	assert_true(reply_says(&r, "\"title\":\"The Häring\""));
	assert_true(reply_says(&r, "\"artist\":\"Anna\""));
	assert_true(reply_says(&r, "\"author\":\"Anna\""));
	assert_true(reply_says(&r, "\"album\":\"Sea\""));
	assert_true(reply_says(&r, "\"genre\":\"Folk\""));
	assert_true(reply_says(&r, "\"lang\":\"deu\""));
	assert_true(reply_says(&r, "\"created\":1580688000"));
	assert_true(reply_says(&r, "\"duration\":2"));
	reply_finish(&r);
}

/* RIFF does not say how its texts are encoded. */
static void test_old_encoding(void **state)
{
	struct file f = {.len = 0};

	(void)state;
	put(&f,
		"RIFF\xff\0\0\0WAVEfmt "
		"\x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0",
		36);
	put(&f,
		"LIST\x18\0\0\0INFOINAM\x0c\0\0\0Gr\xfc\xdf"
		"e a b\0\0",
		32);
	put(&f, "data\x08\0\0\0\0\0\0\0\0\0\0\0", 16);
	struct reply r = ask(&f, "audio/x-wav");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "Grüße a b\n");
	assert_true(reply_says(&r, "\"title\":\"Grüße a b\""));
	reply_finish(&r);
}

static void test_other_content(void **state)
{
	struct file f = {.len = 0};
	struct reply r;

	(void)state;
	put(&f, "Dear all,\n", 10);
	r = ask(&f, "audio/flac");
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "text/plain");
	reply_finish(&r);
	/* A playlist names other files: it is text. */
	f.len = 0;
	put(&f, "#EXTM3U\n#EXTINF:1,x\nfile:///etc/passwd\n", 39);
	r = ask(&f, "audio/mpeg");
	assert_int_equal(r.status, -1);
	reply_finish(&r);
	f.len = 0;
	put(&f, "fLaC\0\0", 6);
	r = ask(&f, "audio/flac");
	assert_int_equal(r.status, 65);
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&media, "trawl-convert-media");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&media);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_old_encoding),
		cmocka_unit_test(test_other_content),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
