/*
 * roff_escape: sequences behind a backslash; see roff_escape.h.
 *
 * As groff(7) and mandoc_char(7) describe them: a letter, then nothing, a name of
 * one to any characters in brackets, or an argument in quotes.
 */
#include "roff_escape.h"

#include "scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 16 };

struct span {
	const char *p;
	size_t n;
};

/* clang-format off */
/* Special characters by name. */
static const struct {
	const char *name, *text;
} characters[] = {
	{"!=", "≠"}, {"**", "*"}, {"+-", "±"}, {"->", "→"}, {"<-", "←"}, {"<=", "≤"}, {"==", "≡"}, {">=", "≥"},
	{"'A", "Á"}, {"'E", "É"}, {"'I", "Í"}, {"'O", "Ó"}, {"'U", "Ú"}, {"'a", "á"}, {"'e", "é"}, {"'i", "í"},
	{"'o", "ó"}, {"'u", "ú"}, {",C", "Ç"}, {",c", "ç"}, {"-D", "Ð"}, {"/L", "Ł"}, {"/O", "Ø"}, {"/l", "ł"},
	{"/o", "ø"}, {":A", "Ä"}, {":E", "Ë"}, {":I", "Ï"}, {":O", "Ö"}, {":U", "Ü"}, {":a", "ä"}, {":e", "ë"},
	{":i", "ï"}, {":o", "ö"}, {":u", "ü"}, {"AE", "Æ"}, {"Bq", "„"}, {"Cs", "¤"}, {"Do", "$"}, {"Eu", "€"},
	{"Fc", "»"}, {"Fo", "«"}, {"Po", "£"}, {"Sd", "ð"}, {"TP", "Þ"}, {"Tp", "þ"}, {"Ye", "¥"}, {"^A", "Â"},
	{"^E", "Ê"}, {"^I", "Î"}, {"^O", "Ô"}, {"^U", "Û"}, {"^a", "â"}, {"^e", "ê"}, {"^i", "î"}, {"^o", "ô"},
	{"^u", "û"}, {"`A", "À"}, {"`E", "È"}, {"`I", "Ì"}, {"`O", "Ò"}, {"`U", "Ù"}, {"`a", "à"}, {"`e", "è"},
	{"`i", "ì"}, {"`o", "ò"}, {"`u", "ù"}, {"aa", "´"}, {"ae", "æ"}, {"aq", "'"}, {"at", "@"}, {"ba", "|"},
	{"bq", "‚"}, {"br", "|"}, {"bu", "•"}, {"bv", "|"}, {"ci", "○"}, {"co", "©"}, {"cq", "’"}, {"ct", "¢"},
	{"da", "↓"}, {"dd", "‡"}, {"de", "°"}, {"dg", "†"}, {"di", "÷"}, {"dq", "\""}, {"em", "—"}, {"en", "–"},
	{"fm", "′"}, {"ga", "`"}, {"ha", "^"}, {"hy", "-"}, {"if", "∞"}, {"lB", "["}, {"lC", "{"}, {"la", "⟨"},
	{"lh", "☜"}, {"lq", "“"}, {"mc", "µ"}, {"mi", "−"}, {"mu", "×"}, {"no", "¬"}, {"oA", "Å"}, {"oa", "å"},
	{"oe", "œ"}, {"oq", "‘"}, {"or", "|"}, {"pc", "·"}, {"pl", "+"}, {"ps", "¶"}, {"rB", "]"}, {"rC", "}"},
	{"ra", "⟩"}, {"rg", "®"}, {"rh", "☞"}, {"rn", "‾"}, {"rq", "”"}, {"rs", "\\"}, {"sc", "§"}, {"sh", "#"},
	{"sl", "/"}, {"sq", "□"}, {"ss", "ß"}, {"ti", "~"}, {"tm", "™"}, {"ua", "↑"}, {"ul", "_"}, {"vS", "š"},
	{"vZ", "Ž"}, {"vs", "š"}, {"vz", "ž"}, {"~=", "≅"}, {"~A", "Ã"}, {"~N", "Ñ"}, {"~O", "Õ"}, {"~a", "ã"},
	{"~n", "ñ"}, {"~o", "õ"},
};
/* clang-format on */

static struct span skip(struct span s, size_t n)
{
	n = n < s.n ? n : s.n;
	return (struct span){s.p + n, s.n - n};
}

/* A name in one of its forms, `x`, `(xx` or `[any]`, off the front of `s`. */
static struct span take_name(struct span *s)
{
	struct span name = {s->p, s->n > 0};

	if (s->n && *s->p == '(') {
		*s = skip(*s, 1);
		name = (struct span){s->p, s->n < 2 ? s->n : 2};
	} else if (s->n && *s->p == '[') {
		*s = skip(*s, 1);
		const char *end = memchr(s->p, ']', s->n);

		name = (struct span){s->p, end ? (size_t)(end - s->p) : s->n};
		*s = skip(*s, name.n + 1);
		return name;
	}
	/* A character is not cut. */
	while (name.n && name.n < s->n && ((unsigned char)name.p[name.n] & 0xc0) == 0x80)
		name.n++;
	*s = skip(*s, name.n);
	return name;
}

/* An argument between two of any character: \h'1i'. */
static void skip_quoted(struct span *s)
{
	if (s->n == 0 || (unsigned char)*s->p >= 0x80)
		return;
	char quote = *s->p;

	*s = skip(*s, 1);
	const char *end = memchr(s->p, quote, s->n);
	*s = end ? skip(*s, (size_t)(end - s->p) + 1) : *s;
}

/* \s+1, \s-2, \s10, \s(12, \s[12], \s'12' */
static void skip_size(struct span *s)
{
	if (s->n && (*s->p == '+' || *s->p == '-'))
		*s = skip(*s, 1);
	if (s->n && *s->p == '\'')
		skip_quoted(s);
	else
		take_name(s);
}

static bool is_named(struct span name, const char *s)
{
	return name.n == strlen(s) && memcmp(name.p, s, name.n) == 0;
}

static size_t put(char *out, const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return n;
}

/* \(xx and \[xx], \[u20AC]; what is unknown says nothing. */
static size_t put_character(char *out, struct span name)
{
	if (name.n >= 5 && name.n <= 7 && name.p[0] == 'u') {
		char digits[NAME_MOST] = "";
		char *end;

		memcpy(digits, name.p + 1, name.n - 1);
		unsigned long c = strtoul(digits, &end, 16);
		return *end || c == 0 ? 0 : scan_utf8_put((uint32_t)c, out);
	}
	for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++)
		if (is_named(name, characters[i].name))
			return put(out, characters[i].text);
	return 0;
}

/* Strings that every macro package defines. */
static size_t put_string(char *out, struct span name)
{
	static const struct {
		const char *name, *text;
	} strings[] = {{"Aq", "'"}, {"lq", "“"}, {"rq", "”"}, {"R", "®"}, {"Tm", "™"}, {"--", "—"},
		{"C+", "C++"}, {"C`", "\""}, {"C'", "\""}};

	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
		if (is_named(name, strings[i].name))
			return put(out, strings[i].text);
	return 0;
}

enum form {
	ITSELF,    /* the letter is meant: - ' ` . and what is unknown */
	NOTHING,   /* of no width, or about breaking lines */
	CHARACTER, /* a special character's name follows */
	STRING,    /* a string's */
	NAMED,     /* a font's, a colour's, a number's */
	SIZED,
	QUOTED,
	COMMENT,
	BACKSLASH,
	BLANK
};

static const struct {
	const char *letters;
	enum form form;
} forms[] = {
	{"&)|^/,%:{}acdpruz", NOTHING},
	{"([", CHARACTER},
	{"*", STRING},
	{"fFmMnkgVY", NAMED},
	{"s", SIZED},
	{"ABbDhHlLNoRSvwxXZ", QUOTED},
	{"\"#", COMMENT},
	{"e\\E", BACKSLASH},
	{" ~0t", BLANK},
};

static enum form form_of(char letter)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (letter && strchr(forms[i].letters, letter))
			return forms[i].form;
	return ITSELF;
}

/* The sequence behind the backslash at the front of `s`. */
static size_t put_escape(char *out, struct span *s)
{
	char letter = *s->p;
	enum form form = form_of(letter);

	if (form != CHARACTER)
		*s = skip(*s, 1);
	switch (form) {
	case CHARACTER:
		return put_character(out, take_name(s));
	case STRING:
		return put_string(out, take_name(s));
	case NAMED:
		take_name(s);
		return 0;
	case SIZED:
		skip_size(s);
		return 0;
	case QUOTED:
		skip_quoted(s);
		return 0;
	case COMMENT:
		*s = skip(*s, s->n);
		return 0;
	case NOTHING:
		return 0;
	case BACKSLASH:
		return put(out, "\\");
	case BLANK:
		return put(out, " ");
	case ITSELF:
		break;
	}
	out[0] = letter;
	return 1;
}

size_t roff_escape(const char *line, size_t n, char *out)
{
	struct span s = {line, n};
	size_t len = 0;

	while (s.n) {
		const char *slash = memchr(s.p, '\\', s.n);
		size_t plain = slash ? (size_t)(slash - s.p) : s.n;

		memcpy(out + len, s.p, plain);
		len += plain;
		s = skip(s, plain + 1);
		if (slash && s.n)
			len += put_escape(out + len, &s);
	}
	return len;
}
