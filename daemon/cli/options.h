/*
 * options: the words of the command line, taken apart by one table (options.tbl).
 *
 * Options may stand anywhere, before the verb too; behind "--" nothing is one.  Nor is a word with one dash and more
 * than a letter behind it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "core/buf.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_id {
#define OPTION(id, name, letter, kind, argument, help) OPT_##id,
#include "cli/options.tbl"
	OPT_COUNT
};

#define TAKES(id) (1U << OPT_##id)
/* What every verb takes. */
#define TAKES_COMMON (TAKES(JSON) | TAKES(SOCKET) | TAKES(TIMEOUT) | TAKES(HELP))

struct option_value {
	bool given;
	const char *text; /* into argv; NULL: without an argument */
	int64_t number;	  /* COUNT; DURATION in ms */
	size_t at;	  /* how many words stood before it */
};

struct options {
	struct option_value value[OPT_COUNT];
	const char **parts; /* of --part, in order */
	size_t part_count;
	const char **args; /* what is no option: the verb first */
	size_t arg_count;
};

/* Points into argv, which must outlive *o.  ST_INVALID with one sentence in *why; ST_NOMEM. */
MUST_USE enum status options_parse(int argc, char **argv, struct options *o, struct buf *why);
void options_finish(struct options *o);
/* Whether only options of `taken` were given; names the first other one in *why. */
bool options_within(const struct options *o, unsigned taken, struct buf *why);
/* The number given, or `otherwise`. */
int64_t options_number(const struct options *o, enum option_id id, int64_t otherwise);
/* One line of help for each option in `taken`. */
void options_describe(struct buf *out, unsigned taken);

#endif
