/* rtf_lexer: braces, backslashes and the rest; see rtf_lexer.h. */
#include "rtf_lexer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { NONE = -1 };

static const int32_t NUMBER_MOST = INT32_MAX / 10 - 1;

void rtf_lexer_init(struct rtf_lexer *l, int fd)
{
	l->fd = fd;
	l->offset = 0;
	l->at = l->end = 0;
	l->failed = false;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static bool fill(struct rtf_lexer *l)
{
	ssize_t got;

	do
		got = pread(l->fd, l->buffer, sizeof l->buffer, l->offset);
	while (got < 0 && errno == EINTR);
	l->failed |= got < 0;
	l->at = 0;
	l->end = got > 0 ? (size_t)got : 0;
	l->offset += (off_t)l->end;
	return l->end > 0;
}

/* The next byte, which stays; NONE at the end. */
static int peek(struct rtf_lexer *l)
{
	return l->at < l->end || fill(l) ? l->buffer[l->at] : NONE;
}

static int take(struct rtf_lexer *l)
{
	int c = peek(l);

	l->at += c != NONE;
	return c;
}

static void skip(struct rtf_lexer *l, int32_t n)
{
	size_t left = l->end - l->at, want = n > 0 ? (size_t)n : 0;

	if (want <= left) {
		l->at += want;
		return;
	}
	l->offset += (off_t)(want - left);
	l->at = l->end = 0;
}

/* --- pieces ----------------------------------------------------------------------------------- */

static bool is_text(uint8_t c)
{
	return c != '\\' && c != '{' && c != '}' && c != '\r' && c != '\n' && c != '\0';
}

static enum rtf_piece take_bytes(struct rtf_lexer *l)
{
	size_t from = l->at;

	while (l->at < l->end && is_text(l->buffer[l->at]))
		l->at++;
	l->bytes = l->buffer + from;
	l->n = l->at - from;
	return RTF_BYTES;
}

static int hex(int c)
{
	if (c == NONE || !isxdigit(c))
		return NONE;
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

static enum rtf_piece take_hex(struct rtf_lexer *l)
{
	int high = hex(peek(l)), low;

	l->at += high != NONE;
	low = high == NONE ? NONE : hex(peek(l));
	l->at += low != NONE;
	l->byte = low == NONE ? '?' : (uint8_t)(high << 4 | low);
	l->bytes = &l->byte;
	l->n = l->byte != '\0';
	return RTF_BYTES;
}

static void take_number(struct rtf_lexer *l)
{
	bool minus = peek(l) == '-';

	l->at += minus;
	l->number = 0;
	l->has_number = false;
	for (int c; (c = peek(l)) != NONE && isdigit(c); l->at++) {
		l->has_number = true;
		if (l->number <= NUMBER_MOST)
			l->number = l->number * 10 + (c - '0');
	}
	if (minus)
		l->number = -l->number;
}

static enum rtf_piece take_word(struct rtf_lexer *l)
{
	size_t n = 0;

	for (int c; (c = peek(l)) != NONE && isalpha(c); l->at++)
		if (n < RTF_WORD_MOST)
			l->word[n++] = (char)c;
	l->word[n] = '\0';
	take_number(l);
	if (peek(l) == ' ')
		l->at++;
	if (strcmp(l->word, "bin") == 0)
		skip(l, l->number);
	return RTF_WORD;
}

static enum rtf_piece take_escape(struct rtf_lexer *l)
{
	int c = peek(l);

	if (c == NONE)
		return RTF_END;
	if (isalpha(c))
		return take_word(l);
	l->at++;
	if (c == '\'')
		return take_hex(l);
	l->word[0] = (char)c;
	l->word[1] = '\0';
	return RTF_SIGN;
}

enum rtf_piece rtf_lexer_next(struct rtf_lexer *l)
{
	for (;;) {
		int c = peek(l);

		if (c == NONE)
			return RTF_END;
		if (is_text((uint8_t)c))
			return take_bytes(l);
		take(l);
		if (c == '\\')
			return take_escape(l);
		if (c == '{' || c == '}')
			return c == '{' ? RTF_OPEN : RTF_CLOSE;
	}
}
