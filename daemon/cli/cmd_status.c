/* trawl status: what the daemon is doing, at a glance; with --follow, as it goes on. */
#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/status_view.h"

enum outcome cmd_status(struct cli *cli)
{
	const struct option_value *given = cli->options.value;
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;

	if (given[OPT_FOLLOW].given || given[OPT_UNTIL_IDLE].given)
		return follow_status(cli, given[OPT_UNTIL_IDLE].given);
	cJSON *params = cJSON_CreateObject();
	enum outcome outcome = cli_call(cli, "status", &params, cli_patience_ms(cli), &reply);
	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	status_view_add(&out, &cli->out, reply.result);
	cli_print(&out);
	return OUTCOME_FOUND;
}
