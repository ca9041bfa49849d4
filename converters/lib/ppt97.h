/*
 * ppt97: the text of a PowerPoint document in its binary format, of PowerPoint 97 to 2003.
 *
 * Slides and their notes, headers and footers, comments; not what the masters
 * say in the places that slides fill.  [MS-PPT] says how.
 */
#ifndef CONVERT_PPT97_H
#define CONVERT_PPT97_H

#include "wide.h"

/* The whole stream "PowerPoint Document".  Returns a verdict; a failure is said in `out`.  *slides
 * is how many there are. */
int ppt97_text(
	const uint8_t *stream, size_t len, struct wide *to, struct answer *out, int64_t *slides);

#endif
