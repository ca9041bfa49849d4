/* href: references between the members of a package.  Pure; any thread. */
#ifndef CONVERT_HREF_H
#define CONVERT_HREF_H

#include <stdbool.h>
#include <stddef.h>

enum { HREF_ROOM = 1024 };

/* The member that `href`, in the member `base`, refers to: percent signs decoded, fragment dropped,
 * dots resolved.  False for what is no member: another scheme, or too long. */
bool href_resolve(const char *base, const char *href, char out[HREF_ROOM]);

#endif
