/*
 * follow: the live view of `status`; see follow.h.
 *
 * On a terminal the view is drawn over itself four times a second; elsewhere
 * (a log, a pipe, TERM=dumb) a line is printed when something changed, at most once a second.
 */
#include "cli/follow.h"

#include "cli/json.h"
#include "cli/output.h"
#include "cli/status_view.h"
#include "core/now.h"
#include "core/units.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	REDRAW_MS = 250,
	LINE_MS = 1000,
	UNTIL_IDLE_MS = 100, /* how often to look when the end is waited for */
	PROOF_MS = 1000,
	BAR_MAX = 40,
	BAR_MIN = 10,
	SAMPLES = 16 /* of progress, a rate's window */
};

struct follow {
	struct cli *cli;
	bool until_idle, json, in_place;
	bool proved; /* at rest, and nothing unheard of */
	int64_t last_shown_ms;
	int drawn_lines; /* of the last view, to be drawn over */
	struct buf last_line; /* line mode: what was said last */
	struct sample {
		int64_t at_ms, done;
	} samples[SAMPLES]; /* a ring */
	size_t sampled;
};

/* --- the rate ----------------------------------------------------------------------------------- */

static void take_sample(struct follow *f, int64_t done)
{
	struct sample s = {now_mono_ms(), done};
	const struct sample *last = &f->samples[(f->sampled + SAMPLES - 1) % SAMPLES];

	/* A new scan counts from the start. */
	if (f->sampled && done < last->done)
		f->sampled = 0;
	if (f->sampled && s.at_ms - last->at_ms < REDRAW_MS / 2)
		return;
	f->samples[f->sampled++ % SAMPLES] = s;
}

/* Documents a second over the window, -1 before it is known. */
static int64_t rate(const struct follow *f)
{
	if (f->sampled < 2)
		return -1;
	const struct sample *last = &f->samples[(f->sampled - 1) % SAMPLES];
	const struct sample *first =
		&f->samples[f->sampled > SAMPLES ? f->sampled % SAMPLES : 0];
	int64_t ms = last->at_ms - first->at_ms;

	return ms > 0 ? (last->done - first->done) * 1000 / ms : -1;
}

/* --- one view ----------------------------------------------------------------------------------- */

static int percent(int64_t done, int64_t total)
{
	if (total <= 0)
		return 100;
	return (int)((double)(done < total ? done : total) * 100 / (double)total);
}

static void add_bar(struct buf *out, int width, int filled_percent)
{
	int filled = width * filled_percent / 100;

	buf_addc(out, '[');
	for (int i = 0; i < width; i++)
		buf_addc(out, i < filled ? '#' : '-');
	buf_addc(out, ']');
}

/* "52 %  5,210 of 10,004  812/s  ETA 6 s" */
static void add_numbers(struct buf *out, const struct follow *f, const cJSON *progress)
{
	int64_t done = json_number(progress, "done"), total = json_number(progress, "total");
	const cJSON *eta_s = json_member(progress, "eta_s");

	buf_addf(out, "%d %%  ", percent(done, total));
	output_add_count(out, done);
	buf_adds(out, " of ");
	output_add_count(out, total);
	if (rate(f) >= 0) {
		buf_adds(out, "  ");
		output_add_count(out, rate(f));
		buf_adds(out, "/s");
	}
	if (done < total && cJSON_IsNumber(eta_s) && json_integer(eta_s) >= 0) {
		buf_adds(out, "  ETA ");
		units_add_duration(out, json_integer(eta_s) * 1000);
	}
}

static bool is_scanning(const cJSON *status)
{
	const cJSON *progress = json_member(status, "progress");

	return !strcmp(json_text(status, "state"), "scanning") ||
	       json_number(progress, "done") < json_number(progress, "total");
}

/* The text of the lines but for styles stays within the terminal's width, so that lines and rows are the same. */
static void add_view(struct buf *out, const struct follow *f, const cJSON *status)
{
	const struct term *t = &f->cli->out;
	const cJSON *progress = json_member(status, "progress");
	AUTO_BUF numbers = BUF_INIT, files = BUF_INIT;

	add_numbers(&numbers, f, progress);
	status_view_add_files(&files, json_member(status, "files"));
	if (numbers.failed || files.failed) {
		out->failed = true;
		return;
	}
	status_view_add_state(out, t, status);
	if (is_scanning(status)) {
		int state_width = (int)strlen(json_text(status, "state"));
		int width = t->columns - state_width - (int)numbers.len - 7;

		buf_adds(out, "  ");
		if (width >= BAR_MIN) {
			add_bar(out, width > BAR_MAX ? BAR_MAX : width,
				percent(json_number(progress, "done"),
					json_number(progress, "total")));
			buf_adds(out, "  ");
		}
		term_add_tail(out, t, numbers.data, numbers.len, t->columns - state_width - 3);
	}
	buf_addc(out, '\n');
	output_add_label(out, t, "files");
	term_add_tail(out, t, files.data, files.len, t->columns - OUTPUT_LABEL_COLUMNS - 1);
	buf_addc(out, '\n');
	(void)status_view_add_workers(out, t, json_member(status, "workers"), t->columns - 1);
}

static int count_lines(const struct buf *text)
{
	int n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

static void draw_over(struct follow *f, const cJSON *status)
{
	AUTO_BUF out = BUF_INIT;

	term_measure(&f->cli->out, STDOUT_FILENO);
	if (f->drawn_lines)
		buf_addf(&out, "\033[%dA", f->drawn_lines);
	buf_adds(&out, "\r\033[J");
	add_view(&out, f, status);
	f->drawn_lines = count_lines(&out);
	cli_print(&out);
}

static void print_line(struct follow *f, const cJSON *status)
{
	AUTO_BUF line = BUF_INIT;

	output_add_text(&line, &f->cli->out, json_text(status, "state"));
	buf_adds(&line, "  ");
	if (is_scanning(status)) {
		add_numbers(&line, f, json_member(status, "progress"));
		buf_adds(&line, "  ");
	}
	status_view_add_files(&line, json_member(status, "files"));
	buf_addc(&line, '\n');
	if (line.failed || (f->last_line.len == line.len &&
				   !memcmp(f->last_line.data, line.data, line.len)))
		return;
	cli_print(&line);
	buf_clear(&f->last_line);
	buf_add(&f->last_line, line.data, line.len);
}

/* --- the loop ----------------------------------------------------------------------------------- */

/* False when standard output takes no more. */
static bool show(struct follow *f, const struct reply *reply)
{
	if (f->json)
		cli_print_raw(reply);
	else if (f->in_place)
		draw_over(f, reply->result);
	else
		print_line(f, reply->result);
	f->last_shown_ms = now_mono_ms();
	return cli_flush() == 0;
}

/* A degraded daemon has done what it can once nothing is pending. */
static bool is_settled(const cJSON *status)
{
	const char *state = json_text(status, "state");

	if (!strcmp(state, "idle"))
		return true;
	return !strcmp(state, "degraded") && !is_scanning(status) &&
	       !json_number(json_member(status, "files"), "pending");
}

static bool is_stuck(const cJSON *status)
{
	const char *state = json_text(status, "state");

	return !strcmp(state, "paused") || !strcmp(state, "full");
}

/*
 * A daemon at rest may not have heard of the latest change yet: a sync that ends at once proves that it has.  One that
 * does not end in time, or is refused, only means to look again.
 */
static enum outcome prove_rest(struct follow *f)
{
	AUTO_REPLY reply = REPLY_INIT;
	cJSON *params = cJSON_CreateObject();

	json_put_number(&params, "timeout_ms", PROOF_MS);
	enum outcome outcome =
		cli_ask(f->cli, "sync", &params, PROOF_MS + cli_patience_ms(f->cli), &reply);
	f->proved = outcome == OUTCOME_FOUND && reply.result;
	if (reply.error && !json_true(json_member(reply.error, "data"), "retryable"))
		return cli_report(f->cli, "sync", reply.error);
	return outcome;
}

/* One look; *ended says whether it was the last. */
static enum outcome look(struct follow *f, int64_t interval_ms, bool *ended)
{
	AUTO_REPLY reply = REPLY_INIT;
	cJSON *params = cJSON_CreateObject();
	enum outcome outcome =
		cli_call(f->cli, "status", &params, cli_patience_ms(f->cli), &reply);

	*ended = true;
	if (outcome != OUTCOME_FOUND)
		return outcome;
	take_sample(f, json_number(json_member(reply.result, "progress"), "done"));
	bool settled = f->until_idle && is_settled(reply.result);
	bool stuck = f->until_idle && is_stuck(reply.result);
	bool due = !f->last_shown_ms || now_mono_ms() - f->last_shown_ms >= interval_ms;

	if (!settled)
		f->proved = false;
	if ((due || (settled && f->proved) || stuck) && !show(f, &reply))
		return OUTCOME_FOUND; /* main reports why, if it was no closed pipe */
	if (stuck) {
		cli_error(f->cli, "status: the daemon is %s and will not become idle",
			json_text(reply.result, "state"));
		return OUTCOME_ERROR;
	}
	*ended = settled && f->proved;
	return settled && !f->proved ? prove_rest(f) : OUTCOME_FOUND;
}

static enum outcome run(struct follow *f)
{
	int64_t interval_ms = f->in_place ? REDRAW_MS : LINE_MS;

	for (;;) {
		bool ended = false;
		enum outcome outcome = look(f, interval_ms, &ended);

		if (ended || outcome != OUTCOME_FOUND)
			return outcome;
		if (!f->proved)
			(void)poll(NULL, 0, f->until_idle ? UNTIL_IDLE_MS : (int)interval_ms);
	}
}

enum outcome follow_status(struct cli *cli, bool until_idle)
{
	struct follow f = {.cli = cli, .until_idle = until_idle, .last_line = BUF_INIT};

	f.json = cli->options.value[OPT_JSON].given;
	f.in_place = !f.json && cli->out.redraws;
	enum outcome outcome = run(&f);
	buf_finish(&f.last_line);
	return outcome;
}
