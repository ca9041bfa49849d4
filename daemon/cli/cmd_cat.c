/* trawl cat PATH: the text that was taken from a document, as the index holds it; or the parts that it has. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

/* As JSON each byte may take six, and the daemon sends no reply over 32 MiB. */
enum { PAGE_BYTES = 4 << 20, PAGE_PARTS = 10000 };

static cJSON *make_params(struct cli *cli, int64_t offset)
{
	cJSON *params = cli_place_params(cli, cli->args[0]);

	if (!params)
		return NULL;
	json_put_number(&params, "offset", offset);
	json_put_number(&params, "limit", PAGE_BYTES);
	return params;
}

static enum outcome print_text(struct cli *cli)
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

/* --- --parts ------------------------------------------------------------------------------------ */

/* As --part takes it. */
static void add_part(struct buf *out, const struct cli *cli, const cJSON *item)
{
	bool nul = cli->options.value[OPT_NULL].given;
	const char *slash = "";
	AUTO_BUF path = BUF_INIT;
	const cJSON *step;

	cJSON_ArrayForEach(step, json_member(item, "part"))
	{
		const char *name = cJSON_GetStringValue(step);

		buf_adds(&path, slash);
		buf_adds(&path, name ? name : "");
		slash = "/";
	}
	if (path.failed)
		out->failed = true;
	else if (nul)
		buf_add(out, path.data ? path.data : "", path.len);
	else if (path.len)
		term_add(out, &cli->out, path.data, path.len);
	buf_addc(out, nul ? '\0' : '\n');
}

static enum outcome ask_parts(struct cli *cli, int64_t offset, struct reply *reply)
{
	cJSON *params = cli_path_params(cli, cli->args[0]);

	if (!params)
		return OUTCOME_ERROR;
	json_put_number(&params, "offset", offset);
	json_put_number(&params, "limit", PAGE_PARTS);
	int64_t patience_ms = cli_put_timeout(cli, &params, PATIENCE_MS);
	return cli_call(cli, "parts", &params, patience_ms, reply);
}

static enum outcome print_parts(struct cli *cli)
{
	int64_t offset = 0;

	for (bool more = true; more;) {
		AUTO_REPLY reply = REPLY_INIT;
		AUTO_BUF out = BUF_INIT;
		const cJSON *part;
		enum outcome outcome = ask_parts(cli, offset, &reply);

		if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
			return outcome;
		const cJSON *list = json_list(reply.result, "parts");
		cJSON_ArrayForEach(part, list)
			add_part(&out, cli, part);
		cli_print(&out);
		offset += cJSON_GetArraySize(list);
		more = json_true(reply.result, "more");
	}
	return offset ? OUTCOME_FOUND : OUTCOME_NOTHING;
}

enum outcome cmd_cat(struct cli *cli)
{
	return cli->options.value[OPT_PARTS].given ? print_parts(cli) : print_text(cli);
}
