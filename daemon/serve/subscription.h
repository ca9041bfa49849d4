/*
 * subscription: one wish to be told: what of, how far that has come, and the lines that are ready to be sent.
 *
 * Made and kept on the loop.  While a pass (subscribe_pass.h) is under way it has those that take part: it reads what
 * they want and writes their lines, and the loop does not touch these.
 */
#ifndef SERVE_SUBSCRIPTION_H
#define SERVE_SUBSCRIPTION_H

#include "core/buf.h"
#include "search/percolate.h"
#include "serve/peer.h"
#include "serve/subscribe_glob.h"

struct client;

enum {
	SUBSCRIPTION_MATCHES = 100,	     /* of a notification, by default */
	SUBSCRIPTION_MATCHES_MAX = 1000,
	SUBSCRIPTION_LINES_MAX = 256 << 10 /* bytes that a pass makes for one, the last row's beyond that */
};

struct subscription {
	/* set once */
	int64_t id;
	struct peer *peer;
	struct glob *glob;	       /* of paths, or */
	struct percolate_query *query; /* of what matches it */
	size_t limit;		       /* matches of a notification */
	int64_t listed_until;	       /* what changed up to this clock is told as created; 0: nothing */
	char rights[18];	       /* behind its clocks: "@" and whose they are; "" of who sees all */

	/* owned by the loop thread */
	struct client *client;		   /* NULL: gone, and to be freed when nobody has it any more */
	struct subscription *next, **link; /* of its client */
	struct subscription *all_next, **all_link;
	int64_t at;	 /* clock: what changed up to it was told, or is no match */
	int64_t told;	 /* clock of the last notification */
	int64_t told_ms; /* when that was sent, monotonic */
	bool sifted;	 /* a member of the set of queries */
	bool unproved;	 /* `at` is the client's word: there may be no such clock */
	bool silent;	 /* its client does not know its number yet */
	bool lent;	 /* takes part in the pass under way */

	/* lent to the pass */
	struct percolate_member member;
	struct buf lines;	/* notifications, whole but for the last one while `open` */
	size_t open;		/* matches in the one that is being written; 0: none is */
	int64_t open_clock;	/* of its last match */
	int64_t reached;	/* becomes `at` */
	bool ended;		/* takes no further part: it has enough, or the time was up */
	bool fresh;		/* must start over */
};

/* `query`, or else the absolute `pattern`.  ST_INVALID with *error; ST_NOMEM. */
MUST_USE enum status subscription_create(const cJSON *query, const cJSON *snippet,
	const char *pattern, struct peer *peer, struct subscription **out, struct search_error *error);
void subscription_destroy(struct subscription *s); /* NULL is fine */

/*
 * One match: `json` is an object's text without its closing brace, of the row that changed at `clock`; those of one
 * clock stay in one notification.  False: it has enough, and this one was not taken.
 */
bool subscription_tell(
	struct subscription *s, const char *instance, int64_t clock, const char *kind, const char *json, size_t len);
/* Ends the notification that is being written. */
void subscription_close(struct subscription *s, const char *instance);
/* "instance:n" and whose it is. */
void subscription_add_clock(
	const struct subscription *s, const char *instance, int64_t clock, struct buf *out);
/* A notification without matches. */
void subscription_add_empty(const struct subscription *s, const char *instance, int64_t clock,
	bool fresh, struct buf *out);

#endif
