/* filter: values of the query language's fields; see filter.h. */
#include "search/filter.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/units.h"
#include "search/date.h"

#include <string.h>
#include <strings.h>

enum {
	VALUE_BYTES_MAX = 4096, /* no path is longer */
	DAY_S = 86400,
	MINUTE_S = 60,
};

static const char *const field_names[] = {
#define X(id, name) [FIELD_##id] = name,
	FIELD_TABLE(X)
#undef X
};

enum field field_find(const char *name, size_t len)
{
	for (int f = 0; f < FIELD_NONE; f++)
		if (strlen(field_names[f]) == len && strncasecmp(field_names[f], name, len) == 0)
			return (enum field)f;
	return FIELD_NONE;
}

const char *field_name(enum field f)
{
	return field_names[f];
}

int64_t moment_resolve(struct moment m, int64_t now_s)
{
	if (m.kind != MOMENT_AGO)
		return m.value;
	int64_t grain = m.value >= DAY_S ? DAY_S : MINUTE_S;
	return now_s - now_s % grain - m.value;
}

/* The fault that the readers below report: what was expected, and where. */
struct fault {
	const char *why;
	size_t at;
};

static enum status refuse(struct fault *fault, size_t at, const char *why)
{
	*fault = (struct fault){why, at};
	return ST_INVALID;
}

static enum status read_text(struct filter *f, const char *value, size_t len)
{
	AUTO_BUF folded = BUF_INIT;

	utf8_add_folded(&folded, value, len);
	f->text = buf_take(&folded);
	if (!f->text)
		return ST_NOMEM;
	f->glob = (f->field == FIELD_NAME || f->field == FIELD_PATH) && strpbrk(f->text, "*?");
	return ST_OK;
}

/* ".PDF" is "pdf", "text/" followed by a star "text/". */
static enum status add_item(struct filter *f, struct buf *list, const char *s, size_t at,
	size_t end, struct fault *fault)
{
	if (f->field == FIELD_EXT && at < end && s[at] == '.')
		at++;
	if (f->field == FIELD_TYPE && end - at >= 2 && s[end - 1] == '*' && s[end - 2] == '/')
		end--;
	if (at == end)
		return refuse(fault, at, "a value between the commas");
	if (memchr(s + at, '*', end - at))
		return refuse(fault, at,
			f->field == FIELD_EXT ? "an extension such as pdf"
					      : "a type such as text/plain, text/* or pdf");
	utf8_add_folded(list, s + at, end - at);
	buf_addc(list, '\0');
	return ST_OK;
}

static enum status read_list(
	struct filter *f, const char *value, size_t len, struct fault *fault)
{
	AUTO_BUF list = BUF_INIT;
	size_t item = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && value[i] != ',')
			continue;
		enum status st = add_item(f, &list, value, item, i, fault);
		if (st != ST_OK)
			return st;
		item = i + 1;
	}
	f->text = buf_take(&list);
	return f->text ? ST_OK : ST_NOMEM;
}

const char *filter_next_item(const char *item)
{
	return item + strlen(item) + 1;
}

/* Where ".." parts a range, or `len`. */
static size_t find_range(const char *s, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (s[i] == '.' && s[i + 1] == '.')
			return i;
	return len;
}

static enum status read_bytes(
	const char *s, size_t at, size_t len, int64_t *out, struct fault *fault)
{
	AUTO_FREE char *copy = mem_dup(s + at, len);

	if (!copy)
		return ST_NOMEM;
	if (units_size(copy, out) != ST_OK || *out < 0)
		return refuse(fault, at, "a size such as 10K, >1M or 1M..2M");
	return ST_OK;
}

static enum status read_size_range(
	struct filter *f, const char *s, size_t len, size_t dots, struct fault *fault)
{
	enum status st = ST_OK;

	if (dots > 0)
		st = read_bytes(s, 0, dots, &f->min, fault);
	if (st == ST_OK && dots + 2 < len)
		st = read_bytes(s, dots + 2, len - dots - 2, &f->max, fault);
	if (st == ST_OK && len == 2)
		return refuse(fault, 0, "a size before or after ..");
	if (st == ST_OK && f->min > f->max)
		return refuse(fault, 0, "the smaller size first");
	return st;
}

static enum status read_size(
	struct filter *f, const char *s, size_t len, struct fault *fault)
{
	size_t dots = find_range(s, len), op = 0;
	int64_t n = 0;
	enum status st;

	f->min = 0;
	f->max = INT64_MAX;
	if (dots < len)
		return read_size_range(f, s, len, dots, fault);
	while (op < len && op < 2 && strchr("<>=", s[op]))
		op++;
	if (op == 2 && (s[0] == '=' || s[1] != '='))
		return refuse(fault, 0, "one of > >= < <= =");
	st = read_bytes(s, op, len - op, &n, fault);
	if (st != ST_OK)
		return st;
	if (op == 0 || s[0] == '=')
		f->min = f->max = n;
	else if (s[0] == '>')
		f->min = op == 2 || n == INT64_MAX ? n : n + 1;
	else
		f->max = op == 2 ? n : n - 1;
	return ST_OK;
}

/* One moment: a date's first and last instant, or a time ago (both the same). */
static enum status read_moment(const char *s, size_t at, size_t len, struct moment *first,
	struct moment *last, struct fault *fault)
{
	AUTO_FREE char *copy = mem_dup(s + at, len);
	int64_t ms, start, end;

	if (!copy)
		return ST_NOMEM;
	if (date_parse(copy, &start, &end)) {
		*first = (struct moment){MOMENT_DATE, start};
		*last = (struct moment){MOMENT_DATE, end};
		return ST_OK;
	}
	if (units_duration_ms(copy, &ms) == ST_OK && ms >= 0) {
		*first = *last = (struct moment){MOMENT_AGO, ms / 1000};
		return ST_OK;
	}
	return refuse(
		fault, at, "a date such as 2026-01-31, 2026-01 or 2026, or a time ago such as 7d");
}

static enum status read_time_range(
	struct filter *f, const char *s, size_t len, size_t dots, struct fault *fault)
{
	struct moment unused;
	enum status st = ST_OK;

	if (dots > 0)
		st = read_moment(s, 0, dots, &f->from, &unused, fault);
	if (st == ST_OK && dots + 2 < len)
		st = read_moment(s, dots + 2, len - dots - 2, &unused, &f->until, fault);
	if (st == ST_OK && len == 2)
		return refuse(fault, 0, "a date before or after ..");
	if (st == ST_OK && f->from.kind == MOMENT_DATE && f->until.kind == MOMENT_DATE &&
		f->from.value >= f->until.value)
		return refuse(fault, 0, "the earlier date first");
	return st;
}

static enum status read_time(
	struct filter *f, enum field as, const char *s, size_t len, struct fault *fault)
{
	size_t dots = find_range(s, len);
	struct moment first, last;
	enum status st;

	if (dots < len && as == FIELD_MODIFIED)
		return read_time_range(f, s, len, dots, fault);
	st = read_moment(s, 0, len, &first, &last, fault);
	if (st != ST_OK)
		return st;
	/* after:2024 and before:2025 is the year 2024; modified:2024 is the same. */
	if (as != FIELD_BEFORE)
		f->from = first;
	if (as == FIELD_BEFORE)
		f->until = first;
	else if (as == FIELD_MODIFIED && last.kind == MOMENT_DATE)
		f->until = last;
	return ST_OK;
}

static enum status read_value(
	struct filter *f, enum field as, const char *value, size_t len, struct fault *fault)
{
	if (len > VALUE_BYTES_MAX)
		return refuse(fault, 0, "a shorter value");
	switch (as) {
	case FIELD_NAME:
	case FIELD_PATH:
	case FIELD_AUTHOR:
	case FIELD_ROOT:
		return read_text(f, value, len);
	case FIELD_EXT:
	case FIELD_TYPE:
		return read_list(f, value, len, fault);
	case FIELD_SIZE:
		return read_size(f, value, len, fault);
	case FIELD_AFTER:
	case FIELD_BEFORE:
	case FIELD_MODIFIED:
		f->field = FIELD_MODIFIED;
		return read_time(f, as, value, len, fault);
	case FIELD_TITLE:
	case FIELD_NONE:
		break;
	}
	return refuse(fault, 0, "a filter");
}

enum status filter_create(enum field field, const char *value, size_t len, struct filter **out,
	const char **why, size_t *at)
{
	struct filter *f = mem_zalloc(sizeof *f);
	struct fault fault = {NULL, 0};
	enum status st;

	*out = NULL;
	if (!f)
		return ST_NOMEM;
	f->field = field;
	st = len ? read_value(f, field, value, len, &fault) : refuse(&fault, 0, "a value");
	if (st != ST_OK) {
		*why = fault.why;
		*at = fault.at;
		filter_destroy(f);
		return st;
	}
	*out = f;
	return ST_OK;
}

void filter_destroy(struct filter *f)
{
	if (!f)
		return;
	mem_free(f->text);
	mem_free(f);
}

static void print_moment(struct moment m, int64_t now_s, struct buf *out)
{
	if (m.kind == MOMENT_OPEN)
		return;
	if (m.kind == MOMENT_AGO && now_s < 0)
		buf_addf(out, "-%lld", (long long)m.value);
	else
		buf_addf(out, "=%lld", (long long)moment_resolve(m, now_s));
}

void filter_print(const struct filter *f, int64_t now_s, struct buf *out)
{
	buf_addf(out, "%s:", field_name(f->field));
	if (f->field == FIELD_EXT || f->field == FIELD_TYPE)
		for (const char *item = f->text; *item; item = filter_next_item(item))
			buf_addf(out, "%zu:%s", strlen(item), item);
	else if (f->text)
		buf_addf(out, "%zu:%s", strlen(f->text), f->text);
	if (f->field == FIELD_SIZE)
		buf_addf(out, "%lld..%lld", (long long)f->min, (long long)f->max);
	if (f->field == FIELD_MODIFIED) {
		print_moment(f->from, now_s, out);
		buf_adds(out, "..");
		print_moment(f->until, now_s, out);
	}
}
