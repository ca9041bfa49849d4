/*
 * trawl: the command-line tool: one verb, one or more requests to the daemon, a result for people or (--json) programs.
 *
 * Exit status: 0 found or done, 1 nothing found, 2 error, 3 the daemon is not reachable.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 64 * 1024 };

static enum outcome refuse(struct cli *cli, const char *verb, const struct buf *why)
{
	if (why->failed)
		cli_error(cli, "%s", status_text(ST_NOMEM));
	else
		cli_error(cli, "%s%s%s; see: trawl help%s%s", verb, *verb ? ": " : "",
			why->len ? why->data : "wrong number of arguments", *verb ? " " : "", verb);
	return OUTCOME_ERROR;
}

static enum outcome run_verb(struct cli *cli)
{
	const struct options *o = &cli->options;
	AUTO_BUF why = BUF_INIT, text = BUF_INIT;

	if (o->value[OPT_VERSION].given) {
		buf_adds(&text, "trawl " TRAWL_VERSION "\n");
		cli_print(&text);
		return OUTCOME_FOUND;
	}
	if (o->arg_count == 0) {
		if (o->value[OPT_HELP].given)
			return cmd_help(cli);
		buf_adds(&why, "no verb given");
		return refuse(cli, "", &why);
	}
	const struct verb *verb = verb_find(o->args[0]);
	if (!verb) {
		buf_addf(&why, "there is no verb \"%s\"", o->args[0]);
		return refuse(cli, "", &why);
	}
	if (o->value[OPT_HELP].given)
		return cmd_help(cli);
	cli->args = o->args + 1;
	cli->arg_count = o->arg_count - 1;
	if (!options_within(o, verb->takes | TAKES_COMMON, &why) ||
		cli->arg_count < verb->fewest || cli->arg_count > verb->most)
		return refuse(cli, verb->name, &why);
	return verb->run(cli);
}

/* A standard descriptor that was closed must not become the socket: it is held, so that writing to it fails. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit((int)OUTCOME_ERROR);
	}
}

/* What could not be written was not said: an error, unless the reader has simply had enough. */
static enum outcome end_output(const struct cli *cli, enum outcome outcome)
{
	int fault = cli_flush();

	/* Some file systems tell of a full disk only at the close. */
	if (close(STDOUT_FILENO) && !fault)
		fault = errno;
	if (!fault || fault == EPIPE)
		return outcome;
	cli_error(cli, "standard output: %s", strerror(fault));
	return OUTCOME_ERROR;
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	AUTO_BUF why = BUF_INIT;

	hold_standard_descriptors();
	/* Names and texts are UTF-8 whatever the locale says; messages stay in English. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
	term_init(&cli.out, STDOUT_FILENO);
	term_init(&cli.err, STDERR_FILENO);
	enum status st = options_parse(argc, argv, &cli.options, &why);
	if (st == ST_NOMEM)
		buf_adds(&why, status_text(st));
	enum outcome outcome = st == ST_OK ? run_verb(&cli) : refuse(&cli, "", &why);
	outcome = end_output(&cli, outcome);
	connect_close(cli.connection);
	options_finish(&cli.options);
	return (int)outcome;
}
