/* lcid: languages of Windows; see lcid.h. */
#include "lcid.h"

#include <stddef.h>

enum {
	PRIMARY = 0x3ff, /* bits that name the language; those above name the country */
	CHINESE = 0x04,
};

/* [MS-LCID], by the language's bits. */
static const struct {
	uint32_t primary;
	const char *language, *charset;
} languages[] = {
	{0x01, "ar", "windows-1256"},
	{0x02, "bg", "windows-1251"},
	{0x03, "ca", "windows-1252"},
	{CHINESE, "zh", "GB18030"},
	{0x05, "cs", "windows-1250"},
	{0x06, "da", "windows-1252"},
	{0x07, "de", "windows-1252"},
	{0x08, "el", "windows-1253"},
	{0x09, "en", "windows-1252"},
	{0x0a, "es", "windows-1252"},
	{0x0b, "fi", "windows-1252"},
	{0x0c, "fr", "windows-1252"},
	{0x0d, "he", "windows-1255"},
	{0x0e, "hu", "windows-1250"},
	{0x0f, "is", "windows-1252"},
	{0x10, "it", "windows-1252"},
	{0x11, "ja", "CP932"},
	{0x12, "ko", "CP949"},
	{0x13, "nl", "windows-1252"},
	{0x14, "no", "windows-1252"},
	{0x15, "pl", "windows-1250"},
	{0x16, "pt", "windows-1252"},
	{0x18, "ro", "windows-1250"},
	{0x19, "ru", "windows-1251"},
	{0x1a, "hr", "windows-1250"},
	{0x1b, "sk", "windows-1250"},
	{0x1c, "sq", "windows-1250"},
	{0x1d, "sv", "windows-1252"},
	{0x1e, "th", "CP874"},
	{0x1f, "tr", "windows-1254"},
	{0x20, "ur", "windows-1256"},
	{0x21, "id", "windows-1252"},
	{0x22, "uk", "windows-1251"},
	{0x23, "be", "windows-1251"},
	{0x24, "sl", "windows-1250"},
	{0x25, "et", "windows-1257"},
	{0x26, "lv", "windows-1257"},
	{0x27, "lt", "windows-1257"},
	{0x29, "fa", "windows-1256"},
	{0x2a, "vi", "windows-1258"},
	{0x2d, "eu", "windows-1252"},
	{0x2f, "mk", "windows-1251"},
	{0x36, "af", "windows-1252"},
	{0x3e, "ms", "windows-1252"},
	{0x56, "gl", "windows-1252"},
};

static size_t find(uint32_t lcid)
{
	size_t i = 0;

	while (i < sizeof languages / sizeof languages[0] &&
		languages[i].primary != (lcid & PRIMARY))
		i++;
	return i;
}

const char *lcid_language(uint32_t lcid)
{
	size_t i = find(lcid);

	return i < sizeof languages / sizeof languages[0] ? languages[i].language : NULL;
}

/* In Taiwan, Hong Kong and Macau Chinese is written in the traditional characters. */
static int is_traditional(uint32_t lcid)
{
	return lcid == 0x0404 || lcid == 0x0c04 || lcid == 0x1404;
}

const char *lcid_charset(uint32_t lcid)
{
	size_t i = find(lcid);

	if (is_traditional(lcid))
		return "BIG5-HKSCS";
	return i < sizeof languages / sizeof languages[0] ? languages[i].charset : NULL;
}
