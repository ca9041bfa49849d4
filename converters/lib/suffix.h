/* suffix: what compressions add to the end of a name.  Pure; any thread. */
#ifndef CONVERT_SUFFIX_H
#define CONVERT_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

/* Takes what one compression added (`a.txt.gz`, `a.tgz`) from the end of a name, in a buffer of
 * `room` bytes; false if nothing of the kind is there. */
bool suffix_strip(char *name, size_t room);

#endif
