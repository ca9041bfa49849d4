/* result_view: what is said of a result as a whole; see result_view.h. */
#include "cli/result_view.h"

#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

enum {
	VALUES_SHOWN = 10,
	COUNT_COLUMNS = 9, /* 1,234,567 */
};

/* --- explanation --- */

/* " (also run, runs)" */
static void add_forms(
	struct buf *out, const struct term *t, const char *head, const cJSON *forms)
{
	const char *between = head;
	const cJSON *form;

	cJSON_ArrayForEach(form, forms)
	{
		buf_adds(out, between);
		output_add_line(out, t, cJSON_IsString(form) ? form->valuestring : "");
		between = ", ";
	}
	if (forms && forms->child)
		buf_addc(out, ')');
}

static void add_words(struct buf *out, const struct term *t, const cJSON *words)
{
	const char *between = "";
	const cJSON *word;

	if (!cJSON_GetArraySize(words))
		return;
	output_add_label(out, t, "ranked by");
	cJSON_ArrayForEach(word, words)
	{
		buf_adds(out, between);
		output_add_line(out, t, json_text(word, "text"));
		add_forms(out, t, " (also ", json_member(word, "forms"));
		add_forms(out, t, " (only ", json_member(word, "instead"));
		between = ", ";
	}
	buf_addc(out, '\n');
}

static void add_bounds(struct buf *out, const struct term *t, const cJSON *bounds)
{
	const cJSON *bound;

	cJSON_ArrayForEach(bound, bounds)
	{
		output_add_label(out, t, "bounded");
		output_add_line(out, t, cJSON_IsString(bound) ? bound->valuestring : "");
		buf_addc(out, '\n');
	}
}

void result_view_add_explanation(struct buf *out, const struct term *t, const cJSON *result)
{
	static const char *const ways[][2] = {
		{"filters", "filters alone: rows of files are looked through"},
		{"text", "the text index, filters are checked"},
		{"sets", "sets of files, put together"}};
	const cJSON *explanation = json_member(result, "explanation");
	const char *shape = json_text(explanation, "shape");

	if (!explanation)
		return;
	output_add_label(out, t, "query");
	output_add_line(out, t, json_text(explanation, "text"));
	buf_addc(out, '\n');
	add_words(out, t, json_member(explanation, "words"));
	output_add_label(out, t, "sorted by");
	output_add_line(out, t, json_text(explanation, "sort"));
	buf_adds(out, strcmp(json_text(explanation, "order"), "asc") == 0 ? ", ascending\n"
									    : ", descending\n");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (strcmp(shape, ways[i][0]) != 0)
			continue;
		output_add_label(out, t, "answered");
		buf_addf(out, "by %s\n", ways[i][1]);
	}
	add_bounds(out, t, json_member(explanation, "bounds"));
	buf_addc(out, '\n');
}

/* --- facets --- */

/* "   1,234  application/pdf" */
static void add_value(struct buf *out, const struct term *t, const cJSON *entry)
{
	AUTO_BUF count = BUF_INIT, value = BUF_INIT;

	output_add_count(&count, json_number(entry, "count"));
	json_add_path(&value, entry, "value");
	if (count.failed || value.failed) {
		out->failed = true;
		return;
	}
	buf_addf(out, "%*s  ", COUNT_COLUMNS, count.data);
	if (value.len)
		term_add(out, t, value.data, value.len);
	buf_addc(out, '\n');
}

static void add_facet(struct buf *out, const struct term *t, const cJSON *facet)
{
	int more = cJSON_GetArraySize(facet) - VALUES_SHOWN, at = 0;
	const cJSON *entry;

	buf_addc(out, '\n');
	term_add_styled(out, t, STYLE_BOLD, facet->string, strlen(facet->string));
	buf_addc(out, '\n');
	cJSON_ArrayForEach(entry, facet)
	{
		if (at++ < VALUES_SHOWN)
			add_value(out, t, entry);
	}
	if (more > 0)
		buf_addf(out, "%*s  and %d more\n", COUNT_COLUMNS, "", more);
}

void result_view_add_facets(struct buf *out, const struct term *t, const cJSON *result)
{
	const cJSON *facet;

	cJSON_ArrayForEach(facet, json_member(result, "facets"))
	{
		if (facet->string && facet->child)
			add_facet(out, t, facet);
	}
	if (json_false(result, "facets_exact"))
		buf_adds(out, "\nThe counts are not complete: there is too much to count.\n");
}

/* --- totals --- */

void result_view_add_total(struct buf *out, const cJSON *result, int64_t shown)
{
	output_add_count(out, shown);
	buf_adds(out, json_false(result, "total_exact") ? " of at least " : " of ");
	output_add_count(out, json_number(result, "total"));
	buf_addf(out, " in %lld ms", (long long)json_number(result, "took_ms"));
	if (json_true(result, "rank_bounded"))
		buf_adds(out, "; only the newest are ranked");
	if (json_true(result, "partial"))
		buf_adds(out, "; the time ran out, there may be more");
	if (json_false(result, "synced"))
		buf_adds(out, "; the latest changes may be missing");
}
