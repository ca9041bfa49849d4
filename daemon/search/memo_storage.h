/*
 * memo_storage: where finished answers are kept: in memory, or in memcached.
 *
 * Two kinds of one interface.  A near one is the process's own memory: asked on the loop, bounded, swept.  A far one is
 * another process: asked by reader threads only, for it may be slow, and it bounds itself.  A storage only keeps; what
 * may be served is the memo's to say.  What is lost or damaged in it was never kept.
 */
#ifndef SEARCH_MEMO_STORAGE_H
#define SEARCH_MEMO_STORAGE_H

#include "core/buf.h"
#include "core/config.h"

#include <stdatomic.h>

/* One answer: the members of the result object, without braces, and when it was made. */
struct memo_kept {
	struct buf json;
	int64_t clock;	 /* of the snapshot that it was made from */
	int64_t born_ms; /* when its making began, monotonic */
	bool ahead;	 /* made before anybody asked */
	/* filled by get */
	int64_t age_ms;
	bool foreign; /* made by another run of the daemon: its age is a guess */
};

struct memo_sizes {
	int64_t entries, bytes, evictions, expired;
};

struct memo_storage;

struct memo_storage_kind {
	const char *name;
	bool far;
	/* False: it has none.  Near: kept->json is the storage's own, until its next call; far: the caller's to finish. */
	bool (*get)(struct memo_storage *s, const char *key, size_t key_len, int64_t now_ms,
		struct memo_kept *kept);
	/* Near: keeps a copy. */
	void (*put)(struct memo_storage *s, const char *key, size_t key_len, struct memo_kept *kept);
	void (*destroy)(struct memo_storage *s);

	/* Near only: forgets everything; what neither stands at `clock` nor is young enough; and how much there is. */
	void (*clear)(struct memo_storage *s);
	int64_t (*sweep)(struct memo_storage *s, int64_t now_ms, int64_t clock, int64_t floor);
	struct memo_sizes (*sizes)(const struct memo_storage *s);
};

/* The beginning of every storage; counted, for readers may still be at a far one when it is replaced. */
struct memo_storage {
	const struct memo_storage_kind *kind;
	atomic_int refs;
};

/* As config->memo says. */
MUST_USE enum status memo_storage_open(const struct config *config, struct memo_storage **out);
struct memo_storage *memo_storage_ref(struct memo_storage *s); /* any thread */
void memo_storage_unref(struct memo_storage *s);	       /* any thread; NULL is fine */

MUST_USE enum status memo_memory_open(const struct config *config, struct memo_storage **out);
/* Keeps its secret in the state directory. */
MUST_USE enum status memo_memcached_open(const struct config *config, struct memo_storage **out);

#endif
