/* trawl changes: what became of which file since a clock, then the clock to ask with next time; or as it goes on. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/watching.h"

#include <string.h>

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

/* As everything is below the root, so is everything told. */
static enum outcome follow(struct cli *cli)
{
	struct watching w = {.cli = cli, .params = cJSON_CreateObject(), .add = watching_add_change};

	json_put_text(&w.params, "path", "/", 1);
	return watching_run(&w);
}

enum outcome cmd_changes(struct cli *cli)
{
	const struct option_value *given = cli->options.value;
	AUTO_BUF since = BUF_INIT;
	enum outcome shown = OUTCOME_NOTHING;
	bool more = true;

	if (given[OPT_FOLLOW].given)
		return follow(cli);
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
			watching_add_change(&out, cli, change);
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
