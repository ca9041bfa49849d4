/* mime: the table of extensions; see mime.h. */
#include "convert/mime.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *extension, *type;
};

/* Sorted by extension, in the order of strcmp: it is searched by halves. */
static const struct row rows[] = {
#define MIME(extension, type) {#extension, type},
#include "convert/mime.tbl"
#undef MIME
};

static int compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct row *)row)->extension);
}

const char *mime_of_extension(const char *extension)
{
	const struct row *row =
		bsearch(extension, rows, sizeof rows / sizeof rows[0], sizeof rows[0], compare);

	return row ? row->type : NULL;
}
