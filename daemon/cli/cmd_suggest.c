/*
 * trawl suggest WORDS: how the last of them may go on, the most frequent first; with --names also files and directories.
 */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

enum { SUGGEST_TIMEOUT_MS = 2000, NAMES = 10, TERM_COLUMNS = 24 };

static cJSON *make_params(const struct cli *cli)
{
	cJSON *params = cJSON_CreateObject();
	AUTO_BUF prefix = BUF_INIT;

	for (size_t i = 0; i < cli->arg_count; i++) {
		if (i)
			buf_addc(&prefix, ' ');
		buf_adds(&prefix, cli->args[i]);
	}
	if (prefix.failed) {
		cJSON_Delete(params);
		return NULL;
	}
	json_put_text(&params, "prefix", prefix.data ? prefix.data : "", prefix.len);
	if (cli->options.value[OPT_LIMIT].given)
		json_put_number(&params, "limit", cli->options.value[OPT_LIMIT].number);
	if (cli->options.value[OPT_NAMES].given)
		json_put_number(&params, "names", NAMES);
	return params;
}

/* The counts are for people: a program that wants them asks for JSON. */
static void add_term(struct buf *out, const struct term *t, const cJSON *item)
{
	const char *term = json_text(item, "term");
	const cJSON *documents = json_member(item, "documents");

	output_add_line(out, t, term);
	if (t->is_terminal && documents) {
		int width = term_width(term, strlen(term));
		AUTO_BUF count = BUF_INIT;

		buf_addf(out, "%*s", width < TERM_COLUMNS ? TERM_COLUMNS - width : 1, "");
		output_add_count(&count, json_integer(documents));
		if (!count.failed)
			term_add_styled(out, t, STYLE_DIM, count.data, count.len);
	}
	buf_addc(out, '\n');
}

enum outcome cmd_suggest(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	const cJSON *item;
	cJSON *params = make_params(cli);
	int64_t patience_ms = cli_put_timeout(cli, &params, SUGGEST_TIMEOUT_MS);
	enum outcome outcome = cli_call(cli, "suggest", &params, patience_ms, &reply);

	if (outcome != OUTCOME_FOUND)
		return outcome;
	const cJSON *terms = json_member(reply.result, "terms");
	const cJSON *names = json_member(reply.result, "names");
	if (!cJSON_GetArraySize(terms) && !cJSON_GetArraySize(names))
		outcome = OUTCOME_NOTHING;
	if (cli_print_json(cli, &reply))
		return outcome;
	cJSON_ArrayForEach(item, terms)
		add_term(&out, &cli->out, item);
	cJSON_ArrayForEach(item, names)
	{
		output_add_path(&out, &cli->out, STYLE_BOLD, item);
		buf_addc(&out, '\n');
	}
	cli_print(&out);
	return outcome;
}
