/*
 * suggest: what somebody who types may be about to write: words of the index, and names of files and directories.
 */
#ifndef SEARCH_SUGGEST_H
#define SEARCH_SUGGEST_H

#include "search/search.h"

enum { SUGGEST_LIMIT = 10, SUGGEST_LIMIT_MAX = 100 };

struct suggest_request {
	const char *text; /* as typed so far; its last word is completed */
	size_t len;
	int64_t limit; /* words, at most SUGGEST_LIMIT_MAX */
	int64_t names; /* names, at most as many; 0: none */
};

/*
 * Within a snapshot of the caller of this, on its thread.  Appends the members start, terms, names (if asked for) and
 * partial.  Bounded work; what there is by the deadline counts.  ST_CANCELED, ST_NOMEM, ST_IO, ST_CORRUPT.
 */
MUST_USE enum status suggest_run(struct db *db, const struct suggest_request *r,
	const struct caller *caller, const struct search_stop *stop, struct buf *json);

#endif
