/* units: durations and sizes as people write them, dates as queries write them.  Pure; any thread. */
#ifndef CORE_UNITS_H
#define CORE_UNITS_H

#include "core/buf.h"
#include "core/status.h"

#include <stdint.h>

/* "500ms" "5s" "2m" "1h" "7d" "2w"; a bare number is refused, but "0" is fine.  ST_INVALID if not, or out of range. */
MUST_USE enum status units_duration_ms(const char *s, int64_t *out);
/* "0" "64K" "10M" "2G" "1T", 1024-based, optional trailing "B"/"iB"; a bare number is bytes. */
MUST_USE enum status units_size(const char *s, int64_t *out);
/* A signed decimal integer, whole string. */
MUST_USE enum status units_int(const char *s, int64_t *out);
/* Human forms, for logs and terminals: "1.5 MiB", "2 m 3 s". */
void units_add_size(struct buf *b, int64_t bytes);
void units_add_duration(struct buf *b, int64_t ms);

#endif
