/* output: how results look to people; see output.h. */
#include "cli/output.h"

#include "cli/json.h"
#include "core/units.h"

#include <string.h>
#include <time.h>


void output_add_count(struct buf *out, int64_t n)
{
	char digits[24];
	AUTO_BUF plain = BUF_INIT;

	buf_addf(&plain, "%lld", (long long)n);
	if (plain.failed || plain.len >= sizeof digits) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < plain.len; i++) {
		buf_addc(out, plain.data[i]);
		size_t left = plain.len - 1 - i;
		if (left && left % 3 == 0 && plain.data[i] != '-')
			buf_addc(out, ',');
	}
}

void output_add_time(struct buf *out, int64_t seconds)
{
	time_t at = (time_t)seconds;
	char text[64];
	struct tm tm;

	if (seconds && localtime_r(&at, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
		buf_adds(out, text);
}

static bool is_space(char c)
{
	return c && strchr(" \t\r\n\f\v", c);
}

/* Spaces of all kinds become one: a snippet is a line. */
static void fold_spaces(struct buf *out, const char *s, size_t n)
{
	bool space = false;

	for (size_t i = 0; i < n; i++) {
		if (is_space(s[i])) {
			space = true;
			continue;
		}
		if (space)
			buf_addc(out, ' ');
		space = false;
		buf_addc(out, s[i]);
	}
	if (space)
		buf_addc(out, ' ');
}

static void add_piece(struct buf *out, const struct term *t, bool marked, const char *s, size_t n)
{
	AUTO_BUF folded = BUF_INIT;

	fold_spaces(&folded, s, n);
	if (folded.failed)
		out->failed = true;
	else if (folded.len && marked)
		term_add_styled(out, t, STYLE_MARK, folded.data, folded.len);
	else if (folded.len)
		term_add(out, t, folded.data, folded.len);
}

void output_add_snippet(struct buf *out, const struct term *t, const cJSON *snippet)
{
	const char *text = json_text(snippet, "text");
	size_t n = strlen(text), at = 0;
	const cJSON *mark;

	while (at < n && is_space(text[at]))
		at++;
	cJSON_ArrayForEach(mark, json_member(snippet, "marks"))
	{
		int64_t from = json_integer(cJSON_GetArrayItem(mark, 0));
		int64_t len = json_integer(cJSON_GetArrayItem(mark, 1));

		/* The daemon gives them in order and inside the text; what is not so is passed over. */
		if (from < 0 || len <= 0)
			continue;
		size_t begin = (size_t)from, size = (size_t)len;
		if (begin < at || begin > n || size > n - begin)
			continue;
		add_piece(out, t, false, text + at, begin - at);
		add_piece(out, t, true, text + begin, size);
		at = begin + size;
	}
	add_piece(out, t, false, text + at, n - at);
}

void output_add_path(struct buf *out, const struct term *t, enum term_style style, const cJSON *object)
{
	AUTO_BUF path = BUF_INIT;

	json_add_place(&path, object);
	if (path.failed)
		out->failed = true;
	else if (path.len)
		term_add_styled(out, t, style, path.data, path.len);
}

void output_add_text(struct buf *out, const struct term *t, const char *text)
{
	term_add(out, t, text, strlen(text));
}

void output_add_line(struct buf *out, const struct term *t, const char *text)
{
	add_piece(out, t, false, text, strlen(text));
}

void output_add_document(struct buf *out, const struct term *t, const char *text, size_t n)
{
	const char *end = text + n;

	while (text < end) {
		size_t plain = 0;

		while (text + plain < end && text[plain] != '\n' && text[plain] != '\t')
			plain++;
		term_add(out, t, text, plain);
		text += plain;
		if (text < end)
			buf_addc(out, *text++);
	}
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void add_member(struct buf *out, const struct term *t, const cJSON *item)
{
	int64_t number = json_integer(item);

	output_add_text(out, t, item->string);
	buf_addc(out, ' ');
	if (cJSON_IsNumber(item) && ends_with(item->string, "bytes"))
		units_add_size(out, number);
	else if (cJSON_IsNumber(item) && ends_with(item->string, "_ms"))
		units_add_duration(out, number);
	else if (cJSON_IsNumber(item))
		output_add_count(out, number);
	else if (cJSON_IsBool(item))
		buf_adds(out, cJSON_IsTrue(item) ? "yes" : "no");
	else if (cJSON_IsString(item))
		output_add_text(out, t, item->valuestring);
	else
		buf_adds(out, "-");
}

/* What a list holds, or which members of an object are true. */
static void add_items(struct buf *out, const struct term *t, const cJSON *list)
{
	const cJSON *item;
	size_t named = 0;

	output_add_text(out, t, list->string);
	cJSON_ArrayForEach(item, list)
	{
		const char *word = cJSON_IsTrue(item) ? item->string : cJSON_GetStringValue(item);

		if (!word)
			continue;
		buf_addc(out, ' ');
		output_add_text(out, t, word);
		named++;
	}
	if (!named)
		buf_adds(out, " none");
}

void output_add_members(struct buf *out, const struct term *t, const cJSON *object)
{
	const cJSON *item;
	const char *between = "";

	cJSON_ArrayForEach(item, object)
	{
		if (!item->string)
			continue;
		buf_adds(out, between);
		if (cJSON_IsArray(item) || cJSON_IsObject(item))
			add_items(out, t, item);
		else
			add_member(out, t, item);
		between = ", ";
	}
}

void output_add_label(struct buf *out, const struct term *t, const char *label)
{
	int pad = OUTPUT_LABEL_COLUMNS - (int)strlen(label);

	term_add_styled(out, t, STYLE_DIM, label, strlen(label));
	buf_addf(out, "%*s", pad > 1 ? pad : 1, "");
}
