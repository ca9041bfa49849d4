/*
 * hits: writing the chosen hits as JSON: paths, facts of the file and the document, snippet.
 */
#ifndef SEARCH_HITS_H
#define SEARCH_HITS_H

#include "search/files.h"
#include "search/request.h"

struct hits;

struct hits_context {
	sqlite3 *raw;
	struct stopper *stopper;
	struct dirs *dirs;
	struct files *files;
	const struct plan *plan;
	int64_t snippet;  /* tokens; 0: none */
	int64_t snippets; /* how many of a hit at most */
};

/* NULL: see the stopper. */
struct hits *hits_create(const struct hits_context *c);
void hits_destroy(struct hits *h); /* NULL is fine */

/* Finds where the hits matched that do not know yet.  False: see the stopper. */
bool hits_locate(struct hits *h, struct hit *hits, size_t count);
/*
 * Appends one hit's object.  False: see the stopper; nothing was appended.  A hit whose files
 * cannot be reached (their directory is on the move) appends nothing and is true.
 */
bool hits_add(struct hits *h, const struct hit *hit, struct buf *out);

#endif
