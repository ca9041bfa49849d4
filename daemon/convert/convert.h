/*
 * convert: one document through its converter, over either transport.
 *
 * A `convert_session` belongs to one worker thread and keeps that worker's
 * persistent converter processes alive between documents.  Documents inside of a
 * document come out on the way, to whoever the request names, who may convert
 * them by the same session while their container waits.  The daemon never
 * looks into the document: it hands over a descriptor and reads back records,
 * under limits of time, bytes and size, and ends the whole process tree when a
 * limit is passed.
 */
#ifndef CONVERT_CONVERT_H
#define CONVERT_CONVERT_H

#include "convert/rules.h"
#include "core/buf.h"

#include <stdatomic.h>

/* A document passes through one converter more than this at most, each with its own time. */
enum { CONVERT_REROUTES_MAX = 3 };

/* How it ended.  The second column is the stable word in `failures` and in failure.reason. */
#define CONVERT_OUTCOME_TABLE(X)                                                                   \
	X(DONE, "done")                                                                            \
	X(BINARY, "binary")		/* converter says: no text in this */                     \
	X(DAMAGED, "damaged")		/* exit 65 */                                             \
	X(ENCRYPTED, "encrypted")	/* needs a password */                                    \
	X(UNAVAILABLE, "unavailable")	/* exit 69, 127, or the program is missing */             \
	X(RETRY, "try_later")		/* exit 75 */                                             \
	X(CRASHED, "crashed")		/* ended by a signal, or another exit status */           \
	X(TIMED_OUT, "timed_out")                                                                  \
	X(OUTPUT_LIMIT, "output_limit") /* metadata or diagnostics without end; text is cut instead */ \
	X(PROTOCOL, "protocol")		/* its records are not the contract's */                  \
	X(LIMIT, "limit")		/* exit 73: a limit of expansion was passed */              \
	X(NO_CONVERTER, "no_converter") /* rerouted to a type that nobody takes */                \
	X(LAUNCH_FAILED, "launch_failed") /* fork, memory, descriptors: not the document's fault */ \
	X(CANCELED, "canceled")		/* shutdown */
enum convert_outcome {
#define X(name, word) CONVERT_##name,
	CONVERT_OUTCOME_TABLE(X)
#undef X
};
const char *convert_outcome_word(enum convert_outcome o);
/* Whether it is charged as an attempt towards quarantine (crashed, timed out, output without end, protocol). */
bool convert_outcome_charged(enum convert_outcome o);

struct convert_limits {
	int64_t text_bytes; /* longer text is cut, at a character, and marked */
};

/* A part, as its container's converter tells of it. */
struct convert_part {
	const char *path; /* below its container; components joined by '/', UTF-8, never empty */
	const char *type; /* MIME type; NULL: not said */
	int64_t size;	  /* -1: not said */
	int64_t created;  /* seconds UTC; 0: not said */
	/* of the container: who converts it, as what */
	const struct converter *converter;
	const char *container_type;
};

/*
 * Who takes the parts of a document, one after the other: begin, bytes, then fail or end; all on the worker's thread,
 * inside of convert_run.  While they run the container's converter waits, and its clock stands still.  False: no more
 * is wanted; the container is ended with the outcome `stopped` and `detail`, which were set for that.  An answer may
 * break off in the middle of a part.
 */
struct convert_parts {
	bool (*begin)(void *arg, const struct convert_part *part);
	bool (*bytes)(void *arg, const char *bytes, size_t n);
	bool (*fail)(void *arg, enum convert_outcome outcome, const char *detail);
	bool (*end)(void *arg);
	void *arg;
	enum convert_outcome stopped;
	struct buf detail; /* whoever made the struct finishes it */
};

struct convert_request {
	int fd;			/* the document, readable and seekable, offset 0; stays the caller's */
	const char *name;	/* base name, bytes; becomes TRAWL_NAME, in system mode without what is only its owner's */
	const char *type;	/* MIME type as far as known; becomes TRAWL_TYPE */
	int64_t size;		/* bytes */
	const struct converter *converter;
	struct rules *rules; /* for reroutes */
	const bool *barred;  /* by a converter's index: none of these is rerouted to; NULL: all are */
	uint32_t owner;	     /* uid whose document it is; matters in system mode */
	struct convert_parts *parts; /* NULL: parts are dropped */
};

struct convert_result {
	enum convert_outcome outcome;
	const struct converter *converter; /* the one that had the last word, after reroutes (at most 3) */
	struct buf text;		   /* UTF-8, valid, without NUL */
	struct buf meta;		   /* JSON object, or empty: keys title author created(lang) … */
	struct buf type;		   /* MIME type of the document as found */
	struct buf detail;		   /* one sentence for people, if it failed */
	struct buf output;		   /* first 4 KiB of standard error, valid UTF-8 */
	bool truncated;
};
void convert_result_init(struct convert_result *r);
void convert_result_finish(struct convert_result *r);

struct convert_session;
/*
 * `jail` is the path of trawl-jail; `stop` becomes true when the daemon shuts down (running converters are then ended
 * within 100 ms).  Worker thread.
 */
MUST_USE enum status convert_session_create(const struct config *config, const char *jail,
	const atomic_bool *stop, struct convert_session **out);
void convert_session_destroy(struct convert_session *s); /* ends its processes; NULL is fine */
/*
 * Always fills `result`; ST_NOMEM only.  Blocks until done or a limit is reached.  May be called for a part while
 * convert_run for its container is under way on the same session.
 */
MUST_USE enum status convert_run(struct convert_session *s, const struct convert_request *req,
	const struct convert_limits *limits, struct convert_result *result);
/* Ends persistent converters unused for `idle_ms`; returns how many are still alive. */
int convert_session_trim(struct convert_session *s, int64_t idle_ms);
/* Wakes a worker that waits in convert_run so that it sees `stop`; any thread. */
void convert_session_wake(struct convert_session *s);

/* The layers that trawl-jail applies here and now, as JSON for `status`: {"mode":…,"layers":{name:bool}}.  Runs the
 * launcher once with --probe: not on the loop thread. */
MUST_USE enum status convert_probe_sandbox(const char *jail, const struct config *config, struct buf *json);
/* Path of trawl-jail: TRAWL_JAIL in the environment, else beside the running program, else the libexec directory. */
MUST_USE enum status convert_find_jail(struct buf *path);

#endif
