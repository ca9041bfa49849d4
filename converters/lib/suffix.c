/* suffix: a table; see suffix.h. */
#include "suffix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *suffix, *instead;
} suffixes[] = {
	{".gz", ""},
	{".bz2", ""},
	{".xz", ""},
	{".zst", ""},
	{".lz4", ""},
	{".lz", ""},
	{".lzma", ""},
	{".z", ""},
	{".bz", ""},
	{".dz", ""},
	{".tgz", ".tar"},
	{".taz", ".tar"},
	{".tbz", ".tar"},
	{".tbz2", ".tar"},
	{".tb2", ".tar"},
	{".txz", ".tar"},
	{".tlz", ".tar"},
	{".tzst", ".tar"},
	{".svgz", ".svg"},
	{".cpgz", ".cpio"},
};

bool suffix_strip(char *name, size_t room)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		size_t n = strlen(suffixes[i].suffix);

		if (len > n && strcasecmp(name + len - n, suffixes[i].suffix) == 0) {
			snprintf(name + len - n, room - (len - n), "%s", suffixes[i].instead);
			return true;
		}
	}
	return false;
}
