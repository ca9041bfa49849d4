/* trawl search QUERY: the documents found, best first, each with its place, its date and where the words stand. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"
#include "core/units.h"

#include <string.h>

enum {
	SEARCH_TIMEOUT_MS = 2000, /* the protocol's default */
	SYNC_MS = 5000		  /* --sync without a duration */
};

static bool is_bare(const struct cli *cli)
{
	return cli->options.value[OPT_PATHS_ONLY].given || cli->options.value[OPT_NULL].given;
}

/* --- asking ------------------------------------------------------------------------------------- */

static void join_words(struct buf *query, const struct cli *cli)
{
	for (size_t i = 0; i < cli->arg_count; i++) {
		if (i)
			buf_addc(query, ' ');
		buf_adds(query, cli->args[i]);
	}
}

static cJSON *make_params(const struct cli *cli, const struct buf *query)
{
	static const struct {
		enum option_id id;
		const char *key;
	} texts[] = {{OPT_CURSOR, "cursor"}, {OPT_SORT, "sort"}, {OPT_ORDER, "order"}},
	  numbers[] = {{OPT_LIMIT, "limit"}, {OPT_OFFSET, "offset"}};
	const struct option_value *given = cli->options.value;
	cJSON *params = cJSON_CreateObject();

	json_put_text(&params, "query", query->data, query->len);
	json_put_number(&params, "max_age_ms", 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct option_value *v = &given[texts[i].id];
		if (v->given)
			json_put_text(&params, texts[i].key, v->text, strlen(v->text));
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (given[numbers[i].id].given)
			json_put_number(&params, numbers[i].key, given[numbers[i].id].number);
	}
	if (given[OPT_GROUP].given)
		json_put(&params, "group", cJSON_CreateTrue());
	if (given[OPT_NO_SNIPPET].given || is_bare(cli))
		json_put(&params, "snippet", cJSON_CreateFalse());
	return params;
}

/* The query with a caret under the byte at which it went wrong; escaped, so that the columns are known. */
static void show_position(const struct cli *cli, const struct buf *query, const cJSON *error)
{
	const cJSON *position = json_member(json_member(error, "data"), "position");
	AUTO_BUF before = BUF_INIT, text = BUF_INIT;
	int64_t at = json_integer(position);

	if (!cJSON_IsNumber(position) || at < 0 || (size_t)at > query->len)
		return;
	term_add_escaped(&before, query->data, (size_t)at);
	term_add_escaped(&text, query->data, query->len);
	if (before.failed || text.failed)
		return;
	cli_detail(cli, "%s", text.len ? text.data : "");
	cli_detail(cli, "%*s^", term_width(before.len ? before.data : "", before.len), "");
}

/* --- showing ------------------------------------------------------------------------------------ */

static void add_bare(struct buf *out, const struct cli *cli, const cJSON *hit)
{
	bool nul = cli->options.value[OPT_NULL].given;
	AUTO_BUF path = BUF_INIT;

	/* Grouped, it is files that are asked for. */
	if (cli->options.value[OPT_GROUP].given)
		json_add_path(&path, hit, "path");
	else
		json_add_place(&path, hit);
	if (path.failed)
		out->failed = true;
	else if (nul)
		buf_add(out, path.data, path.len);
	else if (path.len)
		term_add(out, &cli->out, path.data, path.len);
	buf_addc(out, nul ? '\0' : '\n');
}

/* "84 KiB  2026-10-02 14:03  application/pdf  Invoice 17" */
static void add_facts(struct buf *out, const struct term *t, const cJSON *hit)
{
	AUTO_BUF line = BUF_INIT;

	units_add_size(&line, json_number(hit, "size"));
	buf_adds(&line, "  ");
	output_add_time(&line, json_number(hit, "mtime"));
	const char *const words[] = {json_text(hit, "type"), json_text(hit, "title"),
		json_false(hit, "document") ? "(found by its name)" : "",
		json_true(hit, "offline") ? "(offline)" : ""};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		buf_addf(&line, "%s%s", *words[i] ? "  " : "", words[i]);
	buf_adds(out, "  ");
	if (line.failed)
		out->failed = true;
	else
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

static void add_hit(struct buf *out, const struct cli *cli, const cJSON *hit)
{
	const cJSON *snippet = json_member(hit, "snippet");

	output_add_path(out, &cli->out, STYLE_BOLD, hit);
	buf_addc(out, '\n');
	add_facts(out, &cli->out, hit);
	add_part_count(out, hit);
	add_other_paths(out, &cli->out, hit);
	if (*json_text(snippet, "text")) {
		buf_adds(out, "  ");
		output_add_snippet(out, &cli->out, snippet);
		buf_addc(out, '\n');
	}
}

static void remark_total(const struct cli *cli, const cJSON *result, int64_t shown)
{
	const char *cursor = json_text(result, "cursor");
	AUTO_BUF line = BUF_INIT;

	output_add_count(&line, shown);
	buf_adds(&line, json_false(result, "total_exact") ? " of at least " : " of ");
	output_add_count(&line, json_number(result, "total"));
	buf_addf(&line, " in %lld ms", (long long)json_number(result, "took_ms"));
	if (json_true(result, "partial"))
		buf_adds(&line, "; the time ran out, there may be more");
	if (json_false(result, "synced"))
		buf_adds(&line, "; the latest changes may be missing");
	if (*cursor)
		buf_addf(&line, "; go on with --cursor %s", cursor);
	cli_remark(cli, &line);
}

enum outcome cmd_search(struct cli *cli)
{
	AUTO_BUF query = BUF_INIT, out = BUF_INIT;
	AUTO_REPLY reply = REPLY_INIT;
	const cJSON *hit;

	join_words(&query, cli);
	cJSON *params = query.failed ? NULL : make_params(cli, &query);
	int64_t patience_ms = cli_put_timeout(cli, &params, SEARCH_TIMEOUT_MS);
	if (cli->options.value[OPT_SYNC].given) {
		int64_t sync_ms = options_number(&cli->options, OPT_SYNC, SYNC_MS);

		json_put_number(&params, "sync_ms", sync_ms);
		patience_ms += sync_ms;
	}
	enum outcome outcome = cli_call(cli, "search", &params, patience_ms, &reply);
	if (reply.error)
		show_position(cli, &query, reply.error);
	if (outcome != OUTCOME_FOUND)
		return outcome;

	const cJSON *hits = json_member(reply.result, "hits");
	int64_t shown = cJSON_GetArraySize(hits);
	if (cli_print_json(cli, &reply))
		return shown ? OUTCOME_FOUND : OUTCOME_NOTHING;
	cJSON_ArrayForEach(hit, hits)
	{
		buf_clear(&out);
		if (is_bare(cli)) {
			add_bare(&out, cli, hit);
		} else {
			add_hit(&out, cli, hit);
			if (hit->next)
				buf_addc(&out, '\n');
		}
		cli_print(&out);
	}
	if (!is_bare(cli))
		remark_total(cli, reply.result, shown);
	return shown ? OUTCOME_FOUND : OUTCOME_NOTHING;
}
