/* iso_date: ISO 8601 and its short forms; see iso_date.h. */
#include "iso_date.h"

#include <ctype.h>
#include <time.h>

struct reader {
	const char *p, *end;
};

static bool take(struct reader *r, const char *any_of)
{
	for (; *any_of; any_of++)
		if (r->p < r->end && *r->p == *any_of) {
			r->p++;
			return true;
		}
	return false;
}

/* Exactly `digits` digits, with a value in lowest..highest. */
static bool number(struct reader *r, int digits, int lowest, int highest, int *out)
{
	int value = 0;

	if (r->end - r->p < digits)
		return false;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)r->p[i]))
			return false;
		value = value * 10 + (r->p[i] - '0');
	}
	if (value < lowest || value > highest)
		return false;
	r->p += digits;
	*out = value;
	return true;
}

/* hh:mm, perhaps :ss and a fraction. */
static bool clock_time(struct reader *r, struct tm *tm)
{
	if (!number(r, 2, 0, 23, &tm->tm_hour) || !take(r, ":") ||
		!number(r, 2, 0, 59, &tm->tm_min))
		return false;
	if (!take(r, ":"))
		return true;
	if (!number(r, 2, 0, 60, &tm->tm_sec))
		return false;
	if (take(r, ".,"))
		while (r->p < r->end && isdigit((unsigned char)*r->p))
			r->p++;
	return true;
}

/* Z, or +hh:mm, +hhmm, +hh; in seconds east. */
static bool offset(struct reader *r, long *east)
{
	int hours, minutes = 0;

	*east = 0;
	if (r->p == r->end || take(r, "Zz"))
		return true;
	int sign = *r->p == '-' ? -1 : 1;
	if (!take(r, "+-") || !number(r, 2, 0, 14, &hours))
		return false;
	take(r, ":");
	if (r->p < r->end && !number(r, 2, 0, 59, &minutes))
		return false;
	*east = sign * (hours * 3600L + minutes * 60L);
	return true;
}

bool iso_date_parse(const char *s, size_t n, int64_t *out)
{
	struct reader r = {s, s + n};
	struct tm tm = {.tm_mday = 1};
	int year, month = 1;
	long east = 0;

	while (take(&r, " \t\r\n"))
		;
	while (r.end > r.p && isspace((unsigned char)r.end[-1]))
		r.end--;
	if (!number(&r, 4, 1, 9999, &year))
		return false;
	if (take(&r, "-/")) {
		if (!number(&r, 2, 1, 12, &month))
			return false;
		if (take(&r, "-/") && !number(&r, 2, 1, 31, &tm.tm_mday))
			return false;
	}
	if (take(&r, "Tt ")) {
		if (!clock_time(&r, &tm))
			return false;
		take(&r, " ");
		if (!offset(&r, &east))
			return false;
	}
	if (r.p != r.end)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*out = (int64_t)timegm(&tm) - east;
	return true;
}
