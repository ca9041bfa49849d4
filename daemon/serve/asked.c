/* asked: a search and its caller, shared; see asked.h. */
#include "serve/asked.h"

#include "core/log.h"
#include "core/mem.h"

struct asked *asked_create(struct search_request **search, struct peer *peer)
{
	struct asked *a = mem_zalloc(sizeof *a);

	if (!a)
		return NULL;
	a->refs = 1;
	a->peer = peer_ref(peer);
	a->search = *search;
	*search = NULL;
	return a;
}

struct asked *asked_ref(struct asked *a)
{
	a->refs++;
	return a;
}

void asked_unref(struct asked *a)
{
	if (!a)
		return;
	BUG_UNLESS(a->refs > 0);
	if (--a->refs > 0)
		return;
	search_request_destroy(a->search);
	peer_unref(a->peer);
	mem_free(a);
}
