/* date: days and times as queries write them, in UTC.  Pure; any thread. */
#ifndef SEARCH_DATE_H
#define SEARCH_DATE_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * "2026", "2026-01", "2026-01-31", "2026-01-31T15:04" or "2026-01-31T15:04:05", a time with or without
 * a Z: seconds since the epoch of its first instant, and of the first instant after it.  False if
 * it is none of these.
 */
bool date_parse(const char *s, int64_t *start, int64_t *end);
/* "2026-01-31", and "2026-01-31T15:04:05Z" where it is not a day's first instant. */
void date_print(int64_t seconds, struct buf *out);
/* The year that holds the moment. */
int64_t date_year(int64_t seconds);

#endif
