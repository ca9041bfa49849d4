/* trawl rpc METHOD [JSON]: one request as it is, its result as received. */
#include "cli/cli.h"
#include "cli/json.h"
#include "serve/frame.h"

#include <string.h>

enum outcome cmd_rpc(struct cli *cli)
{
	const char *text = cli->arg_count > 1 ? cli->args[1] : "{}", *why;
	AUTO_REPLY reply = REPLY_INIT;

	if (!frame_check(text, strlen(text), &why)) {
		cli_error(cli, "rpc: the parameters are refused: %s", why);
		return OUTCOME_ERROR;
	}
	cJSON *params = frame_parse(text, strlen(text));
	if (!params) {
		cli_error(cli, "rpc: the parameters are not JSON: %s", text);
		return OUTCOME_ERROR;
	}
	enum outcome outcome = cli_call(cli, cli->args[0], &params, cli_patience_ms(cli), &reply);
	if (outcome == OUTCOME_FOUND)
		cli_print_raw(&reply);
	return outcome;
}
