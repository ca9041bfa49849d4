/* sniff: what a document is by its first bytes, where a name may have lied.  Pure; any thread. */
#ifndef CONVERT_SNIFF_H
#define CONVERT_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNIFF_BYTES = 4096 }; /* that many are enough for each of these */

bool sniff_pdf(const uint8_t *p, size_t n);
/* A document type or an element of HTML's frame, behind blanks, comments and an XML declaration. */
bool sniff_html(const uint8_t *p, size_t n);

#endif
