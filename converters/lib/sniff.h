/* sniff: what a document is by its first bytes, where a name may have lied.  Pure; any thread. */
#ifndef CONVERT_SNIFF_H
#define CONVERT_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SNIFF_BYTES = 4096,          /* that many are enough for sniff_pdf and sniff_html */
	SNIFF_TEXT_BYTES = 16 * 1024 /* for sniff_text: a root element's namespaces come first */
};

bool sniff_pdf(const uint8_t *p, size_t n);
/* A document type or an element of HTML's frame, behind blanks, comments and an XML declaration. */
bool sniff_html(const uint8_t *p, size_t n);

/* The MIME type of a format that is converted here and has a signature, NULL for all others.  Zip
 * and OLE files are called that, whatever they hold.  64 KiB are enough. */
const char *sniff_signature(const uint8_t *p, size_t n);
/* The same for formats that are text, of decoded text: markup, mail, calendars, scripts of the
 * press.  NULL: text of no special kind. */
const char *sniff_text(const char *utf8, size_t n);

#endif
