/* trawl failures: files whose text could not be had: the path, then why, after how many attempts, and what comes next. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

static void add_failure(struct buf *out, const struct term *t, const cJSON *failure)
{
	int64_t attempts = json_number(failure, "attempts"), next = json_number(failure, "next_try");

	output_add_path(out, t, STYLE_BOLD, failure);
	buf_adds(out, "\n  ");
	if (*json_text(failure, "converter")) {
		output_add_text(out, t, json_text(failure, "converter"));
		buf_adds(out, ": ");
	}
	output_add_line(out, t, json_text(failure, "reason"));
	buf_addf(out, " (%lld attempt%s", (long long)attempts, attempts == 1 ? "" : "s");
	if (next) {
		buf_adds(out, ", next ");
		output_add_time(out, next);
	}
	buf_adds(out, ")\n");
}

enum outcome cmd_failures(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	cJSON *params = cJSON_CreateObject();
	const cJSON *failure;

	if (cli->options.value[OPT_LIMIT].given)
		json_put_number(&params, "limit", cli->options.value[OPT_LIMIT].number);
	if (cli->options.value[OPT_OFFSET].given)
		json_put_number(&params, "offset", cli->options.value[OPT_OFFSET].number);
	int64_t patience_ms = cli_put_timeout(cli, &params, PATIENCE_MS);
	enum outcome outcome = cli_call(cli, "failures", &params, patience_ms, &reply);
	if (outcome != OUTCOME_FOUND)
		return outcome;
	const cJSON *list = json_list(reply.result, "failures");
	outcome = cJSON_GetArraySize(list) ? OUTCOME_FOUND : OUTCOME_NOTHING;
	if (cli_print_json(cli, &reply))
		return outcome;
	cJSON_ArrayForEach(failure, list)
	{
		AUTO_BUF out = BUF_INIT;

		add_failure(&out, &cli->out, failure);
		cli_print(&out);
	}
	return outcome;
}
