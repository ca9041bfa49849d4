/* term: what may be sent to a terminal; see term.h. */
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { COLUMNS_UNKNOWN = 80 };

static const char *const styles[] = {
	[STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",	  [STYLE_MARK] = "\033[1;33m",
	[STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
};

void term_measure(struct term *t, int fd)
{
	struct winsize size;

	t->columns = COLUMNS_UNKNOWN;
	if (t->is_terminal && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col > 0)
		t->columns = size.ws_col;
}

void term_init(struct term *t, int fd)
{
	const char *kind = getenv("TERM"), *no_color = getenv("NO_COLOR");

	t->is_terminal = isatty(fd);
	t->redraws = t->is_terminal && kind && *kind && strcmp(kind, "dumb") != 0;
	t->colour = t->redraws && !(no_color && *no_color);
	term_measure(t, fd);
}

/* The length of the character at s, 0 if it must not reach a terminal as it is. */
static size_t printable(const char *s, size_t n)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t len = mbrtowc(&c, s, n, &state);

	if (len == 0 || len > n)
		return 0;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return 0;
	/* Overrides of the writing direction make a name read as another one. */
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return len;
}

void term_add_escaped(struct buf *out, const char *s, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t len = printable(s + at, n - at);

		if (len)
			buf_add(out, s + at, len);
		else
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)s[at]);
		at += len ? len : 1;
	}
}

void term_add(struct buf *out, const struct term *t, const char *s, size_t n)
{
	if (t->is_terminal)
		term_add_escaped(out, s, n);
	else
		buf_add(out, s, n);
}

void term_add_styled(
	struct buf *out, const struct term *t, enum term_style style, const char *s, size_t n)
{
	if (t->colour)
		buf_adds(out, styles[style]);
	term_add(out, t, s, n);
	if (t->colour)
		buf_adds(out, "\033[0m");
}

/* Bytes and columns of one character of escaped text. */
static size_t step(const char *s, size_t n, int *columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t len = mbrtowc(&c, s, n, &state);

	*columns = 1;
	if (len == 0 || len > n)
		return 1;
	int width = wcwidth(c);
	*columns = width < 0 ? 1 : width;
	return len;
}

int term_width(const char *s, size_t n)
{
	int total = 0, columns;

	for (size_t at = 0; at < n;) {
		at += step(s + at, n - at, &columns);
		total += columns;
	}
	return total;
}

void term_add_tail(struct buf *out, const struct term *t, const char *s, size_t n, int columns)
{
	AUTO_BUF text = BUF_INIT;
	size_t at = 0;
	int one;

	term_add(&text, t, s, n);
	if (text.failed) {
		out->failed = true;
		return;
	}
	int width = term_width(text.data, text.len);
	if (width > columns) {
		buf_adds(out, "...");
		while (at < text.len && width > columns - 3) {
			at += step(text.data + at, text.len - at, &one);
			width -= one;
		}
	}
	buf_add(out, text.data + at, text.len - at);
}
