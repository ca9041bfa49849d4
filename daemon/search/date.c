/* date: civil dates to seconds and back; see date.h. */
#include "search/date.h"

#include <ctype.h>
#include <string.h>

enum { DAY_S = 86400 };

/* Days from 1970-01-01; Howard Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = year / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in(int64_t year, int month)
{
	return (int)(month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1));
}

/* Exactly `digits` digits at *s, which moves on; -1 if they are not there. */
static int read_number(const char **s, int digits)
{
	int n = 0;

	for (int i = 0; i < digits; i++, ++*s) {
		if (!isdigit((unsigned char)**s))
			return -1;
		n = n * 10 + (**s - '0');
	}
	return n;
}

/* "15:04" or "15:04:05", then perhaps "Z": seconds since midnight and how many it lasts. */
static bool read_time(const char *s, int64_t *at, int64_t *lasts)
{
	int hour = read_number(&s, 2), minute, second = 0;

	if (hour < 0 || hour > 23 || *s++ != ':')
		return false;
	minute = read_number(&s, 2);
	if (minute < 0 || minute > 59)
		return false;
	*lasts = *s == ':' ? 1 : 60;
	if (*s == ':') {
		s++;
		second = read_number(&s, 2);
	}
	if (second < 0 || second > 59)
		return false;
	*at = hour * 3600 + minute * 60 + second;
	return !*s || strcmp(s, "Z") == 0;
}

bool date_parse(const char *s, int64_t *start, int64_t *end)
{
	int year = read_number(&s, 4), month, day;
	int64_t at = 0, lasts = DAY_S;

	if (year < 1)
		return false;
	if (!*s) {
		*start = days_of(year, 1, 1) * DAY_S;
		*end = days_of(year + 1, 1, 1) * DAY_S;
		return true;
	}
	if (*s++ != '-')
		return false;
	month = read_number(&s, 2);
	if (month < 1 || month > 12)
		return false;
	if (!*s) {
		*start = days_of(year, month, 1) * DAY_S;
		*end = *start + (int64_t)days_in(year, month) * DAY_S;
		return true;
	}
	if (*s++ != '-')
		return false;
	day = read_number(&s, 2);
	if (day < 1 || day > days_in(year, month))
		return false;
	if (*s && (*s != 'T' || !read_time(s + 1, &at, &lasts)))
		return false;
	*start = days_of(year, month, day) * DAY_S + at;
	*end = *start + lasts;
	return true;
}

void date_print(int64_t seconds, struct buf *out)
{
	int64_t day = seconds / DAY_S - (seconds % DAY_S < 0), time = seconds - day * DAY_S;
	int64_t year = date_year(seconds);
	int month = 12;

	while (days_of(year, month, 1) > day)
		month--;
	buf_addf(out, "%04lld-%02d-%02lld", (long long)year, month,
		(long long)(day - days_of(year, month, 1) + 1));
	if (time)
		buf_addf(out, "T%02lld:%02lld:%02lldZ", (long long)time / 3600,
			(long long)time / 60 % 60, (long long)time % 60);
}

int64_t date_year(int64_t seconds)
{
	int64_t day = seconds / DAY_S - (seconds % DAY_S < 0);
	int64_t year = 1970 + day / 366;

	/* The guess is never late by more than the leap days it took for granted. */
	while (days_of(year + 1, 1, 1) <= day)
		year++;
	while (days_of(year, 1, 1) > day)
		year--;
	return year;
}
