/* letter: from line to line; see letter.h. */
#include "letter.h"

#include <string.h>

enum armour { NO_ARMOUR, ARMOUR_HEADER, ARMOUR_BLOCK };

struct letter {
	struct answer *out;
	const struct letter_form *form;
	enum armour armour;
	bool encrypted;
	bool open;    /* the line before goes on */
	size_t depth; /* of its quotation */
};

struct line {
	const char *p;
	size_t n;
};

static bool starts(struct line line, const char *s)
{
	return line.n >= strlen(s) && memcmp(line.p, s, strlen(s)) == 0;
}

/* What a signed text stands in stays, up to its signature; all other blocks go. */
static bool is_armour(struct letter *l, struct line line)
{
	if (l->armour == NO_ARMOUR) {
		if (!starts(line, "-----BEGIN PGP "))
			return false;
		l->armour = starts(line, "-----BEGIN PGP SIGNED") ? ARMOUR_HEADER : ARMOUR_BLOCK;
		l->encrypted |= starts(line, "-----BEGIN PGP MESSAGE");
	} else if (l->armour == ARMOUR_HEADER ? line.n == 0 : starts(line, "-----END PGP ")) {
		l->armour = NO_ARMOUR;
	}
	return true;
}

/* Takes the quotation's marks, and the blank that kept a line from looking like something else. */
static size_t take_quotation(struct line *line)
{
	size_t depth = 0;

	while (depth < line->n && line->p[depth] == '>')
		depth++;
	line->p += depth;
	line->n -= depth;
	if (line->n && line->p[0] == ' ') {
		line->p++;
		line->n--;
	}
	return depth;
}

static void put_marks(struct letter *l, size_t depth)
{
	static const char marks[] = ">>>>>>>>>>>>>>>>";

	for (size_t left = depth; left;) {
		size_t take = left < sizeof marks - 1 ? left : sizeof marks - 1;

		answer_text(l->out, marks, take);
		left -= take;
	}
	if (depth)
		answer_text(l->out, " ", 1);
}

static void put_flowed(struct letter *l, struct line line)
{
	size_t depth = take_quotation(&line);
	bool is_signature = line.n == 3 && memcmp(line.p, "-- ", 3) == 0;

	if (l->open && (depth != l->depth || is_signature)) {
		answer_text(l->out, "\n", 1);
		l->open = false;
	}
	if (!l->open)
		put_marks(l, depth);
	l->depth = depth;
	l->open = line.n > 0 && line.p[line.n - 1] == ' ' && !is_signature;
	answer_text(l->out, line.p, line.n - (l->open && l->form->delete_sp));
	if (!l->open)
		answer_text(l->out, "\n", 1);
}

bool letter_give(struct answer *out, const char *utf8, size_t n, const struct letter_form *form)
{
	struct letter l = {.out = out, .form = form};

	while (n) {
		const char *end = memchr(utf8, '\n', n);
		struct line line = {utf8, end ? (size_t)(end - utf8) : n};
		size_t taken = line.n + (end != NULL);

		utf8 += taken;
		n -= taken;
		while (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (is_armour(&l, line))
			continue;
		if (form->flowed) {
			put_flowed(&l, line);
			continue;
		}
		answer_text(out, line.p, line.n);
		answer_text(out, "\n", 1);
	}
	return l.encrypted;
}
