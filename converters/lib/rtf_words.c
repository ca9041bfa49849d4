/* rtf_words: tables of words, charsets and languages; see rtf_words.h. */
#include "rtf_words.h"

#include "flow.h"
#include "properties.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* Sorted by word. */
static const struct rtf_word words[] = {
	{"annotation", RTF_ASIDE, 0},
	{"ansi", RTF_CODEPAGE_NAMED, 1252},
	{"ansicpg", RTF_CODEPAGE, 0},
	{"atnauthor", RTF_SKIPPED, 0},
	{"atndate", RTF_SKIPPED, 0},
	{"atnicn", RTF_SKIPPED, 0},
	{"atnid", RTF_SKIPPED, 0},
	{"atnparent", RTF_SKIPPED, 0},
	{"atnref", RTF_SKIPPED, 0},
	{"atntime", RTF_SKIPPED, 0},
	{"atrfend", RTF_SKIPPED, 0},
	{"atrfstart", RTF_SKIPPED, 0},
	{"author", RTF_PROPERTY, PROPERTY_AUTHOR},
	{"bkmkend", RTF_SKIPPED, 0},
	{"bkmkstart", RTF_SKIPPED, 0},
	{"bullet", RTF_CHARACTER, 0x2022},
	{"category", RTF_PROPERTY, PROPERTY_KEYWORDS},
	{"cell", RTF_BREAK, GAP_TAB},
	{"chftn", RTF_BREAK, GAP_NONE},
	{"colortbl", RTF_SKIPPED, 0},
	{"column", RTF_BREAK, GAP_LINE},
	{"comment", RTF_SKIPPED, 0},
	{"company", RTF_SKIPPED, 0},
	{"cpg", RTF_FONT_CODEPAGE, 0},
	{"creatim", RTF_TIME, PROPERTY_CREATED},
	{"deff", RTF_DEFAULT_FONT, 0},
	{"deflang", RTF_DEFAULT_LANGUAGE, 0},
	{"deleted", RTF_HIDDEN, 0},
	{"doccomm", RTF_PROPERTY, PROPERTY_DESCRIPTION},
	{"dy", RTF_DATE_FIELD, RTF_DAY},
	{"emdash", RTF_CHARACTER, 0x2014},
	{"emspace", RTF_BREAK, GAP_BLANK},
	{"endash", RTF_CHARACTER, 0x2013},
	{"enspace", RTF_BREAK, GAP_BLANK},
	{"f", RTF_FONT, 0},
	{"falt", RTF_SKIPPED, 0},
	{"fcharset", RTF_FONT_CHARSET, 0},
	{"filetbl", RTF_SKIPPED, 0},
	{"fldinst", RTF_SKIPPED, 0},
	{"fldrslt", RTF_KNOWN, 0},
	{"fontemb", RTF_SKIPPED, 0},
	{"fonttbl", RTF_FONTS, 0},
	{"footer", RTF_ASIDE, 0},
	{"footerf", RTF_ASIDE, 0},
	{"footerl", RTF_ASIDE, 0},
	{"footerr", RTF_ASIDE, 0},
	{"footnote", RTF_ASIDE, 0},
	{"header", RTF_ASIDE, 0},
	{"headerf", RTF_ASIDE, 0},
	{"headerl", RTF_ASIDE, 0},
	{"headerr", RTF_ASIDE, 0},
	{"hr", RTF_DATE_FIELD, RTF_HOUR},
	{"info", RTF_INFO, 0},
	{"keywords", RTF_PROPERTY, PROPERTY_KEYWORDS},
	{"ldblquote", RTF_CHARACTER, 0x201c},
	{"line", RTF_BREAK, GAP_LINE},
	{"listoverridetable", RTF_SKIPPED, 0},
	{"listtable", RTF_SKIPPED, 0},
	{"listtext", RTF_SKIPPED, 0},
	{"lquote", RTF_CHARACTER, 0x2018},
	{"mac", RTF_CODEPAGE_NAMED, 10000},
	{"min", RTF_DATE_FIELD, RTF_MINUTE},
	{"mo", RTF_DATE_FIELD, RTF_MONTH},
	{"nestcell", RTF_BREAK, GAP_TAB},
	{"nestrow", RTF_BREAK, GAP_LINE},
	{"nofpages", RTF_PAGES, 0},
	{"nonesttables", RTF_SKIPPED, 0},
	{"nonshppict", RTF_SKIPPED, 0},
	{"objdata", RTF_SKIPPED, 0},
	{"operator", RTF_PROPERTY, PROPERTY_EDITOR},
	{"page", RTF_BREAK, GAP_PARAGRAPH},
	{"panose", RTF_SKIPPED, 0},
	{"par", RTF_PARAGRAPH, GAP_LINE},
	{"pc", RTF_CODEPAGE_NAMED, 437},
	{"pca", RTF_CODEPAGE_NAMED, 850},
	{"pict", RTF_SKIPPED, 0},
	{"plain", RTF_PLAIN, 0},
	{"pntext", RTF_SKIPPED, 0},
	{"pntxta", RTF_SKIPPED, 0},
	{"pntxtb", RTF_SKIPPED, 0},
	{"qmspace", RTF_BREAK, GAP_BLANK},
	{"rdblquote", RTF_CHARACTER, 0x201d},
	{"revtbl", RTF_SKIPPED, 0},
	{"revtim", RTF_TIME, PROPERTY_MODIFIED},
	{"row", RTF_PARAGRAPH, GAP_LINE},
	{"rquote", RTF_CHARACTER, 0x2019},
	{"rxe", RTF_SKIPPED, 0},
	{"sect", RTF_PARAGRAPH, GAP_PARAGRAPH},
	{"shpinst", RTF_KNOWN, 0},
	{"shppict", RTF_KNOWN, 0},
	{"shprslt", RTF_SKIPPED, 0},
	{"shptxt", RTF_ASIDE, 0},
	{"sn", RTF_SKIPPED, 0},
	{"stylesheet", RTF_SKIPPED, 0},
	{"subject", RTF_PROPERTY, PROPERTY_SUBJECT},
	{"sv", RTF_SKIPPED, 0},
	{"tab", RTF_BREAK, GAP_TAB},
	{"tc", RTF_SKIPPED, 0},
	{"template", RTF_SKIPPED, 0},
	{"title", RTF_PROPERTY, PROPERTY_TITLE},
	{"txe", RTF_SKIPPED, 0},
	{"u", RTF_UNICODE_CHARACTER, 0},
	{"uc", RTF_FALLBACK, 0},
	{"ud", RTF_UNICODE, 0},
	{"upr", RTF_TWICE, 0},
	{"v", RTF_HIDDEN, 0},
	{"xe", RTF_SKIPPED, 0},
	{"yr", RTF_DATE_FIELD, RTF_YEAR},
};

static const struct {
	int charset, codepage;
} charsets[] = {
	{0, 1252}, {1, 0}, {2, RTF_SYMBOLS}, {77, 10000}, {128, 932}, {129, 949}, {130, 1361}, {134, 936},
	{136, 950}, {161, 1253}, {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257},
	{204, 1251}, {222, 874}, {238, 1250}, {254, 437}, {255, 850},
};

/* By the low ten bits of a locale. */
static const char languages[][3] = {
	[0x01] = "ar", [0x02] = "bg", [0x03] = "ca", [0x04] = "zh", [0x05] = "cs", [0x06] = "da",
	[0x07] = "de", [0x08] = "el", [0x09] = "en", [0x0a] = "es", [0x0b] = "fi", [0x0c] = "fr",
	[0x0d] = "he", [0x0e] = "hu", [0x0f] = "is", [0x10] = "it", [0x11] = "ja", [0x12] = "ko",
	[0x13] = "nl", [0x14] = "no", [0x15] = "pl", [0x16] = "pt", [0x18] = "ro", [0x19] = "ru",
	[0x1a] = "hr", [0x1b] = "sk", [0x1c] = "sq", [0x1d] = "sv", [0x1e] = "th", [0x1f] = "tr",
	[0x20] = "ur", [0x21] = "id", [0x22] = "uk", [0x23] = "be", [0x24] = "sl", [0x25] = "et",
	[0x26] = "lv", [0x27] = "lt", [0x29] = "fa", [0x2a] = "vi", [0x2b] = "hy", [0x2d] = "eu",
	[0x2f] = "mk", [0x36] = "af", [0x37] = "ka", [0x39] = "hi", [0x3e] = "ms", [0x3f] = "kk",
	[0x45] = "bn", [0x56] = "gl",
};
/* clang-format on */

static int compare(const void *word, const void *row)
{
	return strcmp(word, ((const struct rtf_word *)row)->word);
}

const struct rtf_word *rtf_word_find(const char *word)
{
	static const struct rtf_word nothing = {"", RTF_NOTHING, 0};
	const struct rtf_word *found =
		bsearch(word, words, sizeof words / sizeof words[0], sizeof words[0], compare);

	return found ? found : &nothing;
}

int rtf_charset_codepage(int32_t charset)
{
	for (size_t i = 0; i < sizeof charsets / sizeof charsets[0]; i++)
		if (charsets[i].charset == charset)
			return charsets[i].codepage;
	return 0;
}

const char *rtf_language(int32_t locale)
{
	size_t language = (size_t)locale & 0x3ff;

	if (language >= sizeof languages / sizeof languages[0] || !languages[language][0])
		return NULL;
	return languages[language];
}
