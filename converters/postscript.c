/*
 * postscript: trawl-convert-postscript, PostScript and EPS, by Ghostscript.
 *
 * PostScript is a program: what it prints is known only by running it.  The
 * interpreter runs once for each document, without access to files.  Title,
 * author and pages are said by comments (DSC).
 *
 * pkg-config: libcjson
 */
#include "copy.h"
#include "diagnostics.h"
#include "helper.h"
#include "input.h"
#include "pages.h"
#include "scan.h"
#include "serve.h"
#include "typing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 32 * 1024, /* bytes in which the comments are looked for */
	LINE_MOST = 4096,
	DOS_HEADER = 30, /* of an EPS with a preview for Windows */
};

/* The text on its way from Ghostscript. */
struct reading {
	struct pages pages;
	bool blank, any; /* before the next character; anything but blanks was there */
	size_t len;
	char line[LINE_MOST];
};

/* --- the text --------------------------------------------------------------------------------- */

static void flush(struct reading *r)
{
	pages_put_utf8(&r->pages, r->line, r->len);
	r->len = 0;
}

/* A long line goes in pieces, between two characters. */
static void put_byte(struct reading *r, char c)
{
	bool begins = ((uint8_t)c & 0xc0) != 0x80;

	if (r->len == LINE_MOST || (begins && r->len > LINE_MOST - 8))
		flush(r);
	if (r->blank && r->len > 0)
		r->line[r->len++] = ' ';
	r->blank = false;
	r->line[r->len++] = c;
	r->any = true;
}

/* Ghostscript draws the page with blanks: one is enough, and none at a line's ends. */
static bool take_text(void *ctx, const char *bytes, size_t n)
{
	struct reading *r = ctx;

	for (size_t i = 0; i < n && !r->pages.full; i++) {
		if (bytes[i] == '\n') {
			flush(r);
			pages_put(&r->pages, '\n');
			r->blank = false;
		} else if (bytes[i] == '\f') {
			flush(r);
			pages_begin(&r->pages);
		} else if ((uint8_t)bytes[i] <= ' ') {
			r->blank = true;
		} else {
			put_byte(r, bytes[i]);
		}
	}
	return !r->pages.full;
}

/* --- comments --------------------------------------------------------------------------------- */

/* A value as it is, or as a string in parentheses, in which a backslash stands before what is
 * special and before three octal digits. */
static void take_value(struct answer *out, const char *key, const char *value, size_t n)
{
	char text[1024];
	size_t len = 0;

	if (n > 1 && value[0] == '(' && value[n - 1] == ')') {
		value++;
		n -= 2;
	}
	for (size_t i = 0; i < n && len + 4 < sizeof text; i++) {
		uint8_t c = (uint8_t)value[i];

		if (c == '\\' && i + 1 < n) {
			unsigned octal;

			c = (uint8_t)value[++i];
			if (i + 2 < n && sscanf(value + i, "%3o", &octal) == 1) {
				c = (uint8_t)octal;
				i += 2;
			}
		}
		len += scan_utf8_put(c, text + len);
	}
	answer_meta(out, key, text, len);
}

static const char *value_of(const char *line, size_t n, const char *name, size_t *len)
{
	size_t at = strlen(name);

	if (n < at || memcmp(line, name, at) != 0)
		return NULL;
	while (at < n && line[at] == ' ')
		at++;
	while (n > at && (uint8_t)line[n - 1] <= ' ')
		n--;
	*len = n - at;
	return line + at;
}

static void take_comment(struct answer *out, const char *line, size_t n)
{
	static const struct {
		const char *name, *key;
	} comments[] = {{"%%Title:", "title"}, {"%%For:", "author"}, {"%%Author:", "author"},
		{"%%Keywords:", "keywords"}, {"%%Subject:", "subject"}};
	size_t len;
	const char *value;

	for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++)
		if ((value = value_of(line, n, comments[i].name, &len)))
			take_value(out, comments[i].key, value, len);
	value = value_of(line, n, "%%Pages:", &len);
	if (value && len > 0 && len < 9 && value[0] >= '1' && value[0] <= '9')
		answer_meta_int(out, "pages", strtol(value, NULL, 10));
}

static void take_comments(struct answer *out, const char *bytes, size_t n)
{
	while (n) {
		size_t len = 0;

		while (len < n && bytes[len] != '\n' && bytes[len] != '\r')
			len++;
		if (len > 2 && len < LINE_MOST && bytes[0] == '%' && bytes[1] == '%')
			take_comment(out, bytes, len);
		len += len < n;
		bytes += len;
		n -= len;
	}
}

/* --- one document ----------------------------------------------------------------------------- */

static const char *const ghostscript[] = {"gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE",
	"-sDEVICE=txtwrite", "-sstdout=%stderr", "-sOutputFile=-", "-", NULL};

static int verdict_of(struct reading *r, int status, struct answer *out)
{
	bool whole = pages_finish(&r->pages);

	if (status == HELPER_MISSING)
		return answer_fail(out, ANSWER_UNAVAILABLE, "ghostscript is not installed");
	if (status < 0)
		return answer_fail(
			out, ANSWER_TRY_LATER, "gs could not be run: %s", strerror(errno));
	if (status != 0 && !r->any)
		return answer_fail(
			out, ANSWER_DAMAGED, "Ghostscript stopped with status %d", status);
	if (!whole || status != 0)
		answer_truncated(out);
	return ANSWER_DONE;
}

static int run(int fd, struct answer *out)
{
	static struct reading r;

	r.blank = r.any = false;
	r.len = 0;
	pages_init(&r.pages, out);
	pages_begin(&r.pages);
	int status = helper_run(ghostscript, fd, 0, take_text, &r);
	flush(&r);
	return verdict_of(&r, status, out);
}

static uint32_t little(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* What lies between the header of a preview for Windows and the preview. */
static int run_windows(const struct document *doc, const struct input *in, struct answer *out)
{
	const uint8_t *head = input_bytes(in);
	int fd;

	if (!copy_make(doc, little(head + 4), little(head + 8), &fd))
		return answer_fail(out, ANSWER_TRY_LATER, "a copy of it could not be made: %s",
			strerror(errno));
	int verdict = run(fd, out);
	copy_drop();
	return verdict;
}

static int convert_postscript(const struct document *doc, struct answer *out)
{
	static const uint8_t windows[] = {0xc5, 0xd0, 0xd3, 0xc6};
	static struct input *in;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, HEAD))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	const char *head = (const char *)input_bytes(in);
	size_t n = input_size(in), skip = n > 0 && head[0] == '\4'; /* left by a printer's driver */
	bool preview = n > DOS_HEADER && memcmp(head, windows, sizeof windows) == 0;
	if (!preview && (n < skip + 2 || memcmp(head + skip, "%!", 2) != 0))
		return convert_other(doc, out);
	answer_meta(out, "type", "application/postscript", strlen("application/postscript"));
	take_comments(out, head, n);
	return preview ? run_windows(doc, in, out) : run(doc->fd, out);
}

static const struct converter_ops postscript_converter = {
	.program = "trawl-convert-postscript",
	.convert = convert_postscript,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&postscript_converter);
}
#endif
