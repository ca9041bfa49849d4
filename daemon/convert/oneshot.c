/*
 * oneshot: a converter that runs once per document: text on its standard output, the verdict in its
 * exit status.
 */
#include "convert/attempt.h"

#include <errno.h>
#include <unistd.h>

enum { READ_MIN = 64 << 10 };

enum reading { READING_ON, READING_END, READING_LIMIT, READING_NOMEM };

/* Reads what is there now into the text, a character's length beyond the limit at most. */
static enum reading read_text(struct attempt *a, struct coproc *p)
{
	struct buf *text = &a->result->text;
	size_t most = a->text_limit + ATTEMPT_CHARACTER_MAX;

	while (text->len < most) {
		size_t want = most - text->len;
		size_t room = text->room > text->len ? text->room - text->len - 1 : 0;

		if (room < READ_MIN && room < want &&
			!buf_reserve(text, want < READ_MIN ? want : READ_MIN))
			return READING_NOMEM;
		room = text->room - text->len - 1;
		ssize_t n = read(p->out, text->data + text->len, room < want ? room : want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return READING_ON;
		if (n <= 0)
			return READING_END;
		text->len += (size_t)n;
		text->data[text->len] = '\0';
	}
	return READING_LIMIT;
}

/* Until the process ends; true if how it ended is the outcome, false if the outcome is set. */
static bool follow(struct attempt *a, struct coproc *p, enum status *st)
{
	for (;;) {
		unsigned events = coproc_wait(p, a->host, a->deadline_ms);

		if (events & COPROC_ERR)
			coproc_hear(p);
		/* What has ended has ended in time, and all it wrote is there to be read. */
		if (p->out >= 0 && events & (COPROC_OUT | COPROC_ENDED)) {
			enum reading r = read_text(a, p);

			if (r == READING_END)
				coproc_close_out(p);
			if (r == READING_NOMEM) {
				*st = ST_NOMEM;
				return false;
			}
			if (r == READING_LIMIT) {
				/* What is beyond is not wanted, nor how it would have ended. */
				a->result->truncated = true;
				a->result->outcome = CONVERT_DONE;
				return false;
			}
		}
		if (events & COPROC_ENDED)
			return true;
		if (attempt_over(a, p, events))
			return false;
	}
}

enum status oneshot_run(struct attempt *a)
{
	struct coproc_document document = {
		.fd = a->request->fd,
		.name = a->request->name,
		.type = a->type,
		.text_limit = (int64_t)a->text_limit,
	};
	struct coproc p = {0};
	enum status st = coproc_start(&p, a->host, a->converter, &document);

	if (st == ST_SYSTEM) {
		attempt_not_launched(a);
		return ST_OK;
	}
	if (st != ST_OK)
		return st;
	if (follow(a, &p, &st)) {
		struct coproc_end end = coproc_reap(&p);
		attempt_end(a, &p, end);
	} else {
		(void)coproc_finish(&p);
	}
	if (st == ST_OK && a->result->outcome == CONVERT_DONE)
		attempt_finish_text(a);
	return st;
}
