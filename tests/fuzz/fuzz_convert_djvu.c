/*
 * fuzz_convert_djvu: what trawl-convert-djvu makes of any expression in the place of a page's text
 * or of the bookmarks.
 *
 * The library itself is left out: it writes to address 0 where a text layer
 * says that it is empty (3.5.28, DjVuTXT::decode), which would end each run.
 */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/djvu.c"

#include "fuzz_convert.h"

enum { EXPRESSIONS = 1000, NESTED = 200 };

/* A byte each: a list begins or ends, a number, a text of the bytes that follow. */
static miniexp_t build(const uint8_t *p, size_t n)
{
	miniexp_t open[NESTED] = {miniexp_nil};
	size_t depth = 0, made = 0;

	for (size_t at = 0; at < n && made < EXPRESSIONS; at++, made++) {
		miniexp_t e = miniexp_number(p[at]);

		if (p[at] % 4 == 0 && depth + 1 < NESTED) {
			open[++depth] = miniexp_nil;
			continue;
		}
		if (p[at] % 4 == 1 && depth > 0) {
			e = miniexp_reverse(open[depth--]);
		} else if (p[at] % 4 == 2) {
			size_t len = p[at] / 4 < n - at - 1 ? p[at] / 4 : n - at - 1;
			char text[64];

			memcpy(text, p + at + 1, len);
			text[len] = '\0';
			e = miniexp_string(text);
			at += len;
		}
		open[depth] = miniexp_cons(e, open[depth]);
	}
	for (; depth > 0; depth--)
		open[depth - 1] = miniexp_cons(miniexp_reverse(open[depth]), open[depth - 1]);
	return miniexp_reverse(open[0]);
}

static int give(const struct document *doc, struct answer *out)
{
	static struct reading r;
	uint8_t bytes[4096];
	ssize_t n = pread(doc->fd, bytes, sizeof bytes, 0);

	r.out = out;
	pages_init(&r.pages, out);
	minilisp_acquire_gc_lock(miniexp_nil); /* nothing holds on to what is built here */
	miniexp_t e = build(bytes, n > 0 ? (size_t)n : 0);
	if (n > 0 && bytes[0] % 2)
		put_zones(&r, e);
	else
		put_bookmarks(&r, e);
	minilisp_release_gc_lock(miniexp_nil);
	pages_finish(&r.pages);
	return ANSWER_DONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct converter_ops ops = {.program = "djvu", .convert = give};

	(void)djvu_converter;
	fuzz_convert(&ops, "a.djvu", data, size);
	return 0;
}
