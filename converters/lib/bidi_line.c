/* bidi_line: runs turned around; see bidi_line.h. */
#include "bidi_line.h"

#include <ctype.h>

bool bidi_is_right_to_left(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} blocks[] = {{0x0590, 0x065f}, {0x066e, 0x06ef}, {0x06fa, 0x08ff}, {0xfb1d, 0xfdff},
		{0xfe70, 0xfeff}, {0x10800, 0x10fff}, {0x1e800, 0x1efff}};

	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		if (c >= blocks[i].from && c <= blocks[i].to)
			return true;
	return false;
}

/* Numbers too, whatever digits they are written in, are read from left to right. */
static bool is_left_to_right(uint32_t c)
{
	if (c < 0x80)
		return isalnum((int)c);
	if ((c >= 0x660 && c <= 0x66d) || (c >= 0x6f0 && c <= 0x6f9))
		return true;
	return c >= 0xc0 && (c < 0x2000 || c >= 0x2c00) && !bidi_is_right_to_left(c);
}

static void reverse(struct placed *line, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct placed kept = line[i];

		line[i] = line[n - 1 - i];
		line[n - 1 - i] = kept;
	}
}

/* Turns around each run of one direction; what has none belongs to the run that it lies within. */
static void reverse_runs(
	struct placed *line, size_t n, bool (*of_run)(uint32_t), bool (*ends)(uint32_t))
{
	for (size_t at = 0; at < n; at++) {
		size_t end = at + 1;

		if (!of_run(line[at].c))
			continue;
		for (size_t i = end; i < n && !ends(line[i].c); i++)
			if (of_run(line[i].c))
				end = i + 1;
		reverse(line + at, end - at);
		at = end - 1;
	}
}

/* Of neighbours that are read from right to left, more lie the wrong way around. */
static bool is_visual(const struct placed *line, size_t n)
{
	size_t wrong = 0, right = 0;

	for (size_t i = 1; i < n; i++) {
		if (!bidi_is_right_to_left(line[i - 1].c) || !bidi_is_right_to_left(line[i].c))
			continue;
		wrong += line[i].left > line[i - 1].left;
		right += line[i].left < line[i - 1].left;
	}
	return wrong > right;
}

static bool is_mostly_right_to_left(const struct placed *line, size_t n)
{
	size_t left = 0, right = 0;

	for (size_t i = 0; i < n; i++) {
		left += is_left_to_right(line[i].c);
		right += bidi_is_right_to_left(line[i].c);
	}
	return right >= left;
}

/* A simple case of the bidirectional algorithm (UAX #9), the other way around. */
void bidi_line_order(struct placed *line, size_t n)
{
	if (!is_visual(line, n))
		return;
	if (is_mostly_right_to_left(line, n)) {
		reverse(line, n);
		reverse_runs(line, n, is_left_to_right, bidi_is_right_to_left);
	} else {
		reverse_runs(line, n, bidi_is_right_to_left, is_left_to_right);
	}
}

bool bidi_is_apart(const struct placed *a, const struct placed *b)
{
	float gap = a->left < b->left ? b->left - a->right : a->left - b->right;
	float width =
		a->right - a->left > b->right - b->left ? a->right - a->left : b->right - b->left;

	return a->c != ' ' && b->c != ' ' && gap > width / 4;
}
