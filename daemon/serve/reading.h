/*
 * reading: a request whose answer a reader thread writes, within one snapshot of the store.
 */
#ifndef SERVE_READING_H
#define SERVE_READING_H

#include "serve/request.h"

/* Embedded at the start of the handler's struct, which mem_alloc gave. */
struct reading {
	struct reader_task task;

	/* Set by the handler.  fill: on a reader thread, writes the whole result. */
	enum status (*fill)(struct reading *g, struct db *db, struct buf *json);
	void (*finish)(struct reading *g); /* releases what the handler added; NULL: nothing */

	/* Of the snapshot, for fill. */
	int64_t clock;
	const char *instance;
	const struct caller *caller; /* who asks */
	/* Static text of a ST_NOT_FOUND or ST_INVALID that fill returns. */
	const char *why;

	/* private */
	struct request *request; /* NULL: abandoned */
	struct peer *peer;	 /* of the caller: the connection may be gone first */
	struct buf json;
};

/* Takes g, and the request; g NULL is no memory. */
void reading_start(struct request *r, struct reading *g);

#endif
