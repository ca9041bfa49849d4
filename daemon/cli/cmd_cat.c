/* trawl cat PATH: the text that was taken from a document, as the index holds it. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

/* As JSON each byte may take six, and the daemon sends no reply over 32 MiB. */
enum { PAGE_BYTES = 4 << 20 };

static cJSON *make_params(struct cli *cli, int64_t offset)
{
	cJSON *params = cli_path_params(cli, cli->args[0]);

	if (!params)
		return NULL;
	if (cli->options.part_count) {
		cJSON *parts = cJSON_CreateStringArray(
			cli->options.parts, (int)cli->options.part_count);
		json_put(&params, "part", parts);
	}
	json_put_number(&params, "offset", offset);
	json_put_number(&params, "limit", PAGE_BYTES);
	return params;
}

enum outcome cmd_cat(struct cli *cli)
{
	int64_t offset = 0;
	bool more = true;

	while (more) {
		AUTO_REPLY reply = REPLY_INIT;
		AUTO_BUF out = BUF_INIT;
		cJSON *params = make_params(cli, offset);

		if (!params)
			return OUTCOME_ERROR;
		int64_t patience_ms = cli_put_timeout(cli, &params, PATIENCE_MS);
		enum outcome outcome = cli_call(cli, "document", &params, patience_ms, &reply);
		if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
			return outcome;
		const char *text = json_text(reply.result, "text");
		size_t n = strlen(text);
		output_add_document(&out, &cli->out, text, n);
		cli_print(&out);
		/* The daemon begins a page with a whole character, which may be earlier than asked. */
		offset = json_number(reply.result, "offset") + (int64_t)n;
		more = n > 0 && json_true(reply.result, "more");
	}
	return OUTCOME_FOUND;
}
