/*
 * snippet: the passage of a text that shows best why it was found.
 *
 * The places come from the ranking pass, so the text is tokenized from its start
 * to the passage's end and no further; it may even be handed over by pieces.
 */
#ifndef SEARCH_SNIPPET_H
#define SEARCH_SNIPPET_H

#include "core/buf.h"
#include "search/rank.h"

struct snippet_mark {
	size_t at, len; /* bytes of the snippet's text */
};

struct snippet {
	struct buf text; /* UTF-8; runs of white space are one space, a cut is an ellipsis */
	struct snippet_mark marks[SPOTS_MAX];
	size_t mark_count;
};

#define SNIPPET_INIT {.text = BUF_INIT}

enum { SNIPPETS_MAX = 8 };

/* A passage's first token, and between which it must stay: others' ends and starts; 0, SIZE_MAX. */
struct passage {
	size_t start, floor, limit;
};

/*
 * The best passages of about `want` tokens, at most `count` (1..SNIPPETS_MAX), none over another,
 * best first; at least one, which is the beginning where there are no places (NULL).
 */
size_t snippets_choose(const struct spots *spots, size_t want, size_t count, struct passage *out);
/*
 * One passage of `want` (1..64) tokens; it begins earlier if the text ends before it is full.
 * `whole`: the text is all there is; else its last bytes may be cut off, and ST_AGAIN asks for a
 * longer piece.
 */
MUST_USE enum status snippet_make(const char *text, size_t len, bool whole,
	const struct spots *spots, const struct passage *passage, size_t want, struct snippet *out);

#endif
