/* match: substrings and globs; see match.h. */
#include "search/match.h"

#include <string.h>

/* The character after this one; a byte that continues one is part of it. */
static const char *next_char(const char *s)
{
	s++;
	while ((*s & 0xc0) == 0x80)
		s++;
	return s;
}

/*
 * Only the last star can ever need to take more, so one place to go back to is
 * enough: at most strlen(glob) * strlen(s) steps whatever the pattern.
 */
bool match_glob(const char *glob, const char *s)
{
	const char *star = NULL, *resume = NULL;

	while (*s) {
		if (*glob == '*') {
			star = ++glob;
			resume = s;
		} else if (*glob == '?') {
			glob++;
			s = next_char(s);
		} else if (*glob == *s) {
			glob++;
			s++;
		} else if (star) {
			glob = star;
			s = resume = next_char(resume);
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

bool match_text(const struct filter *f, const char *folded)
{
	return f->glob ? match_glob(f->text, folded) : strstr(folded, f->text) != NULL;
}
