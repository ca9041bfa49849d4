/* units: durations, sizes and numbers as people write them; see units.h. */
#include "core/units.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{"ms", 1},
	{"s", 1000},
	{"m", 60 * 1000},
	{"h", 3600 * 1000},
	{"d", 86400 * 1000LL},
	{"w", 7 * 86400 * 1000LL},
};

static const struct unit size_units[] = {
	{"", 1},
	{"K", 1LL << 10},
	{"M", 1LL << 20},
	{"G", 1LL << 30},
	{"T", 1LL << 40},
};

enum {
	DURATION_UNITS = sizeof duration_units / sizeof *duration_units,
	SIZE_UNITS = sizeof size_units / sizeof *size_units
};

/* Reads decimal digits; returns what follows them, or NULL without a digit or out of range. */
static const char *read_digits(const char *s, int64_t *out)
{
	int64_t n = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
			return NULL;
	}
	*out = n;
	return s;
}

enum status units_duration_ms(const char *s, int64_t *out)
{
	int64_t n;
	const char *rest = read_digits(s, &n);

	if (!rest)
		return ST_INVALID;
	if (!*rest && n == 0) {
		*out = 0;
		return ST_OK;
	}
	for (size_t i = 0; i < DURATION_UNITS; i++) {
		if (strcmp(rest, duration_units[i].name))
			continue;
		return __builtin_mul_overflow(n, duration_units[i].factor, out) ? ST_INVALID
										: ST_OK;
	}
	return ST_INVALID;
}

/* Whether `rest` is the unit's letter, alone or followed by "B" or, behind a letter, by "iB". */
static bool is_size_unit(const char *rest, const char *letter)
{
	size_t n = strlen(letter);

	if (strncasecmp(rest, letter, n))
		return false;
	rest += n;
	return !*rest || !strcasecmp(rest, "B") || (n && !strcasecmp(rest, "iB"));
}

enum status units_size(const char *s, int64_t *out)
{
	int64_t n;
	const char *rest = read_digits(s, &n);

	if (!rest)
		return ST_INVALID;
	for (size_t i = 0; i < SIZE_UNITS; i++) {
		if (is_size_unit(rest, size_units[i].name))
			return __builtin_mul_overflow(n, size_units[i].factor, out) ? ST_INVALID
										    : ST_OK;
	}
	return ST_INVALID;
}

enum status units_int(const char *s, int64_t *out)
{
	int64_t n = 0;
	bool negative = *s == '-';

	if (*s == '-' || *s == '+')
		s++;
	if (*s < '0' || *s > '9')
		return ST_INVALID;
	for (; *s >= '0' && *s <= '9'; s++) {
		int digit = negative ? '0' - *s : *s - '0';

		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
			return ST_INVALID;
	}
	if (*s)
		return ST_INVALID;
	*out = n;
	return ST_OK;
}

/* The size of a number, also of the one whose negation does not exist. */
static uint64_t magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

void units_add_size(struct buf *b, int64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	enum { NAMES = sizeof names / sizeof *names };
	uint64_t n = magnitude(bytes);
	const char *sign = bytes < 0 ? "-" : "";
	uint64_t unit = 1, tenths = n >= 1024 ? UINT64_MAX : n * 10;
	size_t i = 0;

	while (tenths >= 10235 && i + 1 < NAMES) {
		unit <<= 10;
		i++;
		tenths = n / unit >= 1024 ? UINT64_MAX
					  : n / unit * 10 + (n % unit * 10 + unit / 2) / unit;
	}
	if (tenths % 10 && tenths < 1000)
		buf_addf(b, "%s%llu.%llu %s", sign, (unsigned long long)tenths / 10,
			(unsigned long long)tenths % 10, names[i]);
	else
		buf_addf(b, "%s%llu %s", sign, (unsigned long long)(tenths + 5) / 10, names[i]);
}

void units_add_duration(struct buf *b, int64_t ms)
{
	static const struct unit units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
	enum { UNITS = sizeof units / sizeof *units };
	uint64_t n = magnitude(ms), seconds = n / 1000;

	if (ms < 0)
		buf_addc(b, '-');
	if (n < 1000) {
		buf_addf(b, "%llu ms", (unsigned long long)n);
		return;
	}
	if (n < 60 * 1000 && n % 1000 >= 100) {
		buf_addf(b, "%llu.%llu s", (unsigned long long)seconds,
			(unsigned long long)(n % 1000 / 100));
		return;
	}
	/* The largest unit that fits, and the next one if there is some of it. */
	size_t i = 0;
	while (i + 1 < UNITS && seconds < (uint64_t)units[i].factor)
		i++;
	buf_addf(b, "%llu %s", (unsigned long long)(seconds / (uint64_t)units[i].factor),
		units[i].name);
	uint64_t left =
		i + 1 < UNITS ? seconds % (uint64_t)units[i].factor / (uint64_t)units[i + 1].factor
			      : 0;
	if (left)
		buf_addf(b, " %llu %s", (unsigned long long)left, units[i + 1].name);
}
