/* filter: values of the query language's fields; see filter.h. */
#include "search/filter.h"

#include "core/mem.h"
#include "core/path.h"
#include "core/units.h"
#include "search/match.h"

#include <string.h>
#include <strings.h>

enum { VALUE_BYTES_MAX = 4096 }; /* no path is longer */

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

/* --- texts --- */

static enum status read_text(
	struct filter *f, const char *value, size_t len, struct fault *fault)
{
	enum status st = match_read(value, len, f->field != FIELD_ROOT, &f->text, &f->glob);

	if (st == ST_INVALID)
		return refuse(fault, 0, "a value");
	if (st == ST_OK && f->field == FIELD_NAME)
		st = match_like(f->text, f->glob, &f->like);
	return st;
}

/* --- lists --- */

static const char *item_hint(enum field field)
{
	if (field == FIELD_EXT)
		return "an extension such as pdf";
	return field == FIELD_LANG ? "a language such as en or de-AT"
				   : "a type such as text/plain, text/* or pdf";
}

/* Spaces around an item are not its own, in quotes. */
static void trim(const char *s, size_t *at, size_t *end)
{
	while (*at < *end && s[*at] == ' ')
		++*at;
	while (*at < *end && s[*end - 1] == ' ')
		--*end;
}

/* ".PDF" is "pdf", "text/" followed by a star "text/". */
static enum status add_item(struct filter *f, struct buf *list, const char *s, size_t at,
	size_t end, struct fault *fault)
{
	size_t start = list->len;

	trim(s, &at, &end);
	if (f->field == FIELD_EXT && at < end && s[at] == '.')
		at++;
	if (f->field == FIELD_TYPE && end - at >= 2 && s[end - 1] == '*' && s[end - 2] == '/')
		end--;
	if (memchr(s + at, '*', end - at))
		return refuse(fault, at, item_hint(f->field));
	utf8_add_folded(list, s + at, end - at);
	if (list->len == start)
		return list->failed ? ST_NOMEM
				    : refuse(fault, at, "a value between the commas");
	for (size_t i = start; f->field == FIELD_LANG && i < list->len; i++)
		if (list->data[i] == '_')
			list->data[i] = '-';
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

bool filter_is_list(const struct filter *f)
{
	return f->field == FIELD_EXT || f->field == FIELD_TYPE || f->field == FIELD_LANG;
}

const char *filter_next_item(const char *item)
{
	return item + strlen(item) + 1;
}

/* --- numbers and times --- */

/* Where ".." parts a range, or `len`. */
static size_t find_range(const char *s, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (s[i] == '.' && s[i + 1] == '.')
			return i;
	return len;
}

/* > >= < <= or = before a value: how many signs; 0 if they are none of these. */
static size_t operator_length(const char *s, size_t len)
{
	size_t op = 0;

	while (op < len && op < 2 && strchr("<>=", s[op]))
		op++;
	return op == 2 && (s[0] == '=' || s[1] != '=') ? 0 : op;
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
	size_t dots = find_range(s, len), op = operator_length(s, len);
	int64_t n = 0;
	enum status st;

	f->min = 0;
	f->max = INT64_MAX;
	if (dots < len)
		return read_size_range(f, s, len, dots, fault);
	if (op == 0 && strchr("<>=", s[0]))
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

	if (!copy)
		return ST_NOMEM;
	if (moment_parse(copy, first, last))
		return ST_OK;
	return refuse(fault, at,
		"a date such as 2026-01-31, 2026-01, 2026 or today, or a time ago such as 7d");
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
	if (st == ST_OK && moment_is_backwards(f->from, f->until))
		return refuse(fault, 0, "the earlier date first");
	return st;
}

/* modified:>=2024 is after:2024, modified:>2024 is after:2025. */
static enum status read_compared_time(
	struct filter *f, const char *s, size_t len, size_t op, struct fault *fault)
{
	struct moment first, last;
	enum status st = read_moment(s, op, len - op, &first, &last, fault);

	if (st != ST_OK)
		return st;
	if (first.kind == MOMENT_AGO)
		return refuse(fault, op, "a date behind > or <; 7d.. is newer, ..7d older");
	if (s[0] != '<')
		f->from = s[0] == '>' && op == 1 ? last : first;
	if (s[0] != '>')
		f->until = s[0] == '<' && op == 1 ? first : last;
	return ST_OK;
}

static enum status read_time(
	struct filter *f, enum field as, const char *s, size_t len, struct fault *fault)
{
	size_t dots = find_range(s, len), op = operator_length(s, len);
	struct moment first, last;
	enum status st;

	if (dots < len && as == FIELD_MODIFIED)
		return read_time_range(f, s, len, dots, fault);
	if (op && as == FIELD_MODIFIED)
		return read_compared_time(f, s, len, op, fault);
	st = read_moment(s, 0, len, &first, &last, fault);
	if (st != ST_OK)
		return st;
	/* after:2024 and before:2025 is the year 2024; modified:2024 is the same. */
	if (as != FIELD_BEFORE)
		f->from = first;
	if (as == FIELD_BEFORE)
		f->until = first;
	else if (as == FIELD_MODIFIED && last.kind != MOMENT_AGO)
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
	case FIELD_PART:
	case FIELD_AUTHOR:
	case FIELD_FROM:
	case FIELD_TO:
	case FIELD_CC:
	case FIELD_SUBJECT:
	case FIELD_ROOT:
		return read_text(f, value, len, fault);
	case FIELD_EXT:
	case FIELD_TYPE:
	case FIELD_LANG:
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
	mem_free(f->like);
	mem_free(f);
}

void filter_key(const struct filter *f, int64_t now_s, struct buf *out)
{
	buf_addf(out, "%s:%s", field_name(f->field), f->glob ? "*" : "");
	if (filter_is_list(f))
		for (const char *item = f->text; *item; item = filter_next_item(item))
			buf_addf(out, "%zu:%s", strlen(item), item);
	else if (f->text)
		buf_addf(out, "%zu:%s", strlen(f->text), f->text);
	if (f->field == FIELD_SIZE)
		buf_addf(out, "%lld..%lld", (long long)f->min, (long long)f->max);
	if (f->field == FIELD_MODIFIED) {
		moment_key(f->from, now_s, out);
		buf_adds(out, "..");
		moment_key(f->until, now_s, out);
	}
}
