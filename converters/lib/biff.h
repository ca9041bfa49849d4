/*
 * biff: the cells of an Excel workbook in its binary format, of Excel 5 to 2003.
 *
 * Sheet by sheet: its name, its rows with a tab between cells, its text boxes
 * and comments.  Numbers are shown as near as is needed to find them, dates by
 * ISO 8601.  [MS-XLS] says how.
 */
#ifndef CONVERT_BIFF_H
#define CONVERT_BIFF_H

#include "wide.h"

/* The whole stream "Workbook" or "Book".  Returns a verdict; a failure is said in `out`.  *sheets
 * is how many there are. */
int biff_text(
	const uint8_t *stream, size_t len, struct wide *to, struct answer *out, int64_t *sheets);

#endif
