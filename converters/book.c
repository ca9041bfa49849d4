/*
 * book: trawl-convert-book, the text of EPUB and FictionBook.
 *
 * The formats are read by lib/epub.c and lib/fb2.c; here is told which one it is.
 *
 * pkg-config: libzip expat libxml-2.0 libmagic libcjson uchardet
 */
#include "epub.h"
#include "fb2.h"
#include "package.h"
#include "serve.h"
#include "typing.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HEAD = 4096 };

static bool ends_in_fb2(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n > 4 && strcasecmp(name + n - 4, ".fb2") == 0;
}

/* A zip of one FictionBook, its first member of this name; NULL if there is none. */
static const char *find_fb2(struct package *package)
{
	for (int64_t i = 0; i < package_count(package); i++)
		if (ends_in_fb2(package_name(package, i)))
			return package_name(package, i);
	return NULL;
}

static int convert_package(const struct document *doc, struct answer *out)
{
	struct package *package;
	int verdict = package_open(doc, out, &package);
	const char *fb2;

	if (verdict != ANSWER_DONE)
		return verdict;
	fb2 = find_fb2(package);
	if (package_find(package, "META-INF/container.xml") >= 0)
		verdict = epub_convert(package, out);
	else if (fb2)
		verdict = fb2_convert_member(package, fb2, out);
	else
		verdict = convert_other(doc, out);
	package_close(package);
	return verdict;
}

static int convert_book(const struct document *doc, struct answer *out)
{
	char head[HEAD];
	ssize_t n = pread(doc->fd, head, sizeof head, 0);

	if (n < 0)
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0)
		return convert_package(doc, out);
	if (memmem(head, (size_t)n, "<FictionBook", strlen("<FictionBook")))
		return fb2_convert(doc, out);
	return convert_other(doc, out);
}

static const struct converter_ops book_converter = {
	.program = "trawl-convert-book",
	.convert = convert_book,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&book_converter);
}
#endif
