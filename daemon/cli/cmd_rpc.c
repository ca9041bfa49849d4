/* trawl rpc METHOD [JSON], rpc --describe: one request as it is, its result as received. */
#include "cli/cli.h"
#include "cli/json.h"
#include "serve/frame.h"

#include <string.h>

enum outcome cmd_rpc(struct cli *cli)
{
	bool describe = cli->options.value[OPT_DESCRIBE].given;
	const char *text = cli->arg_count > 1 ? cli->args[1] : "{}", *why;
	AUTO_REPLY reply = REPLY_INIT;

	if (describe == (cli->arg_count > 0)) {
		cli_error(cli, describe ? "rpc: --describe goes without a method" : "rpc: which method?");
		return OUTCOME_ERROR;
	}
	if (!frame_check(text, strlen(text), &why)) {
		cli_error(cli, "rpc: the parameters are refused: %s", why);
		return OUTCOME_ERROR;
	}
	cJSON *params = frame_parse(text, strlen(text));
	if (!params) {
		cli_error(cli, "rpc: the parameters are not JSON: %s", text);
		return OUTCOME_ERROR;
	}
	const char *method = describe ? "rpc.discover" : cli->args[0];
	enum outcome outcome = cli_call(cli, method, &params, cli_patience_ms(cli), &reply);
	if (outcome == OUTCOME_FOUND)
		cli_print_raw(&reply);
	return outcome;
}
