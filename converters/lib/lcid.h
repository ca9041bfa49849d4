/*
 * lcid: the numbers by which documents from Windows say in which language they are, and so in which
 * code page.  Pure; any thread.
 */
#ifndef CONVERT_LCID_H
#define CONVERT_LCID_H

#include <stdint.h>

/* ISO 639-1; NULL for a number that is unknown. */
const char *lcid_language(uint32_t lcid);
/* The name for iconv of the code page for texts in that language that are not Unicode; NULL if
 * there is none. */
const char *lcid_charset(uint32_t lcid);

#endif
