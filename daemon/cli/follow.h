/* follow: `trawl status --follow`: progress, rate and what the workers do, redrawn in place or a line a second. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/cli.h"

#include <stdbool.h>

/*
 * Until the daemon ends, standard output is closed or, with `until_idle`, every change made so far is indexed.  With
 * --json: one result a line.  OUTCOME_ERROR if it cannot become idle: paused, or no space left.
 */
enum outcome follow_status(struct cli *cli, bool until_idle);

#endif
