/* trawl changes: what became of which file since a clock, then the clock to ask with next time. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

static void add_change(struct buf *out, const struct term *t, const cJSON *change)
{
	const char *kind = json_text(change, "kind");
	AUTO_BUF from = BUF_INIT;

	output_add_label(out, t, kind);
	json_add_path(&from, change, "from");
	if (from.failed)
		out->failed = true;
	if (from.len) {
		term_add(out, t, from.data, from.len);
		buf_adds(out, " -> ");
	}
	output_add_path(out, t, STYLE_BOLD, change);
	buf_adds(out, json_true(change, "dir") ? "/\n" : "\n");
}

static void remark_clock(const struct cli *cli, const cJSON *result)
{
	AUTO_BUF line = BUF_INIT;

	buf_addf(&line, "clock %s", json_text(result, "clock"));
	if (json_true(result, "fresh_instance"))
		buf_adds(&line, "; that clock is not known any more: this is everything");
	if (json_true(result, "more"))
		buf_adds(&line, "; there is more");
	if (!line.failed)
		cli_remark(cli, &line);
}

/* One page behind `since` ("" : from the start). */
static enum outcome ask(struct cli *cli, const char *since, struct reply *reply)
{
	cJSON *params = cJSON_CreateObject();

	if (*since)
		json_put_text(&params, "since", since, strlen(since));
	else
		json_put(&params, "since", cJSON_CreateNull());
	if (cli->options.value[OPT_LIMIT].given)
		json_put_number(&params, "limit", cli->options.value[OPT_LIMIT].number);
	int64_t patience_ms = cli_put_timeout(cli, &params, PATIENCE_MS);
	return cli_call(cli, "changes", &params, patience_ms, reply);
}

enum outcome cmd_changes(struct cli *cli)
{
	const struct option_value *given = cli->options.value;
	AUTO_BUF since = BUF_INIT;
	enum outcome shown = OUTCOME_NOTHING;
	bool more = true;

	buf_adds(&since, given[OPT_SINCE].given ? given[OPT_SINCE].text : "");
	/* Without --limit all pages are fetched; with it, or as JSON, one is. */
	while (more && !since.failed) {
		AUTO_REPLY reply = REPLY_INIT;
		AUTO_BUF out = BUF_INIT;
		const cJSON *change;
		enum outcome outcome = ask(cli, since.data, &reply);

		if (outcome != OUTCOME_FOUND)
			return outcome;
		const cJSON *list = json_member(reply.result, "changes");
		if (cJSON_GetArraySize(list))
			shown = OUTCOME_FOUND;
		if (cli_print_json(cli, &reply))
			return shown;
		cJSON_ArrayForEach(change, list)
			add_change(&out, &cli->out, change);
		cli_print(&out);
		more = json_true(reply.result, "more") && !given[OPT_LIMIT].given &&
		       cJSON_GetArraySize(list) > 0;
		buf_clear(&since);
		buf_adds(&since, json_text(reply.result, "clock"));
		if (!more)
			remark_clock(cli, reply.result);
	}
	return shown;
}
