/* rtf_words: what the control words of RTF mean for its text.  Pure; any thread. */
#ifndef CONVERT_RTF_WORDS_H
#define CONVERT_RTF_WORDS_H

#include <stdint.h>

enum rtf_meaning {
	RTF_NOTHING, /* a word that is not known too */
	/* destinations: what the group is for */
	RTF_SKIPPED,
	RTF_KNOWN, /* shown, even behind a star */
	RTF_ASIDE, /* shown apart from the paragraph around it */
	RTF_FONTS,
	RTF_INFO,
	RTF_PROPERTY, /* argument: an enum property */
	RTF_TIME,     /* argument: an enum property */
	RTF_TWICE,    /* the same in bytes, then in Unicode */
	RTF_UNICODE,
	/* text */
	RTF_CHARACTER, /* argument: a code point */
	RTF_BREAK,     /* argument: an enum flow_gap */
	RTF_PARAGRAPH,
	RTF_UNICODE_CHARACTER,
	RTF_FALLBACK, /* how many bytes follow a character of Unicode */
	/* character formatting */
	RTF_PLAIN,
	RTF_FONT,
	RTF_HIDDEN,
	/* of the font table, of the document */
	RTF_FONT_CHARSET,
	RTF_FONT_CODEPAGE,
	RTF_CODEPAGE,       /* the number is the code page */
	RTF_CODEPAGE_NAMED, /* argument: the code page */
	RTF_DEFAULT_FONT,
	RTF_DEFAULT_LANGUAGE,
	RTF_PAGES,
	RTF_DATE_FIELD, /* argument: which, of struct tm's as an enum rtf_date */
};

enum rtf_date { RTF_YEAR, RTF_MONTH, RTF_DAY, RTF_HOUR, RTF_MINUTE, RTF_DATE_FIELDS };

struct rtf_word {
	const char *word;
	enum rtf_meaning meaning;
	int argument;
};

/* Never NULL. */
const struct rtf_word *rtf_word_find(const char *word);
/* The code page that a font's charset stands for; 0: the document's, RTF_SYMBOLS: pictures. */
enum { RTF_SYMBOLS = -1 };
int rtf_charset_codepage(int32_t charset);
/* Two letters of the language of a Windows locale; NULL if it is not known. */
const char *rtf_language(int32_t locale);

#endif
