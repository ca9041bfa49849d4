/* hit_view: one hit as people read it; see hit_view.h. */
#include "cli/hit_view.h"

#include "cli/json.h"
#include "cli/output.h"
#include "core/units.h"

#include <string.h>

static bool is_directory(const cJSON *hit)
{
	return strcmp(json_text(hit, "type"), "inode/directory") == 0;
}

static void add_path(struct buf *out, const struct term *t, const cJSON *hit)
{
	AUTO_BUF path = BUF_INIT;

	json_add_place(&path, hit);
	if (is_directory(hit) && path.len && path.data[path.len - 1] != '/')
		buf_addc(&path, '/');
	if (path.failed)
		out->failed = true;
	else if (path.len)
		term_add_styled(out, t, STYLE_BOLD, path.data, path.len);
	buf_addc(out, '\n');
}

static void add_word(struct buf *line, const char *word)
{
	if (*word)
		buf_addf(line, "%s%s", line->len ? "  " : "", word);
}

/* "84 KiB  2026-10-02 14:03  application/pdf  Invoice 17"; a directory has no size. */
static void add_facts(struct buf *out, const struct term *t, const cJSON *hit)
{
	bool directory = is_directory(hit);
	AUTO_BUF line = BUF_INIT, time = BUF_INIT;

	if (!directory)
		units_add_size(&line, json_number(hit, "size"));
	output_add_time(&time, json_number(hit, "mtime"));
	add_word(&line, time.len ? time.data : "");
	add_word(&line, directory ? "directory" : json_text(hit, "type"));
	add_word(&line, json_text(hit, "title"));
	add_word(&line, !directory && json_false(hit, "document") ? "(found by its name)" : "");
	add_word(&line, json_true(hit, "offline") ? "(offline)" : "");
	buf_adds(out, "  ");
	if (line.failed || time.failed)
		out->failed = true;
	else if (line.len)
		term_add_styled(out, t, STYLE_DIM, line.data, line.len);
	buf_addc(out, '\n');
}

static void add_other_paths(struct buf *out, const struct term *t, const cJSON *hit)
{
	int64_t more = json_number(hit, "paths_total") - 1;
	const cJSON *second = cJSON_GetArrayItem(json_member(hit, "paths"), 1);

	if (more < 1 || !second)
		return;
	buf_adds(out, "  also ");
	output_add_path(out, t, STYLE_DIM, second);
	if (more > 1)
		buf_addf(out, " and %lld more", (long long)more - 1);
	buf_addc(out, '\n');
}

/* Of a group: what is shown is the best of them. */
static void add_part_count(struct buf *out, const cJSON *hit)
{
	int64_t parts = json_number(hit, "parts");

	if (parts < 2)
		return;
	buf_adds(out, "  ");
	output_add_count(out, parts);
	buf_adds(out, " parts of it match\n");
}

static void add_snippet(struct buf *out, const struct term *t, const cJSON *snippet)
{
	if (!*json_text(snippet, "text"))
		return;
	buf_adds(out, "  ");
	output_add_snippet(out, t, snippet);
	buf_addc(out, '\n');
}

void hit_view_add(struct buf *out, const struct term *t, const cJSON *hit)
{
	const cJSON *snippets = json_member(hit, "snippets"), *snippet;

	add_path(out, t, hit);
	add_facts(out, t, hit);
	add_part_count(out, hit);
	add_other_paths(out, t, hit);
	if (!snippets) {
		add_snippet(out, t, json_member(hit, "snippet"));
		return;
	}
	cJSON_ArrayForEach(snippet, snippets)
		add_snippet(out, t, snippet);
}

void hit_view_add_bare(
	struct buf *out, const struct term *t, const cJSON *hit, bool grouped, bool nul)
{
	AUTO_BUF path = BUF_INIT;

	if (grouped)
		json_add_path(&path, hit, "path");
	else
		json_add_place(&path, hit);
	if (path.failed)
		out->failed = true;
	else if (nul)
		buf_add(out, path.data, path.len);
	else if (path.len)
		term_add(out, t, path.data, path.len);
	buf_addc(out, nul ? '\0' : '\n');
}
