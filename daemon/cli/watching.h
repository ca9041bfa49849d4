/* watching: a subscription on the command line: printed as it goes on, and taken up again when the daemon comes back. */
#ifndef CLI_WATCHING_H
#define CLI_WATCHING_H

#include "cli/cli.h"

struct watching {
	struct cli *cli;
	cJSON *params; /* of subscribe, but for `since`; taken */
	/* Appends what is shown of one match. */
	void (*add)(struct buf *out, const struct cli *cli, const cJSON *match);
};

/*
 * From --since, or from now, until --limit matches were shown, standard output is closed, or SIGINT or SIGTERM end the
 * program, with status 0.  OUTCOME_UNREACHABLE only if the daemon never was there.
 */
enum outcome watching_run(struct watching *w);

/* "created   PATH" or "moved     FROM -> PATH", a directory with a slash behind it. */
void watching_add_change(struct buf *out, const struct cli *cli, const cJSON *change);

#endif
