/*
 * subscribe_glob: patterns of paths; see subscribe_glob.h.
 *
 * The pattern is a list of steps, and a path is held against all of them at once: a bit for each place in the pattern
 * that the bytes so far may have led to.  So no pattern takes longer than its length times the path's.
 */
#include "serve/subscribe_glob.h"

#include "core/mem.h"

#include <stdint.h>
#include <string.h>

enum step_kind {
	STEP_BYTE,  /* this very byte */
	STEP_CHAR,  /* the first byte of a character, no slash */
	STEP_REST,  /* bytes that go on with a character, or none */
	STEP_NAME,  /* any bytes but slashes, or none */
	STEP_PATHS, /* any bytes, or none */
	STEP_SKIP,  /* nothing; or, with nothing too, past the two steps behind it */
};

struct step {
	unsigned char kind, byte;
};

enum { STEPS_MAX = 2 * GLOB_BYTES_MAX + 3, WORDS = STEPS_MAX / 64 + 1 };

struct glob {
	bool tree; /* the path and all below: the steps are those of what is below */
	size_t count;
	struct step steps[];
};

/* --- making it ---------------------------------------------------------------------------------- */

static void add_step(struct glob *g, enum step_kind kind, char byte)
{
	g->steps[g->count++] = (struct step){(unsigned char)kind, (unsigned char)byte};
}

/* Between two slashes `**` may be nothing, and then one slash will do. */
static bool is_dirs(const char *s, size_t len, size_t i)
{
	return i > 0 && s[i - 1] == '/' && i + 2 < len && s[i + 2] == '/';
}

static enum status compile(struct glob *g, const char *s, size_t len)
{
	g->tree = true;
	for (size_t i = 0; i < len; i++) {
		bool wild = s[i] == '*' || s[i] == '?';

		if (wild)
			g->tree = false;
		if (s[i] == '\\' && ++i == len)
			return ST_INVALID;
		if (!wild) {
			add_step(g, STEP_BYTE, s[i]);
		} else if (s[i] == '?') {
			add_step(g, STEP_CHAR, 0);
			add_step(g, STEP_REST, 0);
		} else if (i + 1 < len && s[i + 1] == '*') {
			if (is_dirs(s, len, i))
				add_step(g, STEP_SKIP, 0);
			add_step(g, STEP_PATHS, 0);
			i++;
		} else {
			add_step(g, STEP_NAME, 0);
		}
	}
	return ST_OK;
}

enum status glob_create(const char *pattern, struct glob **out)
{
	size_t len = strlen(pattern);

	if (pattern[0] != '/' || len > GLOB_BYTES_MAX)
		return ST_INVALID;
	while (len > 0 && pattern[len - 1] == '/' && (len < 2 || pattern[len - 2] != '\\'))
		len--;
	struct glob *g = mem_alloc(sizeof *g + STEPS_MAX * sizeof g->steps[0]);
	if (!g)
		return ST_NOMEM;
	g->count = 0;
	enum status st = compile(g, pattern, len);
	if (st != ST_OK) {
		mem_free(g);
		return st;
	}
	if (g->tree) {
		add_step(g, STEP_BYTE, '/');
		add_step(g, STEP_PATHS, 0);
	}
	struct glob *fit = mem_resize(g, 1, sizeof *g + g->count * sizeof g->steps[0]);
	*out = fit ? fit : g;
	return ST_OK;
}

void glob_destroy(struct glob *g)
{
	mem_free(g);
}

/* --- matching ----------------------------------------------------------------------------------- */

/* The places in the pattern that the path so far leads to: bit i is before step i. */
struct places {
	uint64_t bits[WORDS];
};

static bool at(const struct places *p, size_t i)
{
	return p->bits[i / 64] >> (i % 64) & 1;
}

static void reach(struct places *p, size_t i)
{
	p->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool may_be_none(const struct step *s)
{
	return s->kind == STEP_REST || s->kind == STEP_NAME || s->kind == STEP_PATHS ||
	       s->kind == STEP_SKIP;
}

/* Whether the step takes the byte. */
static bool takes(const struct step *s, unsigned char byte)
{
	bool goes_on = (byte & 0xc0) == 0x80;

	switch ((enum step_kind)s->kind) {
	case STEP_BYTE:
		return byte == s->byte;
	case STEP_CHAR:
		return byte != '/';
	case STEP_REST:
		return goes_on;
	case STEP_NAME:
		return byte != '/';
	case STEP_PATHS:
		return true;
	case STEP_SKIP:
		return false;
	}
	return false;
}

static size_t words_of(const struct glob *g)
{
	return g->count / 64 + 1;
}

/* One byte further; false when no place is left. */
static bool advance(const struct glob *g, struct places *p, unsigned char byte)
{
	struct places next;
	bool any = false;

	memset(next.bits, 0, words_of(g) * sizeof next.bits[0]);
	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = &g->steps[i];

		if (!at(p, i))
			continue;
		if (may_be_none(s))
			reach(p, i + 1); /* looked at next */
		if (s->kind == STEP_SKIP)
			reach(p, i + 3);
		if (takes(s, byte)) {
			reach(&next, may_be_none(s) ? i : i + 1);
			any = true;
		}
	}
	memcpy(p->bits, next.bits, words_of(g) * sizeof next.bits[0]);
	return any;
}

static bool walk(const struct glob *g, const char *path, struct places *p)
{
	memset(p->bits, 0, words_of(g) * sizeof p->bits[0]);
	reach(p, 0);
	for (; *path; path++)
		if (!advance(g, p, (unsigned char)*path))
			return false;
	return true;
}

/* Whether what is left of the pattern from `i` on may be nothing. */
static bool may_end(const struct glob *g, size_t i)
{
	while (i < g->count && may_be_none(&g->steps[i]))
		i += g->steps[i].kind == STEP_SKIP ? 3 : 1; /* past the slash that would be needed */
	/* A tree's own path stands before the slash that all below it has. */
	return i == g->count || (g->tree && i + 2 == g->count);
}

bool glob_matches(const struct glob *g, const char *path)
{
	struct places p;

	if (!walk(g, path, &p))
		return false;
	for (size_t i = 0; i <= g->count; i++)
		if (at(&p, i) && may_end(g, i))
			return true;
	return false;
}

bool glob_reaches_below(const struct glob *g, const char *dir)
{
	struct places p;

	if (!walk(g, dir, &p))
		return false;
	if (strcmp(dir, "/") != 0 && !advance(g, &p, '/'))
		return false;
	for (size_t i = 0; i < g->count; i++)
		if (at(&p, i))
			return true;
	return false;
}
