/*
 * ooxml_cells: what a workbook keeps apart from its sheets: the strings that cells share, and which
 * styles show a number as a date.
 */
#ifndef CONVERT_OOXML_CELLS_H
#define CONVERT_OOXML_CELLS_H

#include "ooxml.h"

/* --- strings ---------------------------------------------------------------------------------- */

struct strings;

/* Of a member, NULL for none; a verdict (ANSWER_LIMIT too).  *out is to be destroyed after
 * ANSWER_DONE. */
int strings_load(struct ooxml *x, const char *member, struct strings **out);
void strings_destroy(struct strings *s); /* NULL is fine */
/* The string of this number; "" if there is none. */
const char *strings_at(const struct strings *s, size_t number, size_t *len);

/* --- numbers ---------------------------------------------------------------------------------- */

struct styles;

/* Static storage, until the next call. */
int styles_load(struct ooxml *x, const char *member, struct styles **out);
/* The workbook counts days from 1904. */
void styles_from_1904(struct styles *s);

enum { NUMBER_ROOM = 64 };

/* A number as a cell of this style shows it, as near as is needed to find it: dates by ISO 8601,
 * percentages, no more digits than are shown.  Returns the length. */
size_t styles_show(const struct styles *s, size_t style, const char *number, char out[NUMBER_ROOM]);

#endif
