/* ignore: parsing and matching of gitignore patterns (as documented in gitignore(5)); see ignore.h. */
#include "watch/ignore.h"

#include "core/mem.h"

#include <ctype.h>
#include <stdatomic.h>
#include <string.h>

enum { STEPS_MAX = 20000 };

struct pattern {
	char *text; /* as written */
	char *glob; /* without what the flags say */
	int line;
	bool negated, dir_only, anchored;
};

struct ignore {
	atomic_int refs;
	char *source;
	struct ident file;
	struct pattern *patterns;
	size_t count;
};

/* --- globs ------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*is)(int c);
} named_classes[] = {
	{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
	{"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
	{"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

/* "[:name:]" at p (behind its "[:"); NULL if there is none. */
static const char *match_named(const char *p, unsigned char c, bool *hit)
{
	const char *end = strstr(p, ":]");

	for (size_t i = 0; end && i < sizeof named_classes / sizeof *named_classes; i++)
		if (strlen(named_classes[i].name) == (size_t)(end - p) &&
			!strncmp(named_classes[i].name, p, (size_t)(end - p))) {
			*hit |= named_classes[i].is(c) != 0;
			return end + 2;
		}
	return NULL;
}

/* A character class at p (behind its '['); NULL if it is not closed. */
static const char *match_class(const char *p, unsigned char c, bool *hit)
{
	bool negated = *p == '!' || *p == '^';
	bool found = false;
	const char *first = p += negated;

	for (; *p && (*p != ']' || p == first); p++) {
		const char *behind = p[0] == '[' && p[1] == ':' ? match_named(p + 2, c, &found) : NULL;

		if (behind) {
			p = behind - 1;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		unsigned char lo = (unsigned char)*p, hi = lo;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			p += 2;
			if (*p == '\\' && p[1])
				p++;
			hi = (unsigned char)*p;
		}
		found |= lo <= c && c <= hi;
	}
	*hit = found != negated && c != '/';
	return *p == ']' ? p + 1 : NULL;
}

/* One pattern element against one character; NULL if they differ, else behind the element. */
static const char *match_one(const char *p, char c)
{
	bool hit;
	const char *end;

	switch (*p) {
	case '?':
		return c != '/' ? p + 1 : NULL;
	case '[':
		end = match_class(p + 1, (unsigned char)c, &hit);
		return end && hit ? end : NULL;
	case '\\':
		if (p[1])
			p++;
		return *p == c ? p + 1 : NULL;
	default:
		return *p == c ? p + 1 : NULL;
	}
}

struct glob {
	const char *pattern;
	int steps; /* left */
};

static bool glob(const char *p, const char *s, struct glob *g);

/* Behind "**": at any depth.  "a/" "**" "/b" matches a/b too. */
static bool glob_deep(const char *p, const char *s, struct glob *g)
{
	if (!*p)
		return *s != '\0';
	for (;; s++) {
		if (glob(p, s, g))
			return true;
		if (g->steps <= 0 || !(s = strchr(s, '/')))
			return false;
	}
}

static bool glob_star(const char *p, const char *s, struct glob *g)
{
	for (;; s++) {
		if (glob(p, s, g))
			return true;
		if (g->steps <= 0 || !*s || *s == '/')
			return false;
	}
}

static bool glob(const char *p, const char *s, struct glob *g)
{
	for (; *p; s++) {
		if (--g->steps <= 0)
			return false;
		if (*p == '*') {
			/* Only as a whole component do two asterisks go deep; else any number is one. */
			bool begins = p == g->pattern || p[-1] == '/';
			const char *behind = p + strspn(p, "*");

			if (begins && behind == p + 2 && *behind == '/')
				return glob_deep(behind + 1, s, g);
			if (begins && behind == p + 2 && !*behind)
				return *s != '\0';
			return glob_star(behind, s, g);
		}
		if (!*s || !(p = match_one(p, *s)))
			return false;
	}
	return !*s;
}

bool ignore_glob(const char *pattern, const char *path)
{
	struct glob g = {pattern, STEPS_MAX};

	return glob(pattern, path, &g);
}

/* --- sets ---------------------------------------------------------------------------------------- */

/* Trailing blanks go unless escaped: by an odd number of backslashes. */
static size_t trimmed(const char *s, size_t n)
{
	if (n && s[n - 1] == '\r')
		n--;
	while (n && s[n - 1] == ' ') {
		size_t slashes = 0;

		while (slashes + 1 < n && s[n - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2)
			break;
		n--;
	}
	return n;
}

/* A bracket that is not closed, or a backslash with nothing behind it, makes no pattern. */
static bool is_pattern(const char *p)
{
	bool hit;

	for (; *p; p++) {
		if (*p == '\\') {
			if (!*++p)
				return false;
			continue;
		}
		if (*p != '[')
			continue;
		p = match_class(p + 1, 'x', &hit);
		if (!p)
			return false;
		p--;
	}
	return true;
}

static enum status add_pattern(struct ignore *set, const char *s, size_t n, int line)
{
	struct pattern p = {.line = line};
	const char *text = s;

	n = trimmed(s, n);
	size_t text_len = n;
	if (!n || *s == '#' || memchr(s, 0, n))
		return ST_OK;
	if (*s == '!') {
		p.negated = true;
		s++;
		n--;
	}
	if (n && s[n - 1] == '/') {
		p.dir_only = true;
		n--;
	}
	if (n && *s == '/') {
		p.anchored = true;
		s++;
		n--;
	}
	if (!n)
		return ST_OK;
	AUTO_FREE char *glob_text = mem_dup(s, n);
	if (!glob_text)
		return ST_NOMEM;
	if (!is_pattern(glob_text))
		return ST_OK;
	p.anchored |= memchr(s, '/', n) != NULL;
	struct pattern *grown = mem_resize(set->patterns, set->count + 1, sizeof *grown);
	if (!grown)
		return ST_NOMEM;
	set->patterns = grown;
	p.glob = glob_text;
	glob_text = NULL;
	p.text = mem_dup(text, text_len);
	grown[set->count++] = p;
	return p.glob && p.text ? ST_OK : ST_NOMEM;
}

static struct ignore *new_set(const char *source)
{
	struct ignore *set = mem_zalloc(sizeof *set);

	if (!set)
		return NULL;
	atomic_init(&set->refs, 1);
	set->source = mem_strdup(source);
	if (!set->source) {
		mem_free(set);
		return NULL;
	}
	return set;
}

enum status ignore_parse(
	const char *text, size_t len, const char *source, const struct ident *file, struct ignore **out)
{
	struct ignore *set = new_set(source);
	enum status st = set ? ST_OK : ST_NOMEM;
	int line = 1;

	if (len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) { /* a byte order mark */
		text += 3;
		len -= 3;
	}
	for (const char *end = text + len; st == ST_OK && text < end; line++) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		st = add_pattern(set, text, (size_t)(stop - text), line);
		text = stop + 1;
	}
	if (st != ST_OK) {
		ignore_unref(set);
		return st;
	}
	if (file)
		set->file = *file;
	*out = set;
	return ST_OK;
}

enum status ignore_from_list(
	const struct config_list *patterns, const char *source, struct ignore **out)
{
	struct ignore *set = new_set(source);
	enum status st = set ? ST_OK : ST_NOMEM;

	for (size_t i = 0; i < patterns->count && st == ST_OK; i++)
		st = add_pattern(set, patterns->items[i], strlen(patterns->items[i]), (int)i + 1);
	if (st != ST_OK) {
		ignore_unref(set);
		return st;
	}
	*out = set;
	return ST_OK;
}

struct ignore *ignore_ref(struct ignore *s)
{
	if (s)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void ignore_unref(struct ignore *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (size_t i = 0; i < s->count; i++) {
		mem_free(s->patterns[i].glob);
		mem_free(s->patterns[i].text);
	}
	mem_free(s->patterns);
	mem_free(s->source);
	mem_free(s);
}

bool ignore_is_empty(const struct ignore *s)
{
	return !s || !s->count;
}

const char *ignore_source(const struct ignore *s)
{
	return s->source;
}

const struct ident *ignore_file(const struct ignore *s)
{
	return &s->file;
}

enum ignore_answer ignore_match(const struct ignore *s, const char *path, bool is_dir, int *line)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (size_t i = s->count; i-- > 0;) {
		const struct pattern *p = &s->patterns[i];

		if (p->dir_only && !is_dir)
			continue;
		if (!ignore_glob(p->glob, p->anchored ? path : base))
			continue;
		*line = p->line;
		return p->negated ? IGNORE_NO : IGNORE_YES;
	}
	return IGNORE_SILENT;
}

const char *ignore_pattern(const struct ignore *s, int line)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->patterns[i].line == line)
			return s->patterns[i].text;
	return "";
}
