/* iso_date: moments as documents write them.  Pure; any thread. */
#ifndef CONVERT_ISO_DATE_H
#define CONVERT_ISO_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISO 8601 as the web writes it: a year, perhaps month, day, time, offset (none means UTC). Seconds
 * since the epoch. */
bool iso_date_parse(const char *s, size_t n, int64_t *out);

#endif
