/* status_view: a `status` result as lines for people; see status_view.h. */
#include "cli/status_view.h"

#include "cli/json.h"
#include "cli/output.h"
#include "core/units.h"

#include <string.h>

void status_view_add_state(struct buf *out, const struct term *t, const cJSON *status)
{
	static const struct {
		const char *word;
		enum term_style style;
	} styles[] = {
		{"idle", STYLE_GOOD},	  {"scanning", STYLE_BOLD}, {"paused", STYLE_WARN},
		{"degraded", STYLE_WARN}, {"full", STYLE_BAD},
	};
	const char *state = json_text(status, "state");
	enum term_style style = STYLE_WARN;

	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
		if (!strcmp(styles[i].word, state))
			style = styles[i].style;
	}
	term_add_styled(out, t, style, state, strlen(state));
}

void status_view_add_files(struct buf *out, const cJSON *files)
{
	static const char *const states[] = {
		"indexed", "pending", "failed", "skipped", "unavailable"};
	const char *between = "";

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		int64_t n = json_number(files, states[i]);

		if (!n && i)
			continue;
		buf_adds(out, between);
		output_add_count(out, n);
		buf_addf(out, " %s", states[i]);
		between = ", ";
	}
}

static void add_worker(struct buf *out, const struct term *t, const cJSON *worker,
	const struct buf *path, int columns)
{
	AUTO_BUF head = BUF_INIT;

	buf_addf(&head, "%*s", OUTPUT_LABEL_COLUMNS, "");
	output_add_text(&head, t, json_text(worker, "state"));
	buf_addc(&head, ' ');
	units_add_duration(&head, json_number(worker, "since_ms"));
	buf_adds(&head, "  ");
	if (head.failed) {
		out->failed = true;
		return;
	}
	buf_add(out, head.data, head.len);
	if (columns)
		term_add_tail(out, t, path->data, path->len,
			columns - term_width(head.data, head.len));
	else
		term_add(out, t, path->data, path->len);
	buf_addc(out, '\n');
}

int status_view_add_workers(struct buf *out, const struct term *t, const cJSON *workers, int columns)
{
	const cJSON *worker;
	int busy = 0;

	cJSON_ArrayForEach(worker, workers)
	{
		AUTO_BUF path = BUF_INIT;

		json_add_path(&path, worker, "path");
		if (path.failed)
			out->failed = true;
		if (!path.len)
			continue;
		add_worker(out, t, worker, &path, columns);
		busy++;
	}
	return busy;
}

/* "812 directories live, 3 polled (12 s ago), 1 stale" */
static void add_coverage(struct buf *out, const cJSON *coverage)
{
	static const char *const kinds[] = {"live", "polled", "stale"};
	const char *noun = " directories", *between = "  ";

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int64_t n = json_number(coverage, kinds[i]);

		if (!n)
			continue;
		buf_adds(out, between);
		output_add_count(out, n);
		buf_addf(out, "%s %s", noun, kinds[i]);
		noun = "";
		between = ", ";
		if (!strcmp(kinds[i], "polled")) {
			buf_adds(out, " (");
			units_add_duration(out, json_number(coverage, "polled_age_s") * 1000);
			buf_adds(out, " ago)");
		}
	}
}

void status_view_add_root(struct buf *out, const struct term *t, const cJSON *root)
{
	const char *state = json_text(root, "state");

	output_add_path(out, t, STYLE_BOLD, root);
	if (*state && strcmp(state, "live") != 0) {
		buf_adds(out, "  ");
		term_add_styled(out, t, STYLE_WARN, state, strlen(state));
	}
	add_coverage(out, json_member(root, "coverage"));
	buf_addc(out, '\n');
}

static void add_head(struct buf *out, const struct term *t, const cJSON *status)
{
	buf_adds(out, "trawld ");
	output_add_text(out, t, json_text(status, "version"));
	buf_addf(out, ", pid %lld, up ", (long long)json_number(status, "pid"));
	units_add_duration(out, json_number(status, "uptime_s") * 1000);
	buf_adds(out, ": ");
	status_view_add_state(out, t, status);
	buf_addc(out, '\n');
}

static void add_progress(struct buf *out, const struct term *t, const cJSON *progress)
{
	int64_t done = json_number(progress, "done"), total = json_number(progress, "total");
	const cJSON *eta_s = json_member(progress, "eta_s");

	if (done >= total)
		return;
	output_add_label(out, t, "progress");
	output_add_count(out, done);
	buf_adds(out, " of ");
	output_add_count(out, total);
	if (cJSON_IsNumber(eta_s) && json_integer(eta_s) >= 0) {
		buf_adds(out, ", ready in ");
		units_add_duration(out, json_integer(eta_s) * 1000);
	}
	buf_addc(out, '\n');
}

static void add_workers(struct buf *out, const struct term *t, const cJSON *workers)
{
	AUTO_BUF lines = BUF_INIT;
	int busy = status_view_add_workers(&lines, t, workers, 0);

	output_add_label(out, t, "workers");
	buf_addf(out, "%d of %d busy\n", busy, cJSON_GetArraySize(workers));
	if (lines.failed)
		out->failed = true;
	else if (lines.len)
		buf_add(out, lines.data, lines.len);
}

/* Of damage nothing is said while there was none. */
static void add_section(struct buf *out, const struct term *t, const char *name, const cJSON *section)
{
	cJSON *shown = cJSON_Duplicate(section, true);

	if (!shown) {
		out->failed = true;
		return;
	}
	if (json_number(shown, "rebuilds") == 0)
		cJSON_DeleteItemFromObjectCaseSensitive(shown, "rebuilds");
	output_add_label(out, t, name);
	output_add_members(out, t, shown);
	buf_addc(out, '\n');
	cJSON_Delete(shown);
}

/* Nothing is said of them where there are none. */
static void add_parts(struct buf *out, const struct term *t, const cJSON *parts)
{
	const cJSON *count;
	int64_t sum = 0;

	cJSON_ArrayForEach(count, parts)
		sum += json_integer(count);
	if (!sum)
		return;
	output_add_label(out, t, "parts");
	status_view_add_files(out, parts);
	buf_addc(out, '\n');
}

/* "3 files"; nothing for 0. */
static void add_number(struct buf *out, int64_t n, const char *noun)
{
	if (!n)
		return;
	output_add_count(out, n);
	buf_addf(out, " %s%s", noun, n == 1 ? "" : "s");
}

/* "djvu is not there: 3 files and 1 part wait for it; install djvulibre-bin" */
static void add_missing_one(struct buf *out, const struct term *t, const cJSON *converter)
{
	int64_t files = json_number(converter, "unavailable_files");
	int64_t parts = json_number(converter, "unavailable_parts");
	const char *package = json_text(converter, "package");

	output_add_text(out, t, json_text(converter, "name"));
	buf_adds(out, json_false(converter, "available") ? " is not there" : " lacks what it needs");
	if (files || parts) {
		buf_adds(out, ": ");
		add_number(out, files, "file");
		buf_adds(out, files && parts ? " and " : "");
		add_number(out, parts, "part");
		buf_adds(out, files + parts == 1 ? " waits for it" : " wait for it");
	}
	if (*package) {
		buf_adds(out, "; install ");
		output_add_text(out, t, package);
	}
	buf_addc(out, '\n');
}

/* Those that are not installed, and those that documents wait for all the same. */
static void add_missing(struct buf *out, const struct term *t, const cJSON *converters)
{
	const cJSON *converter;
	const char *label = "missing";

	cJSON_ArrayForEach(converter, converters)
	{
		if (!json_false(converter, "available") &&
			!json_number(converter, "unavailable_files") &&
			!json_number(converter, "unavailable_parts"))
			continue;
		output_add_label(out, t, label);
		add_missing_one(out, t, converter);
		label = "";
	}
}

void status_view_add(struct buf *out, const struct term *t, const cJSON *status)
{
	static const char *const sections[] = {"queue", "store", "memo", "sandbox"};
	const cJSON *root;
	const char *label = "roots";

	add_head(out, t, status);
	add_progress(out, t, json_member(status, "progress"));
	/* A daemon for the whole machine tells counts to its administrators only. */
	if (json_member(status, "files")) {
		output_add_label(out, t, "files");
		status_view_add_files(out, json_member(status, "files"));
		buf_addc(out, '\n');
	}
	add_parts(out, t, json_member(status, "parts"));
	add_missing(out, t, json_member(status, "converters"));
	cJSON_ArrayForEach(root, json_member(status, "roots"))
	{
		output_add_label(out, t, label);
		status_view_add_root(out, t, root);
		label = "";
	}
	if (json_member(status, "workers"))
		add_workers(out, t, json_member(status, "workers"));
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		const cJSON *section = json_member(status, sections[i]);

		if (section && section->child)
			add_section(out, t, sections[i], section);
	}
}
