/* trawl reindex, pause, resume, reload, check, shutdown: what only the daemon's user and root may ask for. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"

/* Asks for it and says `done`. */
static enum outcome administer(struct cli *cli, const char *method, cJSON **params, const char *done)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	enum outcome outcome = cli_call(cli, method, params, cli_patience_ms(cli), &reply);

	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	buf_adds(&out, done);
	buf_addc(&out, '\n');
	cli_print(&out);
	return OUTCOME_FOUND;
}

enum outcome cmd_reindex(struct cli *cli)
{
	cJSON *params = cli->arg_count ? cli_path_params(cli, cli->args[0]) : cJSON_CreateObject();

	if (!params && cli->arg_count)
		return OUTCOME_ERROR;
	return administer(cli, "reindex", &params, "reading again");
}

enum outcome cmd_pause(struct cli *cli)
{
	cJSON *params = cJSON_CreateObject();

	return administer(cli, "pause", &params, "paused");
}

enum outcome cmd_resume(struct cli *cli)
{
	cJSON *params = cJSON_CreateObject();

	return administer(cli, "resume", &params, "going on");
}

/* A configuration with faults is refused, all of them are told, and the daemon keeps the one it has. */
enum outcome cmd_reload(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();
	const cJSON *fault;
	enum outcome outcome = cli_call(cli, "reload", &params, cli_patience_ms(cli), &reply);

	if (outcome != OUTCOME_FOUND)
		return outcome;
	bool refused = json_false(reply.result, "reloaded");
	if (!cli_print_json(cli, &reply) && !refused) {
		buf_adds(&out, "configuration read again\n");
		cli_print(&out);
	}
	if (!refused)
		return OUTCOME_FOUND;
	cli_error(cli, "reload: the configuration has faults, the old one stays");
	cJSON_ArrayForEach(fault, json_member(reply.result, "errors"))
		cli_detail(cli, "%s", cJSON_IsString(fault) ? fault->valuestring : "");
	return OUTCOME_ERROR;
}

enum outcome cmd_shutdown(struct cli *cli)
{
	cJSON *params = cJSON_CreateObject();

	return administer(cli, "shutdown", &params, "ending");
}

/* Both integrity checks take as long as the store is large: no time-out but the one asked for. */
enum outcome cmd_check(struct cli *cli)
{
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();
	enum outcome outcome = cli_call(cli, "check", &params,
		options_number(&cli->options, OPT_TIMEOUT, PATIENCE_ENDLESS), &reply);

	if (outcome != OUTCOME_FOUND)
		return outcome;
	const char *report = json_text(reply.result, "report");
	bool sound = !*report && !json_false(reply.result, "ok");
	if (!cli_print_json(cli, &reply)) {
		output_add_text(&out, &cli->out, sound ? "sound" : report);
		buf_addc(&out, '\n');
		cli_print(&out);
	}
	return sound ? OUTCOME_FOUND : OUTCOME_ERROR;
}
