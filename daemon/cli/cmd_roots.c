/* trawl roots: the directories that are indexed and how each is watched. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/status_view.h"

enum outcome cmd_roots(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();
	const cJSON *root;

	enum outcome outcome = cli_call(cli, "roots", &params, cli_patience_ms(cli), &reply);
	if (outcome != OUTCOME_FOUND)
		return outcome;
	const cJSON *list = json_list(reply.result, "roots");
	outcome = cJSON_GetArraySize(list) ? OUTCOME_FOUND : OUTCOME_NOTHING;
	if (cli_print_json(cli, &reply))
		return outcome;
	cJSON_ArrayForEach(root, list)
		status_view_add_root(&out, &cli->out, root);
	cli_print(&out);
	return outcome;
}
