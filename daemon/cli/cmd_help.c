/* trawl help: the verbs, or one verb with its options. */
#include "cli/cli.h"

#include <string.h>

static void describe_all(struct buf *out)
{
	enum { NAME_COLUMN = 26 };

	buf_adds(out, "usage: trawl VERB [OPTION...] [ARGUMENT...]\n\n");
	for (size_t i = 0; i < verb_count; i++) {
		const struct verb *v = &verbs[i];
		int pad = NAME_COLUMN - (int)(strlen(v->name) + strlen(v->arguments) + 1);

		buf_addf(out, "  %s %s%*s%s\n", v->name, v->arguments, pad, "", v->help);
	}
	buf_adds(out, "\nwith every verb:\n");
	options_describe(out, TAKES_COMMON | TAKES(VERSION));
	buf_adds(out, "\nExit status: 0 found or done, 1 nothing found, 2 error, 3 daemon not reachable.\n"
		      "trawl help VERB tells a verb's own options; trawl(1) tells all.\n");
}

static void describe_one(struct buf *out, const struct verb *v)
{
	buf_addf(out, "usage: trawl %s%s [OPTION...]%s%s\n%s\n\n", v->name, "",
		*v->arguments ? " " : "", v->arguments, v->help);
	options_describe(out, v->takes | TAKES_COMMON);
}

enum outcome cmd_help(struct cli *cli)
{
	const struct options *o = &cli->options;
	const char *name = NULL;
	AUTO_BUF text = BUF_INIT;

	if (o->arg_count > 0 && !strcmp(o->args[0], "help"))
		name = o->arg_count > 1 ? o->args[1] : NULL;
	else if (o->arg_count > 0)
		name = o->args[0]; /* trawl VERB --help */
	const struct verb *v = name ? verb_find(name) : NULL;
	if (name && !v) {
		cli_error(cli, "help: there is no verb \"%s\"", name);
		return OUTCOME_ERROR;
	}
	if (v)
		describe_one(&text, v);
	else
		describe_all(&text);
	cli_print(&text);
	return OUTCOME_FOUND;
}
