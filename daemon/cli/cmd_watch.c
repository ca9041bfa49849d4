/* trawl watch: what comes to match a query, or changes at a path, line by line as it happens. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/watching.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_bare(const struct cli *cli)
{
	return cli->options.value[OPT_PATHS_ONLY].given || cli->options.value[OPT_NULL].given;
}

static void add_match(struct buf *out, const struct cli *cli, const cJSON *match)
{
	const cJSON *snippet = json_member(match, "snippet");

	if (is_bare(cli)) {
		bool nul = cli->options.value[OPT_NULL].given;
		struct term raw = cli->out;

		raw.is_terminal = raw.is_terminal && !nul;
		output_add_path(out, &raw, STYLE_BOLD, match);
		buf_addc(out, nul ? '\0' : '\n');
		return;
	}
	watching_add_change(out, cli, match);
	if (snippet && *json_text(snippet, "text")) {
		buf_addf(out, "%*s", OUTPUT_LABEL_COLUMNS, "");
		output_add_snippet(out, &cli->out, snippet);
		buf_addc(out, '\n');
	}
}

/* A pattern that begins elsewhere than at the root begins here, whatever this directory is called. */
static enum status resolve(const char *pattern, struct buf *out)
{
	if (*pattern != '/') {
		char *here = getcwd(NULL, 0);

		if (!here)
			return ST_SYSTEM;
		for (const char *s = here; *s; s++) {
			if (strchr("*?\\", *s))
				buf_addc(out, '\\');
			buf_addc(out, *s);
		}
		free(here);
		if (strcmp(pattern, ".") == 0)
			return buf_status(out);
		buf_addc(out, '/');
	}
	buf_adds(out, pattern);
	return buf_status(out);
}

static cJSON *make_params(struct cli *cli)
{
	const struct option_value *path = &cli->options.value[OPT_PATH];
	cJSON *params = cJSON_CreateObject();
	AUTO_BUF text = BUF_INIT;

	if (path->given) {
		enum status st = resolve(path->text, &text);

		if (st != ST_OK) {
			cli_error(cli, "%s: %s", path->text, st == ST_SYSTEM ? strerror(errno) : status_text(st));
			cJSON_Delete(params);
			return NULL;
		}
		json_put_text(&params, "path", text.data, text.len);
		return params;
	}
	for (size_t i = 0; i < cli->arg_count; i++) {
		buf_adds(&text, i ? " " : "");
		buf_adds(&text, cli->args[i]);
	}
	json_put_text(&params, "query", text.data ? text.data : "", text.len);
	if (cli->options.value[OPT_NO_SNIPPET].given || is_bare(cli))
		json_put(&params, "snippet", cJSON_CreateFalse());
	return params;
}

enum outcome cmd_watch(struct cli *cli)
{
	if (cli->options.value[OPT_PATH].given == (cli->arg_count > 0)) {
		cli_error(cli, "watch: either a query or --path");
		return OUTCOME_ERROR;
	}
	struct watching w = {.cli = cli, .params = make_params(cli), .add = add_match};
	return w.params ? watching_run(&w) : OUTCOME_ERROR;
}
