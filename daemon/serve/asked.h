/*
 * asked: a search as somebody asked it: what, and who, so that it can be run, and run again when he is gone.
 *
 * Never changed once made; counted on the loop thread.
 */
#ifndef SERVE_ASKED_H
#define SERVE_ASKED_H

#include "search/search.h"
#include "serve/peer.h"

struct asked {
	int refs;
	struct search_request *search;
	struct peer *peer;
};

/* Takes *search; NULL without memory, and then it stays. */
struct asked *asked_create(struct search_request **search, struct peer *peer);
struct asked *asked_ref(struct asked *a);
void asked_unref(struct asked *a); /* NULL is fine */

#endif
