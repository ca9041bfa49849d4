/* cli: what every verb is given; see cli.h. */
#include "cli/cli.h"

#include "cli/json.h"
#include "cli/target.h"
#include "core/mem.h"
#include "core/wire.h"
#include "serve/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct verb verbs[] = {
#define VERB(name, function, fewest, most, takes, arguments, help)                                 \
	{#name, function, fewest, most, takes, arguments, help},
#include "cli/verbs.tbl"
};
const size_t verb_count = sizeof verbs / sizeof *verbs;

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verb_count; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

/* --- printing ----------------------------------------------------------------------------------- */

static int output_fault; /* errno of the first write to standard output that failed */

static void print(const char *bytes, size_t n)
{
	errno = 0;
	if (n && fwrite(bytes, 1, n, stdout) < n && !output_fault)
		output_fault = errno ? errno : EIO;
}

int cli_flush(void)
{
	errno = 0;
	if (fflush(stdout) && !output_fault)
		output_fault = errno ? errno : EIO;
	return output_fault;
}

void cli_print(const struct buf *text)
{
	if (text->failed && !output_fault)
		output_fault = ENOMEM; /* something is missing in it */
	print(text->data, text->len);
}

void cli_print_raw(const struct reply *reply)
{
	cli_print(&reply->raw);
	print("\n", 1);
}

bool cli_print_json(const struct cli *cli, const struct reply *reply)
{
	if (!cli->options.value[OPT_JSON].given)
		return false;
	cli_print_raw(reply);
	return true;
}

/* What was printed so far comes first. */
__attribute__((format(printf, 3, 0))) static void complain(
	const struct cli *cli, const char *head, const char *fmt, va_list ap)
{
	AUTO_BUF text = BUF_INIT, line = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	buf_adds(&line, head);
	if (text.len)
		term_add(&line, &cli->err, text.data, text.len);
	buf_addc(&line, '\n');
	(void)cli_flush();
	if (text.failed || line.failed)
		(void)fputs("trawl: out of memory\n", stderr);
	else
		(void)fwrite(line.data, 1, line.len, stderr);
}

void cli_error(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cli, "trawl: ", fmt, ap);
	va_end(ap);
}

void cli_detail(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cli, "  ", fmt, ap);
	va_end(ap);
}

void cli_remark(const struct cli *cli, const struct buf *line)
{
	AUTO_BUF text = BUF_INIT;

	if (!line->len)
		return;
	if (cli->out.is_terminal) {
		term_add_styled(&text, &cli->out, STYLE_DIM, line->data, line->len);
		buf_addc(&text, '\n');
		cli_print(&text);
		return;
	}
	term_add(&text, &cli->err, line->data, line->len);
	buf_addc(&text, '\n');
	(void)cli_flush();
	if (!text.failed)
		(void)fwrite(text.data, 1, text.len, stderr);
}

/* --- asking ------------------------------------------------------------------------------------- */

enum outcome cli_report(struct cli *cli, const char *method, const cJSON *error)
{
	const cJSON *data = json_member(error, "data");

	cli_error(cli, "%s: %s%s", method, json_text(error, "message"),
		json_true(data, "retryable") ? " (trying again may help)" : "");
	return strcmp(json_text(data, "code"), "not_found") ? OUTCOME_ERROR : OUTCOME_NOTHING;
}

static enum outcome out_of_memory(struct cli *cli)
{
	cli_error(cli, "%s", status_text(ST_NOMEM));
	return OUTCOME_ERROR;
}

static enum outcome connect_daemon(struct cli *cli)
{
	AUTO_BUF why = BUF_INIT;

	if (cli->connection)
		return OUTCOME_FOUND;
	enum status st =
		connect_open(cli->options.value[OPT_SOCKET].text, &cli->connection, &why);
	if (st == ST_NOMEM || why.failed)
		return out_of_memory(cli);
	if (st != ST_OK) {
		cli_error(cli, "%s", why.data);
		return OUTCOME_UNREACHABLE;
	}
	return OUTCOME_FOUND;
}

enum outcome cli_ask(struct cli *cli, const char *method, cJSON **params, int64_t patience_ms, struct reply *reply)
{
	AUTO_BUF why = BUF_INIT;
	cJSON *sent = *params;

	*params = NULL;
	if (!sent)
		return out_of_memory(cli);
	enum outcome outcome = connect_daemon(cli);
	if (outcome != OUTCOME_FOUND) {
		cJSON_Delete(sent);
		return outcome;
	}
	enum status st = connect_call(cli->connection, method, sent, patience_ms, reply, &why);
	cJSON_Delete(sent);
	if (st == ST_OK)
		return OUTCOME_FOUND;
	if (st == ST_NOMEM || why.failed)
		return out_of_memory(cli);
	cli_error(cli, "%s: %s", method, why.data);
	return st == ST_UNAVAILABLE || st == ST_TIMEOUT ? OUTCOME_UNREACHABLE : OUTCOME_ERROR;
}

int64_t cli_patience_ms(const struct cli *cli)
{
	return options_number(&cli->options, OPT_TIMEOUT, PATIENCE_MS);
}

int64_t cli_put_timeout(const struct cli *cli, cJSON **params, int64_t otherwise)
{
	enum { GRACE_MS = 3000 }; /* how much later than it promised the daemon may answer */
	int64_t ms = options_number(&cli->options, OPT_TIMEOUT, otherwise);

	json_put_number(params, "timeout_ms", ms);
	return ms + GRACE_MS;
}

enum outcome cli_call(struct cli *cli, const char *method, cJSON **params, int64_t patience_ms, struct reply *reply)
{
	enum outcome outcome = cli_ask(cli, method, params, patience_ms, reply);

	if (outcome == OUTCOME_FOUND && reply->error)
		return cli_report(cli, method, reply->error);
	return outcome;
}

cJSON *cli_path_params(struct cli *cli, const char *argument)
{
	AUTO_BUF path = BUF_INIT;
	enum status st = target_resolve(argument, &path);

	if (st == ST_NOMEM) {
		(void)out_of_memory(cli);
		return NULL;
	}
	if (st != ST_OK) {
		cli_error(cli, "%s: %s", *argument ? argument : "\"\"",
			st == ST_SYSTEM ? strerror(errno) : "no path");
		return NULL;
	}
	cJSON *params = cJSON_CreateObject();
	if (params && !wire_put_path(params, "path", path.data, path.len)) {
		cJSON_Delete(params);
		params = NULL;
	}
	if (!params)
		(void)out_of_memory(cli);
	return params;
}

cJSON *cli_place_params(struct cli *cli, const char *argument)
{
	size_t file = cli->options.part_count ? strlen(argument) : target_file_length(argument);
	const char *inside = argument + file + strspn(argument + file, "/");
	const char *const *steps = cli->options.part_count ? cli->options.parts : &inside;
	size_t count = cli->options.part_count ? cli->options.part_count : *inside != '\0';
	AUTO_FREE char *path = mem_dup(argument, file);
	cJSON *params = path ? cli_path_params(cli, path) : NULL;

	if (params && count)
		json_put(&params, "part", cJSON_CreateStringArray(steps, (int)count));
	return params;
}
