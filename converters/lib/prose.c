/* prose: the paragraph, and what waits for its end; see prose.h. */
#include "prose.h"

#include "alloc.h"

#include <string.h>

/* What more there is of asides in one paragraph comes in its midst. */
enum { ASIDE_MOST = 1024 * 1024 };

void prose_begin(struct prose *p, struct answer *out)
{
	flow_init(&p->flow, out);
	p->depth = 0;
	p->len = 0;
}

/* --- asides ----------------------------------------------------------------------------------- */

static void put_aside(struct prose *p, const char *bytes, size_t n)
{
	if (p->room - p->len < n) {
		p->room = 2 * (p->len + n);
		p->aside = alloc_resize(p->aside, p->room, 1);
	}
	memcpy(p->aside + p->len, bytes, n);
	p->len += n;
}

/* Breaks are kept as the characters that they become. */
static void break_aside(struct prose *p, enum flow_gap gap)
{
	static const char marks[] = {' ', ' ', '\t', '\n', '\n'};

	if (gap != GAP_NONE && p->len)
		put_aside(p, &marks[gap], 1);
}

static void release(struct prose *p)
{
	const char *at = p->aside, *end;

	if (p->len == 0)
		return;
	end = at + p->len;
	flow_break(&p->flow, GAP_LINE);
	while (at < end) {
		size_t n = 0;

		while (at + n < end && at[n] != '\n' && at[n] != '\t')
			n++;
		flow_text(&p->flow, at, n);
		at += n;
		if (at < end)
			flow_break(&p->flow, *at++ == '\n' ? GAP_LINE : GAP_TAB);
	}
	flow_break(&p->flow, GAP_LINE);
	p->len = 0;
}

void prose_aside_open(struct prose *p)
{
	p->depth++;
	break_aside(p, GAP_LINE);
}

void prose_aside_close(struct prose *p)
{
	if (p->depth > 0)
		p->depth--;
}

/* --- text ------------------------------------------------------------------------------------- */

/* In an aside, a line end or tab of the document's own is a blank like any other. */
static void text_aside(struct prose *p, const char *utf8, size_t n)
{
	size_t from = p->len;

	put_aside(p, utf8, n);
	for (; from < p->len; from++)
		if (p->aside[from] == '\n' || p->aside[from] == '\t')
			p->aside[from] = ' ';
	if (p->len > ASIDE_MOST)
		release(p);
}

void prose_text(struct prose *p, const char *utf8, size_t n)
{
	if (p->depth)
		text_aside(p, utf8, n);
	else
		flow_text(&p->flow, utf8, n);
}

void prose_break(struct prose *p, enum flow_gap gap)
{
	if (p->depth)
		break_aside(p, gap);
	else
		flow_break(&p->flow, gap);
}

void prose_paragraph(struct prose *p, enum flow_gap gap)
{
	if (p->depth == 0)
		release(p);
	prose_break(p, gap);
}

bool prose_full(const struct prose *p)
{
	return p->flow.full;
}

bool prose_finish(struct prose *p)
{
	p->depth = 0;
	release(p);
	return flow_finish(&p->flow);
}
