/* moment: dates and times ago, read, resolved and said; see moment.h. */
#include "search/moment.h"

#include "core/units.h"
#include "search/date.h"

#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* --- reading --- */

static bool parse_day(const char *s, struct moment *first, struct moment *last)
{
	static const char *const names[] = {"today", "yesterday"};

	for (int i = 0; i < 2; i++) {
		if (strcmp(s, names[i]) != 0)
			continue;
		*first = (struct moment){MOMENT_DAY, i};
		*last = (struct moment){MOMENT_DAY, i - 1};
		return true;
	}
	return false;
}

/* Units that configurations do not have, for they are not exact. */
static bool parse_long(const char *s, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t days;
	} units[] = {{"mo", 30}, {"y", 365}};
	size_t digits = strspn(s, "0123456789");
	int64_t n = 0;

	if (digits == 0 || digits > 6)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (s[i] - '0');
	for (int i = 0; i < 2; i++) {
		if (strcmp(s + digits, units[i].name) != 0)
			continue;
		*out = n * units[i].days * DAY_S;
		return true;
	}
	return false;
}

bool moment_parse(const char *s, struct moment *first, struct moment *last)
{
	int64_t start, end, ms;

	if (date_parse(s, &start, &end)) {
		*first = (struct moment){MOMENT_DATE, start};
		*last = (struct moment){MOMENT_DATE, end};
		return true;
	}
	if (parse_day(s, first, last))
		return true;
	if (parse_long(s, &start)) {
		*first = *last = (struct moment){MOMENT_AGO, start};
		return true;
	}
	if (units_duration_ms(s, &ms) == ST_OK && ms >= 0) {
		*first = *last = (struct moment){MOMENT_AGO, ms / 1000};
		return true;
	}
	return false;
}

bool moment_is_backwards(struct moment from, struct moment until)
{
	if (from.kind != until.kind || from.kind == MOMENT_OPEN)
		return false;
	return from.kind == MOMENT_DATE ? from.value >= until.value : from.value <= until.value;
}

/* --- resolving --- */

int64_t moment_resolve(struct moment m, int64_t now_s)
{
	switch (m.kind) {
	case MOMENT_OPEN:
	case MOMENT_DATE:
		break;
	case MOMENT_DAY:
		return now_s - now_s % DAY_S - m.value * DAY_S;
	case MOMENT_AGO:
		return now_s - now_s % (m.value >= DAY_S ? DAY_S : MINUTE_S) - m.value;
	}
	return m.value;
}

void moment_key(struct moment m, int64_t now_s, struct buf *out)
{
	if (m.kind == MOMENT_OPEN)
		return;
	if (m.kind == MOMENT_DATE || now_s >= 0)
		buf_addf(out, "=%lld", (long long)moment_resolve(m, now_s));
	else
		buf_addf(out, "%c%lld", m.kind == MOMENT_DAY ? '@' : '-', (long long)m.value);
}

/* --- saying --- */

static void print_length(int64_t seconds, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{DAY_S, "day"}, {HOUR_S, "hour"}, {MINUTE_S, "minute"}, {1, "second"}};
	size_t i = 0;

	while (seconds % units[i].seconds || (seconds == 0 && units[i].seconds > 1))
		i++;
	int64_t n = seconds / units[i].seconds;
	buf_addf(out, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
}

static void print_moment(struct moment m, struct buf *out)
{
	static const char *const days[] = {"tomorrow", "today", "yesterday"};

	switch (m.kind) {
	case MOMENT_OPEN:
		return;
	case MOMENT_DATE:
		date_print(m.value, out);
		return;
	case MOMENT_DAY:
		buf_adds(out, days[m.value + 1]);
		return;
	case MOMENT_AGO:
		print_length(m.value, out);
		buf_adds(out, " ago");
		return;
	}
}

/* One year, month or day says so; false if it is none. */
static bool print_date(struct moment from, struct moment until, struct buf *out)
{
	if (from.kind == MOMENT_DAY && until.kind == MOMENT_DAY && from.value == until.value + 1) {
		print_moment(from, out);
		return true;
	}
	if (from.kind != MOMENT_DATE || until.kind != MOMENT_DATE)
		return false;
	AUTO_BUF first = BUF_INIT;
	date_print(from.value, &first);
	/* Of "2024-01-01" as much as means just this span: a year, a month, a day. */
	for (size_t len = 4; first.data && len <= 10 && len <= first.len; len += 3) {
		char text[11] = "";
		int64_t start, end;

		memcpy(text, first.data, len);
		if (date_parse(text, &start, &end) && start == from.value && end == until.value) {
			buf_addf(out, "%s %s", len < 10 ? "in" : "on", text);
			return true;
		}
	}
	return false;
}

void moment_print_span(struct moment from, struct moment until, struct buf *out)
{
	if (print_date(from, until, out))
		return;
	if (from.kind == MOMENT_AGO && until.kind == MOMENT_OPEN) {
		buf_adds(out, "in the last ");
		print_length(from.value, out);
		return;
	}
	if (from.kind != MOMENT_OPEN) {
		buf_adds(out, "on or after ");
		print_moment(from, out);
	}
	if (until.kind != MOMENT_OPEN) {
		buf_adds(out, from.kind == MOMENT_OPEN ? "before " : " and before ");
		print_moment(until, out);
	}
}
