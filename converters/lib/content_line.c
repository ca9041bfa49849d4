/* content_line: parsing and unescaping; see content_line.h. */
#include "content_line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool equal(struct content_span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool is_name(struct content_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0;
}

/* Where one of `stops` stands outside of quotes; n if nowhere. */
static size_t find_stop(const char *p, size_t n, const char *stops)
{
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && p[i] && strchr(stops, p[i]))
			return i;
	}
	return n;
}

bool content_line_parse(const char *line, size_t n, struct content_line *out)
{
	size_t colon = find_stop(line, n, ":"), head = find_stop(line, colon, ";");

	if (colon == n)
		return false;
	out->name = (struct content_span){line, head};
	const char *dot = memchr(line, '.', head);
	if (dot) {
		size_t group = (size_t)(dot - line) + 1;

		out->name = (struct content_span){line + group, head - group};
	}
	out->parameters = (struct content_span){line + head, colon - head};
	out->value = (struct content_span){line + colon + 1, n - colon - 1};
	return is_name(out->name);
}

bool content_line_is(const struct content_line *line, const char *name)
{
	return equal(line->name, name);
}

/* The next `;NAME=VALUE` off the front of `rest`; the value is empty where there is no `=`. */
static bool next_parameter(
	struct content_span *rest, struct content_span *name, struct content_span *value)
{
	if (rest->n == 0)
		return false;
	const char *p = rest->p + 1;
	size_t len = find_stop(p, rest->n - 1, ";"), key = find_stop(p, len, "=");

	*name = (struct content_span){p, key};
	*value = key < len ? (struct content_span){p + key + 1, len - key - 1}
			   : (struct content_span){p + len, 0};
	rest->p += len + 1;
	rest->n -= len + 1;
	return true;
}

struct content_span content_line_parameter(const struct content_line *line, const char *name)
{
	struct content_span rest = line->parameters, key, value;

	while (next_parameter(&rest, &key, &value)) {
		if (!equal(key, name))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct content_span){value.p + 1, value.n - 2};
		return value;
	}
	return (struct content_span){line->value.p, 0};
}

bool content_line_is_quoted_printable(const struct content_line *line)
{
	struct content_span rest = line->parameters, key, value;

	/* vCard 2.1 allows the encoding without its name. */
	while (next_parameter(&rest, &key, &value))
		if (equal(key, "QUOTED-PRINTABLE") ||
			(equal(key, "ENCODING") && equal(value, "QUOTED-PRINTABLE")))
			return true;
	return false;
}

size_t content_line_text(const struct content_line *line, bool structured, char *out)
{
	const char *p = line->value.p;
	size_t n = line->value.n, len = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\' && i + 1 < n) {
			i++;
			out[len++] = p[i] == 'n' || p[i] == 'N' ? '\n' : p[i];
		} else if (structured && p[i] == ';') {
			out[len++] = ' ';
		} else {
			out[len++] = p[i];
		}
	}
	return len;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t content_line_unquote(const char *quoted, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int high = i + 2 < n ? hex_digit(quoted[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(quoted[i + 2]) : -1;

		if (quoted[i] == '=' && low >= 0) {
			out[len++] = (char)(16 * high + low);
			i += 2;
		} else {
			out[len++] = quoted[i];
		}
	}
	return len;
}
