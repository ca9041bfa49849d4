/*
 * ocr: trawl-convert-ocr, the words painted in a picture, by tesseract; off unless a file of
 * converters.d asks for it.
 *
 * What the picture's tags say comes first, as without it.  A picture of more
 * pixels than a scanner makes is not read: its tags are all there is.
 *
 * Usage: trawl-convert-ocr [-l LANGUAGES], as in `-l eng+deu`; English if none is named.
 *
 * pkg-config: tesseract lept gexiv2 libcjson uchardet
 */
#include "input.h"
#include "picture_tags.h"
#include "serve.h"
#include "typing.h"

#include <leptonica/allheaders.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <tesseract/capi.h>
#include <unistd.h>

enum {
	PICTURE_MOST = 256 * 1024 * 1024, /* bytes read of one picture */
	PIXELS_MOST = 100 * 1000 * 1000,  /* of one page */
	SIDE_LEAST = 32,                  /* pixels; what is smaller is no page of text */
	PAGES_MOST = 1000,
};

static const char *languages = "eng";

/* --- pages ------------------------------------------------------------------------------------ */

/* By its header, before anything is decoded. */
static bool is_readable(const uint8_t *bytes, size_t n)
{
	l_int32 format, width, height, bits, samples, has_map;

	if (pixReadHeaderMem(bytes, n, &format, &width, &height, &bits, &samples, &has_map))
		return false;
	return width >= SIDE_LEAST && height >= SIDE_LEAST &&
	       (int64_t)width * height <= PIXELS_MOST;
}

static void give_page(TessBaseAPI *engine, PIX *page, struct answer *out)
{
	static const char between[] = "\n\f";

	TessBaseAPISetImage2(engine, page);
	char *text = TessBaseAPIGetUTF8Text(engine);
	if (text && strspn(text, " \n\f") < strlen(text)) {
		answer_text(out, text, strlen(text));
		answer_text(out, between, 1);
	}
	TessDeleteText(text);
	TessBaseAPIClear(engine);
	TessBaseAPIClearAdaptiveClassifier(engine);
}

static bool is_tiff(const uint8_t *bytes, size_t n)
{
	return n > 4 && (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0);
}

/* How many pages there are. */
static int give_pages(TessBaseAPI *engine, const uint8_t *bytes, size_t n, struct answer *out)
{
	size_t offset = 0;
	int pages = 0;

	do {
		PIX *page = is_tiff(bytes, n) ? pixReadMemFromMultipageTiff(bytes, n, &offset)
					      : pixReadMem(bytes, n);

		if (!page)
			break;
		pages++;
		if ((int64_t)pixGetWidth(page) * pixGetHeight(page) <= PIXELS_MOST)
			give_page(engine, page, out);
		pixDestroy(&page);
	} while (offset != 0 && pages < PAGES_MOST);
	if (pages == PAGES_MOST && offset != 0)
		answer_truncated(out);
	return pages;
}

/* --- one document ----------------------------------------------------------------------------- */

/* NULL if the languages' data are not installed. */
static TessBaseAPI *open_engine(void)
{
	TessBaseAPI *engine = TessBaseAPICreate();

	setMsgSeverity(L_SEVERITY_NONE);
	TessBaseAPISetVariable(engine, "debug_file", "/dev/null");
	if (TessBaseAPIInit3(engine, NULL, languages) == 0) {
		TessBaseAPISetPageSegMode(engine, PSM_AUTO);
		return engine;
	}
	TessBaseAPIDelete(engine);
	return NULL;
}

static int convert_ocr(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static TessBaseAPI *engine;

	if (!in)
		in = input_create();
	if (!engine)
		engine = open_engine();
	if (!engine)
		return answer_fail(out, ANSWER_UNAVAILABLE,
			"tesseract has no data for %s (tesseract-ocr-LANGUAGE)", languages);
	input_open(in, doc);
	if (!input_load(in, PICTURE_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!picture_tags_give(out, input_bytes(in), input_size(in)))
		return convert_other(doc, out);
	if (is_readable(input_bytes(in), input_size(in)))
		answer_meta_int(
			out, "pages", give_pages(engine, input_bytes(in), input_size(in), out));
	return ANSWER_DONE;
}

static const struct converter_ops ocr_converter = {
	.program = "trawl-convert-ocr",
	.convert = convert_ocr,
};

#ifndef TRAWL_FUZZ
int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "l:")) != -1) {
		if (option != 'l') {
			fprintf(stderr, "usage: trawl-convert-ocr [-l LANGUAGES]\n");
			return EX_USAGE;
		}
		languages = optarg;
	}
	return convert_serve(&ocr_converter);
}
#endif
