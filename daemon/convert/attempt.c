/* attempt: what both transports share; see attempt.h. */
#include "convert/attempt.h"

#include "convert/outcome.h"
#include "core/log.h"
#include "core/path.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { LAUNCHER_BROKEN = 254 /* trawl-jail's own: fork, memory, descriptors */ };

static void keep_said(struct convert_result *r, const struct coproc *p)
{
	buf_clear(&r->output);
	utf8_add_lossy(&r->output, p->said, p->said_len);
}

void attempt_fail(struct attempt *a, const struct coproc *p, enum convert_outcome outcome,
	const char *fmt, ...)
{
	struct convert_result *r = a->result;
	va_list ap;

	r->outcome = outcome;
	buf_clear(&r->detail);
	va_start(ap, fmt);
	buf_vaddf(&r->detail, fmt, ap);
	va_end(ap);
	if (p)
		keep_said(r, p);
}

void attempt_end(struct attempt *a, const struct coproc *p, struct coproc_end end)
{
	enum convert_outcome outcome;
	const char *sentence;

	if (end.by_signal)
		attempt_fail(a, p, CONVERT_CRASHED, "converter %s was ended by signal %d (%s)",
			a->converter->name, end.code, strsignal(end.code));
	else if (end.code == LAUNCHER_BROKEN)
		attempt_fail(a, p, CONVERT_LAUNCH_FAILED, "converter %s could not be started",
			a->converter->name);
	else if (outcome_of_status(end.code, &outcome, &sentence))
		attempt_fail(a, p, outcome, "%s", sentence);
	else
		attempt_fail(a, p, CONVERT_CRASHED, "converter %s ended with status %d",
			a->converter->name, end.code);
}

void attempt_not_launched(struct attempt *a)
{
	int error = errno;

	log_warning("converter %s: cannot start %s: %s", a->converter->name, a->host->jail,
		strerror(error));
	attempt_fail(a, NULL, CONVERT_LAUNCH_FAILED, "converter %s could not be started: %s",
		a->converter->name, strerror(error));
}

bool attempt_over(struct attempt *a, const struct coproc *p, unsigned events)
{
	if (events & COPROC_STOP)
		attempt_fail(a, p, CONVERT_CANCELED, "the daemon was stopped");
	else if (events & COPROC_LATE)
		attempt_fail(a, p, CONVERT_TIMED_OUT, "converter %s took longer than %.3g s",
			a->converter->name, (double)a->converter->time_ms / 1000);
	else if (p->said_total > ATTEMPT_SAID_MAX)
		attempt_fail(a, p, CONVERT_OUTPUT_LIMIT,
			"converter %s writes diagnostics without end", a->converter->name);
	else
		return false;
	return true;
}

/* The length of `s` cut to at most `most` bytes at the begin of a character. */
static size_t cut_at_character(const char *s, size_t n, size_t most)
{
	if (n <= most)
		return n;
	size_t at = most;
	/* A character has at most three bytes behind its first. */
	while (at > 0 && most - at < 4 && ((unsigned char)s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void cut_text(struct attempt *a)
{
	struct buf *text = &a->result->text;

	if (text->len <= a->text_limit)
		return;
	text->len = cut_at_character(text->data, text->len, a->text_limit);
	text->data[text->len] = '\0';
	a->result->truncated = true;
}

void attempt_finish_text(struct attempt *a)
{
	struct buf *text = &a->result->text;

	if (!text->len)
		return;
	for (char *nul = text->data;
		(nul = memchr(nul, 0, text->len - (size_t)(nul - text->data)));)
		*nul = ' ';
	cut_text(a);
	if (utf8_valid(text->data, text->len))
		return;
	struct buf mended = BUF_INIT;
	utf8_add_lossy(&mended, text->data, text->len);
	buf_finish(text);
	*text = mended;
	if (!text->failed)
		cut_text(a);
}
