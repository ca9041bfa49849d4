/* trawl failures: files whose text could not be had: the path, then why, after how many attempts, and what comes next. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

#include <string.h>

enum { PAGE = 1000 };

/* What the converter itself said first. */
static void add_output(struct buf *out, const struct term *t, const char *output)
{
	const char *begin = output + strspn(output, " \t\r\n");
	size_t n = strcspn(begin, "\r\n");

	if (!n)
		return;
	buf_adds(out, "  ");
	term_add_styled(out, t, STYLE_DIM, begin, n);
	buf_addc(out, '\n');
}

static void add_failure(struct buf *out, const struct term *t, const cJSON *failure)
{
	const char *const words[] = {json_text(failure, "converter"), json_text(failure, "reason"),
		json_text(failure, "detail")};
	int64_t attempts = json_number(failure, "attempts"), next = json_number(failure, "next_try");
	const char *between = "\n  ";

	output_add_path(out, t, STYLE_BOLD, failure);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!*words[i])
			continue;
		buf_adds(out, between);
		output_add_line(out, t, words[i]);
		between = ": ";
	}
	if (*json_text(failure, "package")) {
		buf_adds(out, "; install ");
		output_add_line(out, t, json_text(failure, "package"));
	}
	buf_addf(out, " (%lld attempt%s", (long long)attempts, attempts == 1 ? "" : "s");
	if (next) {
		buf_adds(out, ", next ");
		output_add_time(out, next);
	}
	buf_adds(out, ")\n");
	add_output(out, t, json_text(failure, "output"));
}

static enum outcome ask(struct cli *cli, int64_t offset, int64_t limit, struct reply *reply)
{
	cJSON *params = cJSON_CreateObject();

	json_put_number(&params, "offset", offset);
	json_put_number(&params, "limit", limit);
	int64_t patience_ms = cli_put_timeout(cli, &params, PATIENCE_MS);
	return cli_call(cli, "failures", &params, patience_ms, reply);
}

enum outcome cmd_failures(struct cli *cli)
{
	bool one_page = cli->options.value[OPT_LIMIT].given || cli->options.value[OPT_JSON].given;
	int64_t limit = options_number(&cli->options, OPT_LIMIT, PAGE);
	int64_t offset = options_number(&cli->options, OPT_OFFSET, 0);
	enum outcome shown = OUTCOME_NOTHING;
	int64_t count = limit;

	/* Without --limit all pages are fetched; with it, or as JSON, one is. */
	for (bool more = true; more; more = !one_page && count == limit) {
		AUTO_REPLY reply = REPLY_INIT;
		AUTO_BUF out = BUF_INIT;
		const cJSON *failure;
		enum outcome outcome = ask(cli, offset, limit, &reply);

		if (outcome != OUTCOME_FOUND)
			return outcome;
		const cJSON *list = json_list(reply.result, "failures");
		count = cJSON_GetArraySize(list);
		if (count)
			shown = OUTCOME_FOUND;
		if (cli_print_json(cli, &reply))
			return shown;
		cJSON_ArrayForEach(failure, list)
			add_failure(&out, &cli->out, failure);
		cli_print(&out);
		offset += count;
	}
	return shown;
}
