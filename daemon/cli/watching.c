/*
 * watching: subscribe, print what comes, subscribe again from the last clock where the connection ends; see watching.h.
 */
#include "cli/watching.h"

#include "cli/json.h"
#include "cli/output.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { RETRY_MS = 200, RETRY_MOST_MS = 5000 };

struct state {
	struct watching *w;
	struct buf clock; /* where to go on; empty: from now on */
	int64_t left;	  /* matches to be shown; -1: all */
	bool reached;	  /* the daemon was there */
	bool silent;	  /* it was said that it is away */
};

/* All that was printed is written already. */
static void on_signal(int number)
{
	(void)number;
	_exit(OUTCOME_FOUND);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* --- one notification --------------------------------------------------------------------------- */

static void add_match(struct buf *out, const struct state *s, const cJSON *match)
{
	const struct cli *cli = s->w->cli;

	if (cli->options.value[OPT_JSON].given) {
		char *text = cJSON_PrintUnformatted(match);

		if (text)
			buf_adds(out, text);
		else
			out->failed = true;
		cJSON_free(text);
		buf_addc(out, '\n');
	} else {
		s->w->add(out, cli, match);
	}
}

static void remark_fresh(const struct state *s)
{
	AUTO_BUF line = BUF_INIT;

	buf_adds(&line, "begun anew: what changed since the last line is not known; look for yourself");
	cli_remark(s->w->cli, &line);
}

/* False: enough was shown, or it cannot be written any more. */
static bool show(struct state *s, const char *line)
{
	cJSON *message = cJSON_Parse(line);
	const cJSON *params = json_member(message, "params"), *match;
	AUTO_BUF out = BUF_INIT;

	if (json_true(params, "fresh_instance"))
		remark_fresh(s);
	cJSON_ArrayForEach(match, json_member(params, "matches")) {
		if (s->left == 0)
			break;
		s->left -= s->left > 0;
		add_match(&out, s, match);
	}
	buf_clear(&s->clock);
	buf_adds(&s->clock, json_text(params, "clock"));
	cJSON_Delete(message);
	cli_print(&out);
	return cli_flush() == 0 && s->left != 0;
}

/* --- the connection ----------------------------------------------------------------------------- */

static void hang_up(struct cli *cli)
{
	connect_close(cli->connection);
	cli->connection = NULL;
}

/* ST_AGAIN: not now; ST_CLOSED: what went wrong was said. */
static enum status report(struct state *s, enum status st, const struct buf *why)
{
	struct cli *cli = s->w->cli;

	if (st == ST_UNAVAILABLE || st == ST_TIMEOUT) {
		if (!s->reached || !s->silent)
			cli_error(cli, "%s%s", why->data ? why->data : status_text(st),
				s->reached ? "; waiting for it" : "");
		s->silent = true;
		return s->reached ? ST_AGAIN : st;
	}
	cli_error(cli, "%s", why->len ? why->data : status_text(st));
	return ST_CLOSED;
}

static enum status refuse(struct state *s, const cJSON *error)
{
	if (s->reached && json_true(json_member(error, "data"), "retryable"))
		return ST_AGAIN;
	(void)cli_report(s->w->cli, "subscribe", error);
	return ST_CLOSED;
}

static enum status subscribe(struct state *s)
{
	struct cli *cli = s->w->cli;
	cJSON *params = cJSON_Duplicate(s->w->params, true);
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF why = BUF_INIT;

	if (s->clock.len)
		json_put_text(&params, "since", s->clock.data, s->clock.len);
	enum status st = params ? connect_open(cli->options.value[OPT_SOCKET].text, &cli->connection, &why)
				: ST_NOMEM;
	if (st == ST_OK)
		st = connect_call(cli->connection, "subscribe", params, cli_patience_ms(cli), &reply, &why);
	cJSON_Delete(params);
	if (st != ST_OK)
		return report(s, st, &why);
	if (reply.error)
		return refuse(s, reply.error);
	s->reached = true;
	s->silent = false;
	buf_clear(&s->clock);
	buf_adds(&s->clock, json_text(reply.result, "clock"));
	return buf_status(&s->clock);
}

/* ST_OK: that was all. */
static enum status listen_to(struct state *s)
{
	AUTO_BUF line = BUF_INIT, why = BUF_INIT;

	for (;;) {
		enum status st = connect_next(s->w->cli->connection, &line, &why);

		if (st != ST_OK)
			return report(s, st, &why);
		if (!show(s, line.data))
			return ST_OK;
	}
}

static enum outcome outcome_of(enum status st)
{
	if (st == ST_OK)
		return OUTCOME_FOUND;
	return st == ST_UNAVAILABLE || st == ST_TIMEOUT ? OUTCOME_UNREACHABLE : OUTCOME_ERROR;
}

enum outcome watching_run(struct watching *w)
{
	const struct option_value *given = w->cli->options.value;
	struct state s = {.w = w, .clock = BUF_INIT, .left = options_number(&w->cli->options, OPT_LIMIT, -1)};
	int pause_ms = RETRY_MS;
	enum status st;

	buf_adds(&s.clock, given[OPT_SINCE].given ? given[OPT_SINCE].text : "");
	catch_signals();
	do {
		st = w->params ? subscribe(&s) : ST_NOMEM;
		if (st == ST_OK) {
			pause_ms = RETRY_MS;
			st = listen_to(&s);
		}
		hang_up(w->cli);
		if (st == ST_AGAIN) {
			(void)poll(NULL, 0, pause_ms);
			pause_ms = pause_ms * 2 < RETRY_MOST_MS ? pause_ms * 2 : RETRY_MOST_MS;
		}
	} while (st == ST_AGAIN);
	if (st == ST_NOMEM)
		cli_error(w->cli, "%s", status_text(st));
	buf_finish(&s.clock);
	cJSON_Delete(w->params);
	w->params = NULL;
	return outcome_of(st);
}

void watching_add_change(struct buf *out, const struct cli *cli, const cJSON *change)
{
	const struct term *t = &cli->out;
	AUTO_BUF from = BUF_INIT;

	output_add_label(out, t, json_text(change, "kind"));
	json_add_path(&from, change, "from");
	if (from.failed)
		out->failed = true;
	if (from.len) {
		term_add(out, t, from.data, from.len);
		buf_adds(out, " -> ");
	}
	output_add_path(out, t, STYLE_BOLD, change);
	buf_adds(out, json_true(change, "dir") ? "/\n" : "\n");
}
