/*
 * results: what waits for the writer.
 *
 * Tree changes first, in their order; then live results, then those of a scan.
 * Results are bounded in bytes: a worker that finds no room waits.  Tree changes
 * come from the loop, which never waits, and are bounded by its not scanning
 * while many wait (results_tree_count).
 */
#ifndef PIPELINE_RESULTS_H
#define PIPELINE_RESULTS_H

#include "pipeline/pipeline.h"
#include "store/documents.h"

/* A container that a part lies in, and as what. */
struct result_container {
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t converter; /* row id of the one that brings its parts */
	char *type;	   /* MIME type of the container */
	int64_t n;	   /* position among the container's parts */
	size_t path_at;	   /* where in the part's path that from the container on begins */
};

/* Where in a file a part lies. */
struct result_place {
	char *path; /* from the file on */
	int64_t size;
	int64_t mtime;	/* seconds UTC; 0: unknown */
	int64_t copies; /* parts of its own that are known: copied behind it */
	size_t depth;
	struct result_container containers[]; /* `depth` of them, the innermost first */
};

/*
 * What a worker found out about one job, or about one part of its file.  The worker makes it, the writer ends it.
 * Parts come one by one, in the lane of their job, and before its own result, which brings the job back.
 */
struct result {
	struct result *next;
	struct job *job;	    /* of a file; NULL: of a part */
	struct job *of;		    /* the job in any case */
	struct result_place *place; /* of a part; NULL: of a file */
	enum result_kind {
		RESULT_TEXT,  /* document, text and packed are filled */
		RESULT_KNOWN, /* the store has this content: `known` */
		RESULT_TWIN,  /* the same content is in another result that is not committed yet: `hash`, `converter` */
		RESULT_STILL, /* nothing new: only the file's identity is written */
		RESULT_STATE, /* no text: `state`, and a failure if `reason` is not empty */
		RESULT_NONE,  /* nothing is stored; the job goes back with the verdict it has */
	} kind;
	enum file_state state;
	unsigned char hash[DOCUMENT_HASH_BYTES];
	bool hashed;
	int64_t stamp_ns;
	struct buf acl;	   /* of the file as it was read; empty: none */
	int64_t known;	   /* document id */
	int64_t converter; /* row id of the one that had the last word */
	int64_t rule;	   /* row id of the one that the name chose */
	int64_t slow;	   /* row id of the slow converter for that name; 0: none */
	int64_t builder;   /* row id of the one that brought parts of this content; 0: it is no container */
	int64_t parts;	   /* how many of them, at every depth */
	struct buf text, type, title, author, lang, meta;
	int64_t created;
	bool truncated;
	void *packed;
	size_t packed_len;
	bool charged; /* the failure counts towards quarantine */
	bool transient; /* and may pass by itself */
	const char *reason; /* static word; NULL: no failure */
	struct buf who, detail, output;
	size_t bytes; /* counted against the bound */
};
struct result *result_create(struct job **job);
/* Of a part; `depth` containers are to be filled in. */
struct result *result_create_part(struct job *of, const char *path, size_t depth);
void result_weigh(struct result *r);   /* sets `bytes`, when it is filled */
void result_destroy(struct result *r); /* the job must have been taken out */

struct results;
MUST_USE enum status results_create(size_t bytes_max, struct results **out);
void results_destroy(struct results *q);
/* Worker; waits for room.  ST_CLOSED: it stays the caller's. */
MUST_USE enum status results_push(struct results *q, struct result **r);
/* Loop; never waits.  ST_CLOSED as above. */
MUST_USE enum status results_push_tree(struct results *q, struct tree_change **c);
size_t results_tree_count(struct results *q);

/* What the writer is woken for. */
enum results_event { RESULTS_TREE, RESULTS_RESULT, RESULTS_POKE, RESULTS_TIMEOUT, RESULTS_END };
/*
 * Writer: the next thing, waiting until `until_ms` (monotonic, -1: for ever), but not while a worker waits for room
 * that only results_release can make: TIMEOUT then.  POKE: results_poke was called.  END: closed and nothing is left.
 */
enum results_event results_pop(
	struct results *q, int64_t until_ms, struct tree_change **c, struct result **r);
bool results_live_waits(struct results *q);
void results_poke(struct results *q);	       /* any thread */
void results_close(struct results *q);	       /* no push succeeds any more; what is there can be popped */
void results_release(struct results *q, size_t bytes); /* the writer is through with so many bytes */

#endif
