/* moment: a point in time as a query writes it.  Pure; any thread. */
#ifndef SEARCH_MOMENT_H
#define SEARCH_MOMENT_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum moment_kind {
	MOMENT_OPEN, /* none: no bound */
	MOMENT_DATE, /* seconds UTC */
	MOMENT_DAY,  /* so many days before the UTC day that is now */
	MOMENT_AGO,  /* so many seconds before now */
};
struct moment {
	enum moment_kind kind;
	int64_t value;
};

/*
 * A date, with a time or without (date.h), "today" or "yesterday": its first moment and the first one
 * behind it.  "7d" (s, m, h, d, w, mo of 30 and y of 365 days): both are so long ago.  False if it is
 * none of these.
 */
bool moment_parse(const char *s, struct moment *first, struct moment *last);
/* Whether nothing can lie between the two, whatever the time is. */
bool moment_is_backwards(struct moment from, struct moment until);
/* Seconds UTC.  Days and longer count from the UTC day's start, shorter times from the minute's. */
int64_t moment_resolve(struct moment m, int64_t now_s);
/* Of the memo's key: resolved, or as typed if `now_s` is negative. */
void moment_key(struct moment m, int64_t now_s, struct buf *out);
/* "in 2024", "on 2024-02-29", "in the last 7 days", "on or after 2024-01-01 and before 2024-04-01" */
void moment_print_span(struct moment from, struct moment until, struct buf *out);

#endif
