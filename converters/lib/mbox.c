/*
 * mbox: line by line through a window of the file; see mbox.h.
 *
 * What lies between two places of interest goes out in one piece.  An empty line
 * is held back until the next line shows whether it belongs to a separator.
 */
#include "mbox.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	WINDOW = 256 * 1024,
	LINE_MOST = 64 * 1024, /* a longer one is looked at by its start only */
};

struct mailbox {
	struct answer *out;
	uint64_t message; /* number of the one being read */
	bool begun;       /* its part: one without any byte is none */
	bool after_blank; /* the line before is empty, or there is none */
	bool within_line; /* the window starts in the middle of a long line */
	size_t run;       /* where what was not sent yet begins */
	size_t blank;     /* where the empty line before begins */
	size_t len;       /* bytes in the window */
	uint8_t window[WINDOW];
};

/* --- lines ------------------------------------------------------------------------------------ */

static bool starts(const uint8_t *line, size_t n, const char *s)
{
	return n >= strlen(s) && memcmp(line, s, strlen(s)) == 0;
}

/* A time of day stands in every date that follows a sender; Thunderbird may leave out both. */
static bool is_separator(const uint8_t *line, size_t n)
{
	if (!starts(line, n, "From "))
		return false;
	while (n && isspace(line[n - 1]))
		n--;
	if (n <= strlen("From ") || (n == strlen("From -") && line[n - 1] == '-'))
		return true;
	for (size_t i = strlen("From "); i + 5 <= n; i++)
		if (isdigit(line[i]) && isdigit(line[i + 1]) && line[i + 2] == ':' &&
			isdigit(line[i + 3]) && isdigit(line[i + 4]))
			return true;
	return false;
}

static bool is_blank(const uint8_t *line, size_t n)
{
	return (n == 1 && line[0] == '\n') || (n == 2 && memcmp(line, "\r\n", 2) == 0);
}

static bool is_quoted(const uint8_t *line, size_t n)
{
	size_t marks = 0;

	while (marks < n && line[marks] == '>')
		marks++;
	return marks > 0 && starts(line + marks, n - marks, "From ");
}

bool mbox_starts(const uint8_t *bytes, size_t n)
{
	const uint8_t *end = memchr(bytes, '\n', n);

	return end && is_separator(bytes, (size_t)(end - bytes));
}

bool mbox_has_several(const uint8_t *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = bytes + n;

	while ((at = memmem(at, (size_t)(end - at), "\nFrom ", 6))) {
		bool after_blank =
			at > bytes &&
			(at[-1] == '\n' || (at - bytes > 1 && at[-1] == '\r' && at[-2] == '\n'));
		const uint8_t *line = ++at, *eol = memchr(line, '\n', (size_t)(end - line));

		if (after_blank && is_separator(line, (size_t)((eol ? eol : end) - line)))
			return true;
	}
	return false;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Sends the run up to `end`; the next begins at `next`. */
static void send_run(struct mailbox *m, size_t end, size_t next)
{
	char name[32];

	if (end > m->run) {
		if (!m->begun) {
			snprintf(name, sizeof name, "%06ju.eml", (uintmax_t)m->message);
			answer_part(m->out, name, "message/rfc822", -1);
			m->begun = true;
		}
		answer_part_bytes(m->out, m->window + m->run, end - m->run);
	}
	m->run = next;
}

static void take_line(struct mailbox *m, size_t at, size_t n)
{
	const uint8_t *line = m->window + at;

	if (m->within_line) {
		m->within_line = m->after_blank = false;
		return;
	}
	if (m->after_blank && is_separator(line, n)) {
		send_run(m, m->blank > m->run ? m->blank : m->run, at + n);
		m->message++;
		m->begun = m->after_blank = false;
		return;
	}
	if (is_quoted(line, n))
		send_run(m, at, at + 1);
	m->after_blank = is_blank(line, n);
	m->blank = at;
}

/* The lines that are whole, or all at the end.  Returns how many bytes are done with. */
static size_t take_lines(struct mailbox *m, bool last)
{
	size_t at = 0;

	m->run = 0;
	while (at < m->len) {
		const uint8_t *end = memchr(m->window + at, '\n', m->len - at);
		size_t n = end ? (size_t)(end - m->window) + 1 - at : m->len - at;

		if (!end && !last && n < LINE_MOST)
			break;
		take_line(m, at, n);
		if (!end && !last)
			m->within_line = true;
		at += n;
	}
	if (m->after_blank && m->blank >= m->run && m->blank < at) {
		/* An empty line at the end: of the separator that follows, or of the file. */
		send_run(m, m->blank, m->blank);
		m->after_blank = false;
		return last ? at : m->blank;
	}
	send_run(m, at, at);
	return at;
}

bool mbox_give(int fd, struct answer *out)
{
	static struct mailbox m;
	off_t offset = 0;
	ssize_t got;

	m.out = out;
	m.message = 0;
	m.len = m.blank = 0;
	m.begun = m.within_line = false;
	m.after_blank = true;
	do {
		do
			got = pread(fd, m.window + m.len, WINDOW - m.len, offset);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return false;
		offset += got;
		m.len += (size_t)got;
		size_t done = take_lines(&m, got == 0);
		m.len -= done;
		memmove(m.window, m.window + done, m.len);
	} while (got > 0);
	return true;
}
