/* trawl version: of this program, then of the daemon that answers. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

enum outcome cmd_version(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();

	if (!cli->options.value[OPT_JSON].given) {
		buf_adds(&out, "trawl " TRAWL_VERSION "\n");
		cli_print(&out);
		buf_clear(&out);
	}
	enum outcome outcome = cli_call(cli, "version", &params, cli_patience_ms(cli), &reply);
	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	buf_adds(&out, "trawld ");
	output_add_text(&out, &cli->out, json_text(reply.result, "version"));
	buf_addf(&out, ", schema %lld\n", (long long)json_number(reply.result, "schema"));
	cli_print(&out);
	return OUTCOME_FOUND;
}
