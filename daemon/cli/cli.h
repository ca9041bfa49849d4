/*
 * cli: what every verb is given: its options, the terminal, the daemon; and how it ends.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/connect.h"
#include "cli/options.h"
#include "cli/term.h"
#include "core/buf.h"

#include <cjson/cJSON.h>

/* The exit status. */
enum outcome { OUTCOME_FOUND, OUTCOME_NOTHING, OUTCOME_ERROR, OUTCOME_UNREACHABLE };

struct cli {
	struct options options;
	const char *const *args; /* behind the verb */
	size_t arg_count;
	struct term out, err;
	struct connection *connection; /* NULL until the first call */
};

enum { ARGS_MANY = 1 << 20 };

struct verb {
	const char *name;
	enum outcome (*run)(struct cli *cli);
	size_t fewest, most;
	unsigned takes;
	const char *arguments, *help;
};
extern const struct verb verbs[];
extern const size_t verb_count;
const struct verb *verb_find(const char *name); /* NULL if there is none */

#define VERB(name, function, fewest, most, takes, arguments, help)                                 \
	enum outcome function(struct cli *cli);
#include "cli/verbs.tbl"

/* How long a verb waits for the daemon's answer when --timeout does not say. */
enum { PATIENCE_MS = 30 * 1000, PATIENCE_ENDLESS = 0 };

int64_t cli_patience_ms(const struct cli *cli); /* --timeout, or PATIENCE_MS */
/* For methods that keep a time-out themselves: puts `timeout_ms`, which is --timeout or `otherwise`; returns how long
 * to wait for the answer: a little longer. */
int64_t cli_put_timeout(const struct cli *cli, cJSON **params, int64_t otherwise);

/*
 * One request, `params` taken (NULL: {} ; see json_put).  Anything but OUTCOME_FOUND has been reported; `reply` then
 * holds an error reply or nothing.
 */
enum outcome cli_call(struct cli *cli, const char *method, cJSON **params, int64_t patience_ms, struct reply *reply);
/* The same with errors left to the caller where the daemon itself answered with one. */
enum outcome cli_ask(struct cli *cli, const char *method, cJSON **params, int64_t patience_ms, struct reply *reply);
/* "trawl: METHOD: message", and whether trying again may help. */
enum outcome cli_report(struct cli *cli, const char *method, const cJSON *error);

/* A parameters object with the absolute path of `argument`; NULL after a fault that has been reported. */
cJSON *cli_path_params(struct cli *cli, const char *argument);
/* The same with the part: of --part, or as hits show it: "x.zip//inner/report.docx", where x.zip is a file. */
cJSON *cli_place_params(struct cli *cli, const char *argument);

/* The result as received, one line. */
void cli_print_raw(const struct reply *reply);
/* With --json: does that and says true. */
bool cli_print_json(const struct cli *cli, const struct reply *reply);
/* To standard output, buffered; a fault, of the text too, is kept for cli_flush. */
void cli_print(const struct buf *text);
/* Writes what is buffered; 0, or the errno of the first write that ever failed. */
int cli_flush(void);
/* One line "trawl: …" to standard error, behind what was printed so far. */
__attribute__((format(printf, 2, 3))) void cli_error(const struct cli *cli, const char *fmt, ...);
/* A line to standard error that belongs to the error before it. */
__attribute__((format(printf, 2, 3))) void cli_detail(const struct cli *cli, const char *fmt, ...);
/* A remark about the result, dim on a terminal, on standard error where standard output is none. */
void cli_remark(const struct cli *cli, const struct buf *line);

#endif
