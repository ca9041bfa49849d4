/* test_convert_ocr: trawl-convert-ocr as a worker sees it, on a picture painted by hand. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { SCALE = 8, ROWS = 7, COLUMNS = 5, LETTERS = 5, WIDTH = 512, HEIGHT = 160, HEAD = 62 };

static struct child ocr;

/* Five by seven dots, the highest bit to the left. */
static const unsigned char letters[LETTERS][ROWS] = {
	{0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}, /* H */
	{0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}, /* E */
	{0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}, /* L */
	{0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}, /* L */
	{0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}, /* O */
};

static void paint_dot(unsigned char *bmp, int column, int row)
{
	for (int y = row * SCALE; y < (row + 1) * SCALE; y++)
		for (int x = column * SCALE; x < (column + 1) * SCALE; x++)
			bmp[HEAD + (HEIGHT - 1 - y) * (WIDTH / 8) + x / 8] &=
				(unsigned char)~(0x80 >> x % 8);
}

/* One bit for a pixel, black on white. */
static unsigned char *paint(size_t *n)
{
	static const unsigned char head[HEAD] = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, HEAD, 0, 0, 0,
		40, 0, 0, 0, WIDTH & 0xff, WIDTH >> 8, 0, 0, HEIGHT, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0x13, 0x0b, 0, 0, 0x13, 0x0b, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
		0, 0xff, 0xff, 0xff, 0};
	unsigned char *bmp = malloc(*n = HEAD + HEIGHT * WIDTH / 8);

	assert_non_null(bmp);
	memset(bmp, 0xff, *n);
	memcpy(bmp, head, sizeof head);
	for (int i = 0; i < LETTERS; i++)
		for (int row = 0; row < ROWS; row++)
			for (int column = 0; column < COLUMNS; column++)
				if (letters[i][row] & (0x10 >> column))
					paint_dot(bmp, 8 + i * (COLUMNS + 2) + column, 6 + row);
	return bmp;
}

static struct reply ask(const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&ocr,
		&(struct question){.name = "a.bmp", .type = "image/bmp", .bytes = bytes, .len = n},
		&r);
	return r;
}

static void test_words(void **state)
{
	size_t n;
	unsigned char *bmp = paint(&n);
	struct reply r = ask(bmp, n);

	(void)state;
	assert_int_equal(r.status, 0);
	if (!strstr(r.text, "HELLO"))
		fail_msg("read: %s", r.text);
	assert_true(reply_says(&r, "\"pages\":1"));
	reply_finish(&r);
	free(bmp);
}

/* A header that promises more pixels than are looked at: nothing is allocated for them. */
static void test_too_large(void **state)
{
	size_t n;
	unsigned char *bmp = paint(&n);

	(void)state;
	bmp[20] = bmp[24] = 1; /* 65,536 more in both directions */
	struct reply r = ask(bmp, n);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "");
	reply_finish(&r);
	free(bmp);
}

static void test_other_content(void **state)
{
	struct reply r = ask("Dear all,\n", 10);

	(void)state;
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "text/plain");
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&ocr, "trawl-convert-ocr");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&ocr);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_other_content),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
