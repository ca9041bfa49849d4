/* date: days as queries write them, in UTC.  Pure; any thread. */
#ifndef SEARCH_DATE_H
#define SEARCH_DATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "2026", "2026-01" or "2026-01-31": seconds since the epoch of its first instant,
 * and of the first instant after it.  False if it is none of these.
 */
bool date_parse(const char *s, int64_t *start, int64_t *end);
/* The year that holds the moment. */
int64_t date_year(int64_t seconds);

#endif
