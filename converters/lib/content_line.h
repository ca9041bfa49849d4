/*
 * content_line: the lines that calendars and address cards are made of,
 * `NAME;PARAMETER=VALUE:value`.
 *
 * RFC 5545 and RFC 6350, and vCard 2.1 with its quoted-printable.  Pure; any thread.
 */
#ifndef CONVERT_CONTENT_LINE_H
#define CONVERT_CONTENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct content_span {
	const char *p;
	size_t n;
};

/* Points into the line it was parsed from. */
struct content_line {
	struct content_span name; /* without a group before it */
	struct content_span parameters;
	struct content_span value;
};

/* False: it is no such line. */
bool content_line_parse(const char *line, size_t n, struct content_line *out);
bool content_line_is(const struct content_line *line, const char *name);
/* The value of a parameter, without quotes; none: `n` is 0. */
struct content_span content_line_parameter(const struct content_line *line, const char *name);
bool content_line_is_quoted_printable(const struct content_line *line);

/* The value with its escapes resolved, into `out` of at least value.n bytes; returns the length. In
 * a structured value the semicolons between its parts become blanks. */
size_t content_line_text(const struct content_line *line, bool structured, char *out);
/* Quoted-printable bytes into `out` of at least `n` bytes; returns the length. */
size_t content_line_unquote(const char *quoted, size_t n, char *out);

#endif
