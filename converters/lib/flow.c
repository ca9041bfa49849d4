/* flow: blanks and breaks; see flow.h. */
#include "flow.h"

#include <string.h>

enum { CHARACTER_MOST = 4 };

void flow_init(struct flow *f, struct answer *out)
{
	f->out = out;
	f->gap = GAP_NONE;
	f->any = f->full = false;
	f->len = 0;
}

static void flush(struct flow *f)
{
	if (f->len && !answer_text(f->out, f->room, f->len))
		f->full = true;
	f->len = 0;
}

/* The gap that is due, and room for one character. */
static void begin(struct flow *f)
{
	static const char *const gaps[] = {[GAP_NONE] = "",
		[GAP_BLANK] = " ",
		[GAP_TAB] = "\t",
		[GAP_LINE] = "\n",
		[GAP_PARAGRAPH] = "\n\n"};

	if (f->len + CHARACTER_MOST + 2 > FLOW_ROOM)
		flush(f);
	if (f->gap == GAP_NONE)
		return;
	if (f->any) {
		size_t n = strlen(gaps[f->gap]);

		memcpy(f->room + f->len, gaps[f->gap], n);
		f->len += n;
	}
	f->gap = GAP_NONE;
}

/* How many bytes at p stand for a blank; 0 if it is none. */
static size_t blank_length(const char *p, size_t n)
{
	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	return n >= 2 && memcmp(p, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

static bool is_soft_hyphen(const char *p, size_t n)
{
	return n >= 2 && memcmp(p, "\xc2\xad", 2) == 0;
}

static size_t character_length(const char *p, size_t n)
{
	size_t len = 1;

	while (len < n && ((unsigned char)p[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static void put(struct flow *f, const char *p, size_t n)
{
	begin(f);
	memcpy(f->room + f->len, p, n);
	f->len += n;
	f->any = true;
}

void flow_text(struct flow *f, const char *utf8, size_t n)
{
	for (size_t at = 0; at < n && !f->full;) {
		const char *p = utf8 + at;
		size_t blank = blank_length(p, n - at);

		if (blank) {
			flow_break(f, GAP_BLANK);
			at += blank;
			continue;
		}
		if (is_soft_hyphen(p, n - at)) {
			at += 2;
			continue;
		}
		size_t len = character_length(p, n - at);
		put(f, p, len < CHARACTER_MOST ? len : CHARACTER_MOST);
		at += len;
	}
}

void flow_verbatim(struct flow *f, const char *utf8, size_t n)
{
	for (size_t at = 0; at < n && !f->full;) {
		size_t len = character_length(utf8 + at, n - at);

		/* Line ends beside the block's own breaks would only double them. */
		if (utf8[at] == '\n' && (f->gap >= GAP_LINE || at + 1 == n))
			flow_break(f, GAP_LINE);
		else
			put(f, utf8 + at, len < CHARACTER_MOST ? len : CHARACTER_MOST);
		at += len;
	}
}

void flow_break(struct flow *f, enum flow_gap gap)
{
	if (gap > f->gap)
		f->gap = gap;
}

bool flow_finish(struct flow *f)
{
	flush(f);
	return !f->full;
}
