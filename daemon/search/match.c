/* match: substrings and globs; see match.h. */
#include "search/match.h"

#include "core/path.h"
#include "search/lex.h"

#include <string.h>

enum {
	GRAM = 3,	 /* characters that the index over names needs */
	LIKE_MAX = 1024, /* longer patterns are not worth asking it */
};

/* --- reading --- */

/* Whether a * or ? of the value is one of a pattern. */
static bool is_pattern(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lex_escape(s + i, len - i))
			i++;
		else if (s[i] == '*' || s[i] == '?')
			return true;
	}
	return false;
}

/* Of a pattern only the escapes that it needs are left: those of * ? and the backslash. */
static void add_pattern(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool escaped = lex_escape(s + i, len - i);

		i += escaped;
		if (s[i] == '\\' || (escaped && (s[i] == '*' || s[i] == '?')))
			buf_addc(out, '\\');
		buf_addc(out, s[i]);
	}
}

enum status match_read(const char *value, size_t len, bool globs, char **text, bool *glob)
{
	AUTO_BUF plain = BUF_INIT;
	AUTO_BUF folded = BUF_INIT;

	*text = NULL;
	*glob = globs && is_pattern(value, len);
	if (*glob)
		add_pattern(&plain, value, len);
	else
		lex_add_plain(&plain, value, len);
	if (buf_status(&plain) != ST_OK)
		return ST_NOMEM;
	utf8_add_folded(&folded, plain.data, plain.len);
	if (buf_status(&folded) != ST_OK)
		return ST_NOMEM;
	/* It was nothing but marks that folding drops. */
	if (folded.len == 0)
		return ST_INVALID;
	*text = buf_take(&folded);
	return ST_OK;
}

enum status match_like(const char *text, bool glob, char **out)
{
	AUTO_BUF like = BUF_INIT;
	bool useful = false;
	size_t run = 0;

	*out = NULL;
	buf_addc(&like, '%');
	for (const char *s = text; *s; s++) {
		bool wild = glob && (*s == '*' || *s == '?');

		s += glob && *s == '\\';
		if (wild || *s == '%' || *s == '_')
			run = 0;
		else if ((*s & 0xc0) != 0x80)
			useful = ++run >= GRAM || useful;
		/* The index knows no escape of LIKE's signs: any character does for them. */
		buf_addc(&like, wild && *s == '*' ? '%' : wild || *s == '%' ? '_' : *s);
	}
	buf_addc(&like, '%');
	if (buf_status(&like) != ST_OK)
		return ST_NOMEM;
	*out = useful && like.len <= LIKE_MAX ? buf_take(&like) : NULL;
	return ST_OK;
}

/* --- matching --- */

/* The character after this one; a byte that continues one is part of it. */
static const char *next_char(const char *s, const char *end)
{
	s++;
	while (s < end && (*s & 0xc0) == 0x80)
		s++;
	return s;
}

/*
 * Only the last star can ever need to take more, so one place to go back to is
 * enough: at most as many steps as the two lengths multiplied, whatever the pattern.
 */
static bool match_span(const char *glob, const char *glob_end, const char *s, const char *end)
{
	const char *star = NULL, *resume = NULL;

	while (s < end) {
		bool more = glob < glob_end;
		bool escape = more && *glob == '\\' && glob + 1 < glob_end;

		if (more && *glob == '*') {
			star = ++glob;
			resume = s;
		} else if (more && *glob == '?') {
			glob++;
			s = next_char(s, end);
		} else if (more && glob[escape] == *s) {
			glob += 1 + escape;
			s++;
		} else if (star) {
			glob = star;
			s = resume = next_char(resume, end);
		} else {
			return false;
		}
	}
	while (glob < glob_end && *glob == '*')
		glob++;
	return glob == glob_end;
}

bool match_glob(const char *glob, const char *s)
{
	return match_span(glob, glob + strlen(glob), s, s + strlen(s));
}

static const char *step_end(const char *s)
{
	return s + strcspn(s, "/");
}

static const char *skip_slashes(const char *s)
{
	return s + strspn(s, "/");
}

/*
 * Step by step; as above, only the last ** can ever need to take one more.  No step of the pattern
 * meets a step of the path more often than once, so the bound is the same too.
 */
bool match_path(const char *glob, const char *path)
{
	const char *any = *glob == '/' ? NULL : glob, *resume;

	glob = skip_slashes(glob);
	path = resume = skip_slashes(path);
	while (*path) {
		const char *g_end = step_end(glob), *p_end = step_end(path);

		if (g_end - glob == 2 && memcmp(glob, "**", 2) == 0) {
			if (!*skip_slashes(g_end))
				return true;
			any = glob = skip_slashes(g_end);
			resume = path;
		} else if (g_end > glob && match_span(glob, g_end, path, p_end)) {
			path = skip_slashes(p_end);
			glob = skip_slashes(g_end);
			/* What ends with a slash means all that is below. */
			if (!*glob && g_end < glob && *path)
				return true;
			if (!*glob && g_end < glob)
				return false;
		} else if (any) {
			glob = any;
			path = resume = skip_slashes(step_end(resume));
		} else {
			return false;
		}
	}
	return !*glob;
}

bool match_text(const struct filter *f, const char *folded)
{
	if (!f->glob)
		return strstr(folded, f->text) != NULL;
	if (f->field == FIELD_PATH || f->field == FIELD_PART)
		return match_path(f->text, folded);
	return match_glob(f->text, folded);
}
