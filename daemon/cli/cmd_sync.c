/* trawl sync: waits until every change made so far can be found; prints the clock that holds them. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

enum { SYNC_MS = 60 * 1000 };

/* Parts of the trees that give no events are named, not waited for. */
static void remark_beyond(const struct cli *cli, const cJSON *result)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_member(result, "beyond"))
	{
		AUTO_BUF line = BUF_INIT;
		const char *path = cJSON_GetStringValue(item);

		buf_adds(&line, "not waited for, as it gives no events: ");
		if (path)
			buf_adds(&line, path);
		else
			json_add_path(&line, item, "path");
		if (!line.failed)
			cli_remark(cli, &line);
	}
}

enum outcome cmd_sync(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();

	int64_t patience_ms = cli_put_timeout(cli, &params, SYNC_MS);
	enum outcome outcome = cli_call(cli, "sync", &params, patience_ms, &reply);
	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	output_add_text(&out, &cli->out, json_text(reply.result, "clock"));
	buf_addc(&out, '\n');
	cli_print(&out);
	remark_beyond(cli, reply.result);
	return OUTCOME_FOUND;
}
