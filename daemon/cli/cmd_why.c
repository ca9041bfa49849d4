/* trawl why PATH...: one plain sentence about each: found as what, or not found for which reason. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

static enum outcome explain(struct cli *cli, const char *argument)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cli_place_params(cli, argument);

	if (!params)
		return OUTCOME_ERROR;
	enum outcome outcome = cli_call(cli, "explain", &params, cli_patience_ms(cli), &reply);
	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	output_add_text(&out, &cli->out, json_text(reply.result, "sentence"));
	buf_addc(&out, '\n');
	cli_print(&out);
	return OUTCOME_FOUND;
}

enum outcome cmd_why(struct cli *cli)
{
	enum outcome worst = OUTCOME_FOUND;

	for (size_t i = 0; i < cli->arg_count && worst != OUTCOME_UNREACHABLE; i++) {
		enum outcome outcome = explain(cli, cli->args[i]);

		if (outcome > worst)
			worst = outcome;
	}
	return worst;
}
