/* cell_number: dates and digits; see cell_number.h. */
#include "cell_number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DIGITS_SHOWN = 15,     /* of a double, those that mean something */
	DAYS_TO_EPOCH = 25569, /* 1970-01-01, counted from 1900 */
	DAYS_TO_1904 = 1462,
	DAY = 86400,        /* seconds */
	LEAP_1900 = 60,     /* the 29th of February that 1900 did not have */
	LAST_DAY = 2958465, /* 9999-12-31 */
};

bool cell_number_built_in_date(unsigned id)
{
	static const struct {
		unsigned from, to;
	} dates[] = {{14, 22}, {27, 36}, {45, 47}, {50, 58}};

	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
		if (id >= dates[i].from && id <= dates[i].to)
			return true;
	return false;
}

/* Where a part that says nothing ends: quoted text, [a colour], the character behind \ _ and *. */
static size_t skip_literal(const char *code, size_t n, size_t at)
{
	const char *end = NULL;

	if (code[at] == '"')
		end = memchr(code + at + 1, '"', n - at - 1);
	else if (code[at] == '[')
		end = memchr(code + at, ']', n - at);
	else
		return at + 2;
	return end ? (size_t)(end - code) + 1 : n;
}

static bool is_any_of(char c, const char *set)
{
	return c && strchr(set, tolower((unsigned char)c));
}

bool cell_number_code_is_date(const char *code, size_t n)
{
	for (size_t at = 0; at < n;) {
		bool hours = code[at] == '[' && at + 1 < n && is_any_of(code[at + 1], "hms");

		if (hours || is_any_of(code[at], "dmyhs"))
			return true;
		at = is_any_of(code[at], "\"[\\_*") ? skip_literal(code, n, at) : at + 1;
	}
	return false;
}

static size_t show_date(double days, bool from_1904, char out[CELL_NUMBER_ROOM])
{
	long whole = (long)days, seconds = (long)((days - (double)whole) * DAY + 0.5);
	bool has_day = whole >= 1 || from_1904, has_time = seconds > 0 || !has_day;
	size_t len = 0;
	struct tm tm;

	if (from_1904)
		whole += DAYS_TO_1904;
	else if (whole <= LEAP_1900)
		whole++;
	time_t when = (whole - DAYS_TO_EPOCH) * DAY + seconds;
	gmtime_r(&when, &tm);
	if (has_day)
		len = strftime(out, CELL_NUMBER_ROOM, "%Y-%m-%d", &tm);
	if (has_day && has_time)
		out[len++] = ' ';
	if (has_time)
		len += strftime(
			out + len, CELL_NUMBER_ROOM - len, tm.tm_sec ? "%H:%M:%S" : "%H:%M", &tm);
	return len;
}

size_t cell_number_show(double value, bool date, bool from_1904, char out[CELL_NUMBER_ROOM])
{
	if (!isfinite(value))
		return 0;
	if (date && value >= 0 && value < LAST_DAY)
		return show_date(value, from_1904, out);
	return (size_t)snprintf(out, CELL_NUMBER_ROOM, "%.*g", DIGITS_SHOWN, value);
}
