/*
 * cell_number: a number as a spreadsheet's cell shows it, as near as is needed to find it.  Pure;
 * any thread.
 */
#ifndef CONVERT_CELL_NUMBER_H
#define CONVERT_CELL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum { CELL_NUMBER_ROOM = 64 };

/* Whether a number format shows days or hours: a built-in one by its number (ECMA-376 part 1,
 * 18.8.30), another by its code, in ASCII. */
bool cell_number_built_in_date(unsigned id);
bool cell_number_code_is_date(const char *code, size_t n);

/* Dates by ISO 8601, days counted from 1900 or from 1904; other numbers with no more digits than
 * mean something.  Returns the length. */
size_t cell_number_show(double value, bool date, bool from_1904, char out[CELL_NUMBER_ROOM]);

#endif
