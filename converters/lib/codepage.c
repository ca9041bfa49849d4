/* codepage: from numbers to the names that iconv knows; see codepage.h. */
#include "codepage.h"

#include <stdio.h>
#include <string.h>

static void name_codepage(int codepage, struct charset *out)
{
	static const struct {
		int codepage;
		const char *name;
	} names[] = {
		{1361, "JOHAB"},
		{10000, "MACINTOSH"},
		{10007, "MAC-CYRILLIC"},
		{10029, "MAC-CENTRALEUROPE"},
		{65001, "UTF-8"},
	};
	char name[CHARSET_NAME];

	snprintf(name, sizeof name, "CP%d", codepage);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].codepage == codepage)
			snprintf(name, sizeof name, "%s", names[i].name);
	*out = (struct charset){.name = "WINDOWS-1252"};
	charset_by_name(name, strlen(name), out);
}

static bool is_ascii(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] >= 0x80 || bytes[i] == 0)
			return false;
	return true;
}

bool codepage_decode(int codepage, const uint8_t *bytes, size_t n, decode_sink *sink, void *ctx)
{
	static struct charset charset;
	static int named;

	if (is_ascii(bytes, n))
		return sink(ctx, (const char *)bytes, n);
	if (codepage != named || !charset.name[0])
		name_codepage(codepage, &charset);
	named = codepage;
	return decode_bytes(&charset, bytes, n, sink, ctx);
}
