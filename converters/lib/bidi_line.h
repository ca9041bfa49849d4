/*
 * bidi_line: a line of Hebrew or Arabic from the order in which it is drawn to the order in which
 * it is read.
 *
 * Some producers of pages draw every line from left to right.  Whether one did
 * is seen by where its letters lie: the next letter of a word that is read from
 * right to left must lie further left.  Pure; any thread.
 */
#ifndef CONVERT_BIDI_LINE_H
#define CONVERT_BIDI_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A character and where it lies along its line. */
struct placed {
	uint32_t c;
	float left, right;
};

/* Letters of the scripts that are written from right to left. */
bool bidi_is_right_to_left(uint32_t c);
/* Puts the characters in the order of reading, if they are not. */
void bidi_line_order(struct placed *line, size_t n);
/* Whether a blank belongs between two that follow each other as they are drawn, but is not. */
bool bidi_is_apart(const struct placed *a, const struct placed *b);

#endif
