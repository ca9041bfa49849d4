/* href: relative to one member, to the name of another; see href.h. */
#include "href.h"

#include <ctype.h>
#include <string.h>

static bool has_scheme(const char *href)
{
	size_t n = strcspn(href, ":/?#");

	return n > 0 && href[n] == ':';
}

static int digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* One character of a reference, and where the next one is. */
static char decode(const char **at)
{
	const char *p = *at;

	if (p[0] == '%' && digit(p[1]) >= 0 && digit(p[2]) >= 0 && digit(p[1]) + digit(p[2]) > 0) {
		*at = p + 3;
		return (char)(digit(p[1]) * 16 + digit(p[2]));
	}
	*at = p + 1;
	return p[0];
}

/* out[0..len) without its last step. */
static size_t parent(const char *out, size_t len)
{
	while (len > 0 && out[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* Appends one step of a path; false if it does not fit. */
static bool step(char *out, size_t *len, const char *name, size_t n)
{
	if (n == 0 || (n == 1 && name[0] == '.'))
		return true;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		*len = parent(out, *len);
		return true;
	}
	if (*len + 1 + n >= HREF_ROOM)
		return false;
	if (*len)
		out[(*len)++] = '/';
	memcpy(out + *len, name, n);
	*len += n;
	return true;
}

bool href_resolve(const char *base, const char *href, char out[HREF_ROOM])
{
	char name[HREF_ROOM];
	size_t len = 0, n = 0;

	if (has_scheme(href))
		return false;
	if (href[0] != '/') {
		size_t folder = parent(base, strlen(base));

		if (folder >= HREF_ROOM)
			return false;
		memcpy(out, base, folder);
		len = folder;
	}
	while (*href && *href != '#' && *href != '?') {
		char c = decode(&href);

		if (c != '/' && n + 1 < sizeof name) {
			name[n++] = c;
		} else if (c != '/' || !step(out, &len, name, n)) {
			return false;
		} else {
			n = 0;
		}
	}
	if (!step(out, &len, name, n))
		return false;
	out[len] = '\0';
	return len > 0;
}
